// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import Glibc
import Linux

/// Copies files of a tree into a root file system, by the rules of `COPY`.
///
/// Both are hostile. A path of the root is resolved as a process inside would; then every file is made by one name in an open
/// directory without following links.
final class FileCopier {
    /// What becomes of the files.
    struct Options: Sendable {
        /// Whose they are; nil for that of the tree.
        var owner: (uid: UInt32, gid: UInt32)?
        /// How their permissions change.
        var mode: Build.FileMode?
        /// The time of what is made without a model: folders above, and files that stand in the Dockerfile.
        var time = FileTime(seconds: 1)
    }

    private struct Identity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    private let tree: SourceTree
    private let root: SharedDescriptor
    private let options: Options
    /// The folders whose times are set at the end, since files are made in them.
    private var touched: [(folder: SharedDescriptor, access: FileTime, modification: FileTime)] = []
    private var known: Set<[FilePath]> = []
    /// The first places of files that have several names.
    private var names: [Identity: [FilePath]] = [:]

    /// - Parameters:
    ///   - tree: Where the files are.
    ///   - root: Where they come to.
    ///   - options: What becomes of them.
    init(from tree: SourceTree, to root: SharedDescriptor, _ options: Options) {
        (self.tree, self.root, self.options) = (tree, root, options)
    }

    // MARK: Copying

    /// Copies files.
    ///
    /// - Parameters:
    ///   - files: The files.
    ///   - destination: An absolute path; with a slash behind it it is a folder in any case.
    /// - Throws: `badParameter` where something of another kind is in the way, `conflict` where a file changed meanwhile, or
    ///   `failed`.
    func copy(_ files: [SelectedFile], to destination: String) throws {
        if files.isEmpty { return }
        do throws(SystemError) {
            let path = try root.descriptor.resolve(destination)
            var isFolder = destination.hasSuffix("/")
            if isFolder { _ = try makeFolders(path) } else { _ = try makeFolders(Array(path.dropLast())) }
            for file in files {
                var status = try root.descriptor.status(ofPath: path)
                // Where the contents of a folder come to is made, and is not that folder.
                if file.isContents, status == nil { status = try makeFolders(path).descriptor.status() }
                if file.isContents, let status, status.kind != .directory {
                    throw SystemError("mkdirat", ENOTDIR, on: "/\(FilePath(joining: path))")
                }
                isFolder = isFolder || status?.kind == .directory
                try add(file, isFolder && !file.isContents ? path + [file.name] : path)
            }
            try finish()
        } catch {
            throw Self.failure(error, destination)
        }
    }

    /// Makes a file that stands in the Dockerfile.
    ///
    /// - Parameters:
    ///   - name: What it is called.
    ///   - content: What it holds.
    ///   - destination: As ``copy(_:to:)`` has it.
    /// - Throws: As there.
    func make(_ name: FilePath, _ content: [UInt8], at destination: String) throws {
        do throws(SystemError) {
            let folder = try root.descriptor.resolve(destination)
            var isFolder = destination.hasSuffix("/")
            if isFolder { _ = try makeFolders(folder) } else { _ = try makeFolders(Array(folder.dropLast())) }
            if try root.descriptor.status(ofPath: folder)?.kind == .directory { isFolder = true }
            let path = isFolder ? folder + [name] : folder
            let parent = try makeFolders(Array(path.dropLast()))
            let name = path.last ?? name
            try clear(name, in: parent.descriptor)
            let file = try parent.descriptor.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            try file.write(content)
            let owner = options.owner ?? (0, 0)
            try file.setOwner(uid: owner.uid, gid: owner.gid)
            try file.setPermissions(options.mode?.applied(to: 0o644, isFolder: false) ?? 0o644)
            try file.setTimes(access: options.time, modification: options.time)
            try finish()
        } catch {
            throw Self.failure(error, destination)
        }
    }

    /// Makes a folder and those above it, where they are missing.
    ///
    /// - Parameter destination: An absolute path.
    /// - Throws: As ``copy(_:to:)``.
    func makeFolder(_ destination: String) throws {
        do throws(SystemError) {
            _ = try makeFolders(try root.descriptor.resolve(destination))
            try finish()
        } catch {
            throw Self.failure(error, destination)
        }
    }

    private static func failure(_ error: SystemError, _ destination: String) -> EngineError {
        switch error.number {
        case EISDIR:
            EngineError(
                .badParameter,
                "cannot copy to `\(destination)`: \(error.subject) is a folder, and is to become a file"
            )
        case ENOTDIR:
            EngineError(
                .badParameter,
                "cannot copy to `\(destination)`: \(error.subject) is no folder, and has to be one"
            )
        case ESTALE:
            EngineError(
                .conflict,
                "`\(error.subject)` was changed while it was copied; build again when nobody writes to it"
            )
        default: EngineError(.failed, "cannot copy to `\(destination)`: \(error)")
        }
    }

    // MARK: Folders

    /// Makes folders that are missing.
    ///
    /// - Parameter path: Names without links.
    /// - Returns: The last one.
    /// - Throws: `ENOTDIR` where something else is in the way, or the error of a call.
    @discardableResult
    private func makeFolders(_ path: [FilePath]) throws(SystemError) -> SharedDescriptor {
        var folder = try open([])
        for index in path.indices {
            let (name, place) = (path[index], Array(path[...index]))
            if let status = try folder.descriptor.status(of: name) {
                if status.kind != .directory {
                    throw SystemError("mkdirat", ENOTDIR, on: "/\(FilePath(joining: place))")
                }
                folder = try open(place)
                continue
            }
            try touch(folder, Array(place.dropLast()))
            try folder.descriptor.makeDirectory(name, mode: 0o755)
            folder = try open(place)
            // Without the umask, which is not the image's business. The group and its bit come from the folder above, where
            // that has the bit.
            let made = try folder.descriptor.status()
            let hasGroupBit = made.permissions & 0o2000 != 0
            let owner = options.owner ?? (0, hasGroupBit ? made.gid : 0)
            try folder.descriptor.setOwner(uid: owner.uid, gid: owner.gid)
            try folder.descriptor.setPermissions(hasGroupBit ? 0o2755 : 0o755)
            try folder.descriptor.setTimes(access: options.time, modification: options.time)
        }
        try touch(folder, path)
        return folder
    }

    private func open(_ path: [FilePath]) throws(SystemError) -> SharedDescriptor {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
        return SharedDescriptor(try root.descriptor.open(FilePath(joining: path), flags, resolution: .noLinks))
    }

    /// Remembers the times of a folder before anything is made in it.
    private func touch(_ folder: SharedDescriptor, _ path: [FilePath]) throws(SystemError) {
        guard known.insert(path).inserted else { return }
        let status = try folder.descriptor.status()
        touched.append((folder, status.accessTime, status.modificationTime))
    }

    /// Gives the folders their times back: what is built is the same whenever it is built.
    private func finish() throws(SystemError) {
        for (folder, access, modification) in touched.reversed() {
            try folder.descriptor.setTimes(access: access, modification: modification)
        }
        touched = []
        known = []
    }

    // MARK: Files

    /// Puts a file at a place, whose folder may be missing where it is the contents of another.
    private func add(_ file: SelectedFile, _ path: [FilePath]) throws(SystemError) {
        if file.isContents {
            let folder = try open(path)
            try touch(folder, path)
            return try fill(folder.descriptor, with: file, path)
        }
        let parent = try makeFolders(Array(path.dropLast()))
        try add(file, as: path[path.count - 1], in: parent.descriptor, Array(path.dropLast()))
    }

    private func fill(
        _ folder: borrowing Descriptor,
        with file: SelectedFile,
        _ path: [FilePath]
    ) throws(SystemError) {
        for inner in file.files { try add(inner, as: inner.name, in: folder, path) }
    }

    private func add(
        _ file: SelectedFile,
        as name: FilePath,
        in folder: borrowing Descriptor,
        _ place: [FilePath]
    ) throws(SystemError) {
        let status = file.status
        if status.kind == .directory { return try addFolder(file, as: name, in: folder, place) }
        try clear(name, in: folder, at: place)
        switch status.kind {
        case .symbolicLink:
            try folder.makeLink(name, to: try tree.open(file.path, OpenFlags.pathOnly).linkTarget(of: ""))
        case .regular:
            let identity = Identity(device: status.device, inode: status.inode)
            if status.linkCount > 1 {
                if let first = names[identity] { return try link(name, to: first, in: folder) }
                names[identity] = place + [name]
            }
            return try addRegular(file, as: name, in: folder)
        case .fifo, .characterDevice, .blockDevice:
            try folder.makeNode(name, kind: status.kind, mode: 0o600, device: status.deviceNumber)
        case .socket, .directory: return
        }
        let copy = try folder.open(name, OpenFlags.pathOnly | O_NOFOLLOW)
        try setMetadata(of: copy, like: file, tree.open(file.path, OpenFlags.pathOnly))
    }

    private func addRegular(
        _ file: SelectedFile,
        as name: FilePath,
        in folder: borrowing Descriptor
    ) throws(SystemError) {
        let original = try tree.open(file.path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
        let copy = try folder.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        try original.copyContent(to: copy, size: file.status.size)
        // What the key was made of is what was copied.
        let after = try original.status()
        if after.inode != file.status.inode || after.size != file.status.size
            || after.modificationTime != file.status.modificationTime
            || after.changeTime != file.status.changeTime || after.kind != .regular
        {
            throw SystemError("copy_file_range", ESTALE, on: "\(FilePath(joining: file.path))")
        }
        try setMetadata(of: copy, like: file, original)
    }

    private func addFolder(
        _ file: SelectedFile,
        as name: FilePath,
        in folder: borrowing Descriptor,
        _ place: [FilePath]
    ) throws(SystemError) {
        let path = place + [name]
        let before = try folder.status(of: name)
        if before == nil { try folder.makeDirectory(name, mode: 0o700) }
        if let before, before.kind != .directory {
            // Also where it is a link to a directory: only those on the way to the destination are followed.
            throw SystemError("mkdirat", ENOTDIR, on: "/\(FilePath(joining: path))")
        }
        let own = try open(path)
        try fill(own.descriptor, with: file, path)
        // One that was there becomes like that of the source as well.
        try setMetadata(of: own.descriptor, like: file, tree.open(file.path, OpenFlags.pathOnly))
    }

    private func link(
        _ name: FilePath,
        to first: [FilePath],
        in folder: borrowing Descriptor
    ) throws(SystemError) {
        let parent = try root.descriptor.open(
            FilePath(joining: first.dropLast()),
            OpenFlags.pathOnly | O_DIRECTORY,
            resolution: .noLinks
        )
        try folder.makeHardLink(name, to: parent, first[first.count - 1])
    }

    /// Makes room for a file; a folder is not removed for it.
    private func clear(
        _ name: FilePath,
        in folder: borrowing Descriptor,
        at place: [FilePath] = []
    ) throws(SystemError) {
        guard let status = try folder.status(of: name) else { return }
        if status.kind == .directory {
            throw SystemError("unlinkat", EISDIR, on: "/\(FilePath(joining: place + [name]))")
        }
        try folder.remove(name)
    }

    private func setMetadata(
        of copy: borrowing Descriptor,
        like file: SelectedFile,
        _ original: borrowing Descriptor
    ) throws(SystemError) {
        let status = file.status
        let owner = options.owner ?? tree.owner(of: status)
        try copy.setOwner(uid: owner.uid, gid: owner.gid)
        // A change of the owner takes special bits and capabilities away, so they come after it.
        if status.kind != .symbolicLink {
            let isFolder = status.kind == .directory
            try copy.setPermissions(
                options.mode?.applied(to: status.permissions, isFolder: isFolder) ?? status.permissions
            )
        }
        for (name, value) in try SourceTree.attributes(of: original) {
            do throws(SystemError) {
                try copy.setAttribute(name, value)
            } catch  where error.number == EOPNOTSUPP || error.number == EPERM {
                // Links have none of the user's own.
                continue
            }
        }
        try copy.setTimes(access: status.modificationTime, modification: status.modificationTime)
    }
}

extension Descriptor {
    /// The names that a path of this root stands for when all links are followed inside it.
    borrowing func resolve(_ path: String) throws(SystemError) -> [FilePath] {
        let names = path.split(separator: "/").compactMap { FilePath($0.utf8) }
        return try FileLookup.target(of: names, below: self).components
    }

    /// What stands at a path without links below this root; nil for nothing.
    borrowing func status(ofPath path: [FilePath]) throws(SystemError) -> FileStatus? {
        do throws(SystemError) {
            let flags = OpenFlags.pathOnly | O_NOFOLLOW
            return try open(FilePath(joining: path), flags, resolution: .noLinks).status()
        } catch  where [ENOENT, ENOTDIR].contains(error.number) {
            return nil
        }
    }
}
