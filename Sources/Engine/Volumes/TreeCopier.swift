// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Copies what is in a directory of an image into an empty directory of the engine's, with owners, modes, times and
/// extended attributes.
///
/// The image is hostile: every file is opened by one name in an open directory without following links, and looked at
/// before it is opened to be read, so that nothing outside of the directory is copied and no FIFO or device is opened.
final class TreeCopier {
    /// How many directories may be within one another: each costs two descriptors while what is in it is copied.
    private static let depthLimit = 256

    private struct FileIdentity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    /// The first names of files that have several, from the target on.
    private var names: [FileIdentity: [FilePath]] = [:]
    private let target: SharedDescriptor
    private let owners: OwnerMap?

    /// - Parameters:
    ///   - target: The empty directory.
    ///   - owners: How owners are mapped where the copy is mounted.
    private init(_ target: SharedDescriptor, _ owners: OwnerMap?) {
        (self.target, self.owners) = (target, owners)
    }

    /// Copies.
    ///
    /// - Parameters:
    ///   - source: The directory, open for its place only.
    ///   - target: The empty directory, which gets owner, mode and attributes of the first as well.
    ///   - owners: How owners are mapped where the copy is mounted; nil for not at all.
    /// - Returns: Whether there was anything in the directory.
    /// - Throws: The error of a call with the path.
    static func copy(
        _ source: borrowing Descriptor,
        to target: SharedDescriptor,
        _ owners: OwnerMap? = nil
    ) throws(SystemError) -> Bool {
        let copier = TreeCopier(target, owners)
        let source = try source.reopened(O_RDONLY | O_DIRECTORY)
        let names = try source.entries()
        for name in names { try copier.add(name, of: source, to: target.descriptor, at: []) }
        try setMetadata(of: target.descriptor, like: source, owners)
        return !names.isEmpty
    }

    private func add(
        _ name: FilePath,
        of source: borrowing Descriptor,
        to target: borrowing Descriptor,
        at place: [FilePath]
    ) throws(SystemError) {
        let original = try source.open(name, OpenFlags.pathOnly | O_NOFOLLOW, resolution: .oneMount)
        let status = try original.status()
        switch status.kind {
        case .directory: return try addDirectory(name, original, to: target, at: place)
        case .symbolicLink: try target.makeLink(name, to: try source.linkTarget(of: name))
        case .regular:
            let identity = FileIdentity(device: status.device, inode: status.inode)
            if let first = names[identity] { return try addHardLink(name, to: first, in: target) }
            if status.linkCount > 1 { names[identity] = place + [name] }
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
            let copy = try target.open(name, flags, mode: 0o600)
            try original.reopened(O_RDONLY).copyContent(to: copy)
        case .fifo, .socket, .characterDevice, .blockDevice:
            try target.makeNode(name, kind: status.kind, mode: 0o600, device: status.deviceNumber)
        }
        let copy = try target.open(name, OpenFlags.pathOnly | O_NOFOLLOW, resolution: .beneath)
        try Self.setMetadata(of: copy, like: original, owners)
    }

    private func addDirectory(
        _ name: FilePath,
        _ original: borrowing Descriptor,
        to target: borrowing Descriptor,
        at place: [FilePath]
    ) throws(SystemError) {
        if place.count >= Self.depthLimit { throw SystemError("mkdirat", ELOOP, on: name.description) }
        try target.makeDirectory(name, mode: 0o700)
        let copy = try target.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let source = try original.reopened(O_RDONLY | O_DIRECTORY)
        for inner in try source.entries() { try add(inner, of: source, to: copy, at: place + [name]) }
        // After what is in it, which would change its times.
        try Self.setMetadata(of: copy, like: original, owners)
    }

    private func addHardLink(
        _ name: FilePath,
        to first: [FilePath],
        in directory: borrowing Descriptor
    ) throws(SystemError) {
        guard let original = first.last else { return }
        let parent = try target.descriptor.open(
            FilePath(joining: first.dropLast()),
            OpenFlags.pathOnly | O_DIRECTORY
        )
        try directory.makeHardLink(name, to: parent, original)
    }

    /// Gives a file owner, permissions, attributes and times of another.
    ///
    /// - Parameters:
    ///   - copy: The file that changes.
    ///   - original: The other one.
    ///   - owners: How owners are mapped where the file is mounted; nil for not at all.
    /// - Throws: The error of the call that the kernel refused.
    static func setMetadata(
        of copy: borrowing Descriptor,
        like original: borrowing Descriptor,
        _ owners: OwnerMap? = nil
    ) throws(SystemError) {
        let status = try original.status()
        try copy.setOwner(
            uid: owners?.hostUser(status.uid) ?? status.uid,
            gid: owners?.hostGroup(status.gid) ?? status.gid
        )
        // A change of the owner takes special bits and capabilities away, so they come after it.
        if status.kind != .symbolicLink { try copy.setPermissions(status.permissions) }
        for name in try original.attributes() {
            guard let value = try original.attribute(name) else { continue }
            do throws(SystemError) {
                try copy.setAttribute(name, value)
            } catch  where error.number == EOPNOTSUPP {
                // The file system of the volume has none of this kind.
                continue
            }
        }
        try copy.setTimes(access: status.accessTime, modification: status.modificationTime)
    }
}
