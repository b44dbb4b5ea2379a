// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// A layer that becomes an image of EROFS while it is unpacked.
///
/// The contents of its files go into the image as they come. The files themselves are made in a tree in memory, so that a
/// layer is unpacked by the same steps whatever it becomes. Most of the tree's files and links stand for a name and a kind
/// and nothing else, as it takes several calls to give a file all that it has; the others are nothing but holes.
final class LayerImage {
    private let writer: EROFSWriter
    private let fileCount: Int
    /// What is known of files that the tree has the kind of alone, by their numbers there; tmpfs gives no number twice.
    private var known: [UInt64: EROFSInode] = [:]
    /// Where the content of another file of the tree begins, by its number there.
    private var contents: [UInt64: UInt32] = [:]
    /// The files of the tree that have attributes.
    private var attributed: Set<UInt64> = []
    /// Bytes of attributes and of targets of links, those of files included that others have taken the place of.
    private var textSize = 0

    /// What a layer may cost of memory; larger ones become folders.
    private enum Bound {
        /// Of what is in the tree, in bytes as tmpfs(5) has it.
        static let size = "256m"
        static let textSize = 64 << 20
    }

    /// - Parameters:
    ///   - file: An empty file, open for writing.
    ///   - fileCount: How many files the layer may have.
    init(to file: consuming Descriptor, fileCount: Int) {
        writer = EROFSWriter(to: file)
        self.fileCount = fileCount
    }

    /// The root of a file system in memory for the tree, attached nowhere; it goes with its last open file.
    ///
    /// - Parameter fileCount: How many files there may be, of about 1 KiB each.
    /// - Returns: The directory, open for reading.
    /// - Throws: The error of a call.
    static func makeTree(fileCount: Int) throws(SystemError) -> Descriptor {
        let mount = try Descriptor.newMount(
            "tmpfs",
            parameters: [
                ("size", .text(Bound.size)), ("nr_inodes", .text("\(fileCount)")), ("mode", .text("0755")),
            ]
        )
        return try mount.open(".", O_RDONLY | O_DIRECTORY)
    }

    /// Whether an error means that the layer is too much for an image, but maybe not for a folder.
    static func isUnfit(_ error: ImageError) -> Bool {
        guard let cause = error.cause else { return false }
        // A disk that is full is full for a folder too.
        if cause.number == ENOSPC { return !["pwrite", "fsync", "renameat2"].contains(cause.call) }
        return [E2BIG, EFBIG].contains(cause.number)
    }

    /// Counts what is held in memory for a file.
    private func note(_ count: Int, textSize size: Int) throws(SystemError) {
        textSize += size
        if count > fileCount || textSize > Bound.textSize { throw SystemError("mknodat", ENOSPC) }
    }

    // MARK: While the layer is unpacked

    /// Takes a file whose entry says all about it.
    ///
    /// - Parameters:
    ///   - entry: A regular file without attributes, or a symbolic link.
    ///   - reader: Stands at its data.
    ///   - name: What stands for it in the tree.
    ///   - directory: Where that is.
    /// - Throws: What is wrong with the archive, or the error of a call.
    func add(
        _ entry: TarEntry,
        _ reader: TarReader,
        as name: FilePath,
        in directory: borrowing Descriptor
    ) throws(ImageError) {
        var content = EROFSInode.Content.target(entry.target)
        if entry.kind == .regular {
            content = try addContent(of: entry, reader).map { .blocks(first: $0) } ?? .none
        }
        try ImageError.system("look up \(entry.path)") { () throws(SystemError) in
            guard let number = try directory.status(of: name)?.inode else {
                throw SystemError("fstatat", ENOENT, on: name.description)
            }
            known[number] = EROFSInode(entry, content)
            try note(known.count, textSize: entry.target.bytes.count)
        }
    }

    /// Takes the content of an entry.
    ///
    /// - Parameters:
    ///   - entry: The entry.
    ///   - reader: Stands at its data.
    ///   - file: The empty file of the tree, which gets the size of the content.
    /// - Throws: What is wrong with the archive, or the error of a call.
    func add(_ entry: TarEntry, _ reader: TarReader, as file: borrowing Descriptor) throws(ImageError) {
        let block = try addContent(of: entry, reader)
        try ImageError.system("finish \(entry.path)") { () throws(SystemError) in
            if let block { contents[try file.status().inode] = block }
            try note(contents.count, textSize: 0)
            try file.truncate(to: entry.size)
        }
    }

    /// Writes the content of an entry.
    ///
    /// - Returns: Where it begins; nil for none.
    private func addContent(of entry: TarEntry, _ reader: TarReader) throws(ImageError) -> UInt32? {
        if entry.size == 0 { return nil }
        let block = try ImageError.system("write \(entry.path)") { () throws(SystemError) in try writer.nextBlock() }
        let isSparse = entry.extents != nil
        try reader.forEachPiece { (piece, offset) throws(ImageError) in
            do throws(SystemError) {
                if isSparse {
                    try writer.write(piece, at: offset, from: block)
                } else {
                    try writer.append(piece)
                }
            } catch {
                throw ImageError(.system, "cannot write \(entry.path)", cause: error)
            }
        }
        try ImageError.system("finish \(entry.path)") { () throws(SystemError) in
            if isSparse { try writer.end(size: entry.size, from: block) } else { try writer.end() }
        }
        return block
    }

    /// Takes the content of a file of a layer below.
    ///
    /// - Parameters:
    ///   - original: The file, open for reading.
    ///   - file: The empty file of the tree, which gets the size of the content.
    /// - Throws: The error of a call.
    func add(_ original: borrowing Descriptor, as file: borrowing Descriptor) throws(SystemError) {
        let block = try writer.nextBlock()
        contents[try file.status().inode] = block
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { buffer.deallocate() }
        var size: Int64 = 0
        while true {
            let count = try original.read(into: buffer)
            if count == 0 { break }
            // Holes stay holes.
            if !Self.isZero(buffer[..<count]) {
                try writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: size, from: block)
            }
            size += Int64(count)
        }
        try writer.end(size: size, from: block)
        try file.truncate(to: size)
    }

    private static func isZero(_ bytes: Slice<UnsafeMutableRawBufferPointer>) -> Bool {
        guard bytes.first == 0 else { return bytes.isEmpty }
        let bytes = UnsafeRawBufferPointer(rebasing: bytes)
        guard let start = bytes.baseAddress else { return true }
        // Each is the same as the one before it.
        return memcmp(start, start + 1, bytes.count - 1) == 0
    }

    /// Notes that a file of the tree has got an attribute.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - size: Bytes of the attribute.
    /// - Throws: `ENOSPC` where all of them together are too much.
    func noteAttribute(of file: borrowing Descriptor, size: Int) throws(SystemError) {
        attributed.insert(try file.status().inode)
        try note(attributed.count, textSize: size)
    }

    // MARK: When it is unpacked

    /// Writes all about the files into the image.
    ///
    /// - Parameter root: The root of the tree, as it is at the end.
    /// - Throws: The error of a call.
    func finish(_ root: borrowing Descriptor) throws(SystemError) {
        var inodes: [EROFSInode] = []
        var linked: [UInt64: Int] = [:]
        try add(root, root.status(), parent: 0, &inodes, &linked)
        try writer.finish(inodes)
    }

    /// Adds a directory and all that is in it.
    ///
    /// - Parameters:
    ///   - directory: The directory, open for reading.
    ///   - status: What it is.
    ///   - parent: The place of the directory that it is in.
    ///   - inodes: All inodes, to which it is added.
    ///   - linked: The places of files that may come by another name again, by their numbers in the tree.
    /// - Throws: The error of a call.
    private func add(
        _ directory: borrowing Descriptor,
        _ status: FileStatus,
        parent: Int,
        _ inodes: inout [EROFSInode],
        _ linked: inout [UInt64: Int]
    ) throws(SystemError) {
        let own = inodes.count
        inodes.append(EROFSInode(status, .none, attributes: try attributes(of: directory, status), parent: parent))
        var entries: [(name: FilePath, inode: Int)] = []
        for (name, number) in try directory.numberedEntries() {
            if let place = linked[number] {
                entries.append((name, place))
                inodes[place].linkCount += 1
                continue
            }
            entries.append((name, inodes.count))
            if let inode = known[number] {
                linked[number] = inodes.count
                inodes.append(inode)
            } else if let status = try directory.status(of: name), status.kind != .directory {
                linked[number] = inodes.count
                var inode = try inode(name, status, in: directory)
                inode.linkCount = 1
                inodes.append(inode)
            } else {
                let child = try directory.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                try add(child, child.status(), parent: own, &inodes, &linked)
            }
        }
        inodes[own].content = .entries(entries)
    }

    private func inode(
        _ name: FilePath,
        _ status: FileStatus,
        in directory: borrowing Descriptor
    ) throws(SystemError) -> EROFSInode {
        var content = EROFSInode.Content.none
        switch status.kind {
        case .regular: if status.size > 0, let block = contents[status.inode] { content = .blocks(first: block) }
        case .symbolicLink: content = .target(try directory.linkTarget(of: name))
        case .characterDevice, .blockDevice: content = .device(status.deviceNumber)
        case .directory, .fifo, .socket: break
        }
        if !attributed.contains(status.inode) { return EROFSInode(status, content) }
        let file = try directory.open(name, OpenFlags.pathOnly | O_NOFOLLOW)
        return EROFSInode(status, content, attributes: try attributes(of: file, status))
    }

    private func attributes(
        of file: borrowing Descriptor,
        _ status: FileStatus
    ) throws(SystemError) -> [TarEntry.Attribute] {
        guard attributed.contains(status.inode) else { return [] }
        var attributes: [TarEntry.Attribute] = []
        for name in try file.attributes().sorted() where name != OverlayMark.machineLabel {
            guard let value = try file.attribute(name) else { continue }
            attributes.append(TarEntry.Attribute(name: name, value: value))
        }
        return attributes
    }
}
