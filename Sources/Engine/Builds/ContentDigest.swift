// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import Linux
import OCI

/// The digest of files as a step sees them: names, types, modes, owners, links, attributes and bytes, but no times.
struct ContentDigest {
    private let tree: SourceTree
    private let memo: FileMemo<FileContent>?
    private var hash = RunningHash()
    /// What is to be hashed next: trees have thousands of files, each with many short parts.
    private var pending: [UInt8] = []

    private static let roomForParts = 64 << 10

    /// The digest of files.
    ///
    /// - Parameters:
    ///   - files: The files.
    ///   - tree: Where they are.
    ///   - memo: Knows files that were hashed before; nil to read all of them.
    /// - Returns: The digest.
    /// - Throws: `failed` with the file that cannot be read.
    static func of(_ files: [SelectedFile], in tree: SourceTree, _ memo: FileMemo<FileContent>?) throws -> Digest {
        var digest = ContentDigest(tree: tree, memo: memo)
        for file in files { try digest.add(file, file.isContents ? [] : [file.name]) }
        digest.flush()
        return digest.hash.digest
    }

    private init(tree: SourceTree, memo: FileMemo<FileContent>?) {
        (self.tree, self.memo) = (tree, memo)
        pending.reserveCapacity(Self.roomForParts)
    }

    /// Adds a part with its length before it, so that no two lists of parts are the same bytes.
    private mutating func add(_ bytes: some Collection<UInt8>) {
        if pending.count + bytes.count > Self.roomForParts { flush() }
        pending.append(decimal: bytes.count)
        pending.append(UInt8(ascii: ":"))
        pending.append(contentsOf: bytes)
    }

    private mutating func flush() {
        pending.withUnsafeBytes { hash.update($0) }
        pending.removeAll(keepingCapacity: true)
    }

    private mutating func add(_ file: SelectedFile, _ name: [FilePath]) throws {
        let status = file.status
        let owner = tree.owner(of: status)
        do {
            add(FilePath(joining: name).bytes)
            add(Self.line(status, owner))
            if status.kind == .symbolicLink {
                add(try tree.root.descriptor.linkTarget(of: file.path, in: tree).bytes)
            }
            let content = try content(of: file)
            if let digest = content.digest { add(digest.hex.utf8) }
            for (name, value) in content.attributes {
                add(name.bytes)
                add(value)
            }
            add(EmptyCollection())
        } catch let error as SystemError {
            throw EngineError(.failed, "cannot read `\(FilePath(joining: file.path))` of \(tree.name): \(error)")
        }
        for inner in file.files { try add(inner, name + [inner.name]) }
    }

    /// The kind, permissions and owner of a file, and the numbers of a device.
    private static func line(_ status: FileStatus, _ owner: (uid: UInt32, gid: UInt32)) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(48)
        line.append(contentsOf: status.kind.word.utf8)
        for number in [status.permissions, owner.uid, owner.gid] {
            line.append(UInt8(ascii: " "))
            line.append(decimal: number)
        }
        line.append(UInt8(ascii: " "))
        if status.kind == .characterDevice || status.kind == .blockDevice {
            line.append(decimal: status.deviceNumber.major)
            line.append(UInt8(ascii: ":"))
            line.append(decimal: status.deviceNumber.minor)
        }
        return line
    }

    private func content(of file: SelectedFile) throws -> FileContent {
        let isRegular = file.status.kind == .regular
        if isRegular, let known = memo?[file.status] { return known }
        let opened = try tree.open(file.path, OpenFlags.pathOnly)
        var content = FileContent(attributes: try SourceTree.attributes(of: opened))
        if !isRegular { return content }
        content.digest = try Self.digest(of: opened)
        memo?.note(content, of: file.status)
        return content
    }

    private static func digest(of file: borrowing Descriptor) throws -> Digest {
        let opened = try file.reopened(O_RDONLY | O_NONBLOCK | O_NOCTTY)
        var hash = RunningHash()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = try opened.read(into: buffer)
            if count == 0 { break }
            hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        return hash.digest
    }
}

/// What a file holds.
struct FileContent: Sendable {
    /// The digest of its bytes; nil for what has none.
    var digest: Digest?
    var attributes: [(name: FilePath, value: [UInt8])]
}

extension Descriptor {
    /// Where a link of a tree leads.
    fileprivate borrowing func linkTarget(
        of path: [FilePath],
        in tree: SourceTree
    ) throws(SystemError) -> FilePath {
        try tree.open(path, OpenFlags.pathOnly).linkTarget(of: "")
    }
}

extension FileKind {
    /// What keys of steps call it.
    fileprivate var word: String {
        switch self {
        case .regular: "regular"
        case .directory: "directory"
        case .symbolicLink: "symbolicLink"
        case .characterDevice: "characterDevice"
        case .blockDevice: "blockDevice"
        case .fifo: "fifo"
        case .socket: "socket"
        }
    }
}

extension [UInt8] {
    /// Adds the digits of a number, which is not negative.
    fileprivate mutating func append(decimal number: some BinaryInteger) {
        let start = count
        var rest = UInt64(number)
        repeat {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }
}
