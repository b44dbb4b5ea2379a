// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import Linux

/// Writes files of a container into a tar archive.
///
/// The container may run and change them at the same time. Every file is opened by one name in an open directory, without
/// following links, and looked at before it is opened to be read, so that nothing outside of the root gets into the archive
/// and no FIFO or device is ever opened. What vanishes is left out; a file that shrinks while it is read is filled up with
/// zeros, one that grows is cut off.
///
/// Links are archived as links, hard links among the files as such, sockets not at all. File systems of the kernel are empty
/// directories. Times are in whole seconds, as in the archives of Docker.
final class FileArchiver {
    private let sink: BufferedSink
    private let writer: TarWriter
    private let staysInMount: Bool
    private let latest: FileTime?
    /// The first names of files that have several.
    private var names: [FileIdentity: FilePath] = [:]
    /// The bytes of all files so far.
    private(set) var contentSize: Int64 = 0

    private struct FileIdentity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    /// A directory that is being archived.
    private struct Level {
        var device: UInt64
        var depth = 0
    }

    /// How many directories may be within one another: each costs a descriptor while what is in it is archived.
    private static let depthLimit = 512
    /// How many files with several names are remembered; those beyond are archived once a name.
    private static let nameLimit = 1 << 20
    /// Files up to this size are read at once.
    private static let smallSize: Int64 = 64 << 10

    /// - Parameters:
    ///   - sink: Where the archive goes.
    ///   - staysInMount: Whether what is mounted below the first directory is left out but for an empty place.
    ///   - latest: What takes the place of later times; nil keeps all.
    init(to sink: any ByteSink, staysInMount: Bool, latest: FileTime? = nil) {
        self.latest = latest
        self.sink = BufferedSink(sink)
        writer = TarWriter(self.sink)
        self.staysInMount = staysInMount
    }

    /// Archives what stands at a path.
    ///
    /// - Parameters:
    ///   - file: The file, open for its metadata only.
    ///   - name: What its entry is called, and what those of the files in it begin with; `/` for the root.
    /// - Throws: The error of a call with the path, or of the sink.
    func archive(_ file: borrowing Descriptor, as name: FilePath) throws {
        let bytes = Array(name.bytes)
        let status = try file.status()
        try add(file, status, as: bytes == [0x2F] ? [] : bytes, Level(device: status.device))
        try finish()
    }

    /// Archives what is in a root file system, without an entry for the root itself.
    ///
    /// - Parameter root: The root.
    /// - Throws: The error of a call with the path, or of the sink.
    func export(_ root: borrowing Descriptor) throws {
        let level = Level(device: try root.status().device, depth: 1)
        for name in try root.entries().sorted() { try add(name, in: root, as: Array(name.bytes), level) }
        try finish()
    }

    /// Archives what a container has changed, as the layer of an image: what is gone is a file `.wh.NAME` there.
    ///
    /// - Parameters:
    ///   - changes: The changes in the order of their paths.
    ///   - upper: The directory that holds what the container has written.
    /// - Throws: ``ImageError/Code/unsupported`` for a file with the name of a whiteout, the error of a call with the path, or
    ///   of the sink.
    func archive(_ changes: [ChangeList.Change], of upper: borrowing Descriptor) throws {
        for change in changes {
            if change.kind == .removed {
                try writer.write(TarEntry(.regular, path: Self.whiteout(of: change.path)))
            } else {
                try Self.checkName(of: change.path)
                try add(changed: change.path, of: upper)
            }
        }
        try finish()
    }

    /// What starts the name of a whiteout.
    private static let whiteoutPrefix = Array(".wh.".utf8)

    /// Refuses a file that a layer cannot hold: whoever unpacks it would remove another one instead.
    private static func checkName(of path: FilePath) throws(ImageError) {
        let name = path.bytes.split(separator: 0x2F).last ?? []
        guard name.starts(with: whiteoutPrefix) else { return }
        throw ImageError(
            .unsupported,
            "`/\(path)` cannot be in an image, where a name that begins with `.wh.` says that a file is gone; "
                + "call it something else, or leave it out"
        )
    }

    /// Archives one file or directory, without what is in it.
    private func add(changed path: FilePath, of upper: borrowing Descriptor) throws {
        let bytes = Array(path.bytes)
        do {
            let file = try upper.open(path, OpenFlags.pathOnly | O_NOFOLLOW, resolution: .noLinks)
            let status = try file.status()
            if status.kind == .directory {
                try writer.write(entry(.directory, file, status, bytes + [0x2F]))
            } else {
                try add(file, status, as: bytes, Level(device: status.device))
            }
        } catch let error as SystemError where error.number == ENOENT {
            return
        } catch let error as SystemError {
            throw ImageError(.system, "cannot archive `\(path)`", cause: error)
        }
    }

    /// The mark in a layer that hides a file of the layers below (OCI image specification, layer.md, whiteouts).
    private static func whiteout(of path: FilePath) -> FilePath {
        var names = path.bytes.split(separator: 0x2F).map { Array($0) }
        let name = names.popLast() ?? []
        names.append(whiteoutPrefix + name)
        return FilePath(names.joined(separator: [0x2F])) ?? path
    }

    private func finish() throws {
        try writer.finish()
        try sink.flush()
    }

    private func add(
        _ name: FilePath,
        in directory: borrowing Descriptor,
        as path: [UInt8],
        _ level: Level
    ) throws {
        do {
            let file = try directory.open(
                name,
                OpenFlags.pathOnly | O_NOFOLLOW,
                resolution: staysInMount ? .oneMount : .noLinks
            )
            try add(file, file.status(), as: path, level)
        } catch let error as SystemError where error.number == ENOENT {
            return
        } catch let error as SystemError where error.number == EXDEV && staysInMount {
            try addMountPoint(name, in: directory, as: path)
        } catch let error as SystemError {
            throw ImageError(.system, "cannot archive `\(String(decoding: path, as: UTF8.self))`", cause: error)
        }
    }

    private func add(_ file: borrowing Descriptor, _ status: FileStatus, as path: [UInt8], _ level: Level) throws {
        switch status.kind {
        case .socket: return
        case .directory: try addDirectory(file, status, as: path, level)
        case .regular: try addFile(file, status, as: path)
        case .symbolicLink:
            var entry = try entry(.symbolicLink, file, status, path)
            entry.target = try file.linkTarget(of: "")
            try write(entry, status)
        case .characterDevice: try write(entry(.characterDevice, file, status, path), status)
        case .blockDevice: try write(entry(.blockDevice, file, status, path), status)
        case .fifo: try write(entry(.fifo, file, status, path), status)
        }
    }

    private func addDirectory(
        _ file: borrowing Descriptor,
        _ status: FileStatus,
        as path: [UInt8],
        _ level: Level
    ) throws {
        if level.depth > Self.depthLimit {
            throw ImageError(
                .limitExceeded,
                "a directory is deeper than \(Self.depthLimit) others; archive a part of it"
            )
        }
        try writer.write(entry(.directory, file, status, path + [0x2F]))
        if status.device != level.device, try file.fileSystem().isKernelInterface { return }
        let inner = Level(device: status.device, depth: level.depth + 1)
        for name in try file.entries().sorted() { try add(name, in: file, as: path + [0x2F] + name.bytes, inner) }
    }

    private func addFile(_ file: borrowing Descriptor, _ status: FileStatus, as path: [UInt8]) throws {
        var entry = try entry(.regular, file, status, path)
        if linkToEarlier(&entry, status) { return try writer.write(entry) }
        entry.size = status.size
        contentSize += status.size
        let content = try file.reopened(O_RDONLY | O_NONBLOCK | O_NOCTTY)
        let source = SizedSource(
            DescriptorSource(content, name: String(decoding: path, as: UTF8.self)),
            size: status.size
        )
        if status.size <= Self.smallSize {
            try writer.write(entry, data: source.bytes())
        } else {
            try writer.write(entry, from: source)
        }
    }

    private func write(_ entry: TarEntry, _ status: FileStatus) throws {
        var entry = entry
        _ = linkToEarlier(&entry, status)
        try writer.write(entry)
    }

    /// Makes an entry a hard link where the file has been archived under another name.
    private func linkToEarlier(_ entry: inout TarEntry, _ status: FileStatus) -> Bool {
        if status.linkCount < 2 { return false }
        let identity = FileIdentity(device: status.device, inode: status.inode)
        if let first = names[identity] {
            entry.kind = .hardLink
            entry.target = first
            entry.attributes = []
            return true
        }
        if names.count < Self.nameLimit { names[identity] = entry.path }
        return false
    }

    /// An empty place for what is mounted there, whose own look cannot be seen.
    private func addMountPoint(_ name: FilePath, in directory: borrowing Descriptor, as path: [UInt8]) throws {
        guard let status = try directory.status(of: name) else { return }
        let isDirectory = status.kind == .directory
        guard let name = FilePath(isDirectory ? path + [0x2F] : path) else { return }
        try writer.write(
            TarEntry(isDirectory ? .directory : .regular, path: name, permissions: isDirectory ? 0o755 : 0o644)
        )
    }

    private func entry(
        _ kind: TarEntry.Kind,
        _ file: borrowing Descriptor,
        _ status: FileStatus,
        _ path: [UInt8]
    ) throws -> TarEntry {
        let time = FileTime(seconds: status.modificationTime.seconds)
        var entry = TarEntry(
            kind,
            path: FilePath(path) ?? ".",
            permissions: status.permissions,
            modificationTime: latest.map { min($0, time) } ?? time
        )
        entry.uid = status.uid
        entry.gid = status.gid
        entry.device = status.deviceNumber
        for name in try file.attributes() where Self.isArchived(name) {
            if let value = try file.attribute(name) {
                entry.attributes.append(TarEntry.Attribute(name: name, value: value))
            }
        }
        entry.attributes.sort { $0.name < $1.name }
        return entry
    }

    /// Attributes that mean the same everywhere: capabilities, and the user's own but for those of overlayfs.
    static func isArchived(_ attribute: FilePath) -> Bool {
        attribute == "security.capability"
            || (attribute.bytes.starts(with: "user.".utf8) && !attribute.bytes.starts(with: "user.overlay.".utf8))
    }
}

/// Puts small pieces together before they are written.
private final class BufferedSink: ByteSink {
    private static let capacity = 64 << 10
    private let sink: any ByteSink
    private var buffer: [UInt8] = []

    init(_ sink: any ByteSink) {
        self.sink = sink
        buffer.reserveCapacity(Self.capacity)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
        if buffer.count + bytes.count > Self.capacity { try flush() }
        if bytes.count >= Self.capacity { return try sink.write(bytes) }
        buffer.append(contentsOf: bytes)
    }

    func flush() throws(ImageError) {
        var failure: ImageError?
        buffer.withUnsafeBytes { bytes in
            do throws(ImageError) {
                if !bytes.isEmpty { try sink.write(bytes) }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        buffer.removeAll(keepingCapacity: true)
    }
}

/// The bytes of a file as many as it had at first, whatever becomes of it meanwhile.
private final class SizedSource: ByteSource {
    private let source: any ByteSource
    private var rest: Int64
    private var hasEnded = false

    init(_ source: any ByteSource, size: Int64) {
        self.source = source
        rest = size
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(buffer.count), rest))])
        if wanted.isEmpty { return 0 }
        var count = hasEnded ? 0 : try source.read(into: wanted)
        if count == 0 {
            hasEnded = true
            wanted.initializeMemory(as: UInt8.self, repeating: 0)
            count = wanted.count
        }
        rest -= Int64(count)
        return count
    }

    /// All of them.
    func bytes() throws(ImageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(rest))
        var failure: ImageError?
        bytes.withUnsafeMutableBytes { buffer in
            do throws(ImageError) {
                var place = 0
                while place < buffer.count {
                    place += try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[place...]))
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
