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
        return digest.hash.digest
    }

    private init(tree: SourceTree, memo: FileMemo<FileContent>?) {
        (self.tree, self.memo) = (tree, memo)
    }

    private mutating func add(_ bytes: some Collection<UInt8>) {
        let framed = Array("\(bytes.count):".utf8) + bytes
        framed.withUnsafeBytes { hash.update($0) }
    }

    private mutating func add(_ file: SelectedFile, _ name: [FilePath]) throws {
        let status = file.status
        let owner = tree.owner(of: status)
        do {
            add(FilePath(joining: name).bytes)
            let device = status.kind == .characterDevice || status.kind == .blockDevice ? status.deviceNumber : nil
            let numbers = device.map { "\($0.major):\($0.minor)" } ?? ""
            add(Array("\(status.kind) \(status.permissions) \(owner.uid) \(owner.gid) \(numbers)".utf8))
            if status.kind == .symbolicLink {
                add(try tree.root.descriptor.linkTarget(of: file.path, in: tree).bytes)
            }
            let content = try content(of: file)
            if let digest = content.digest { add(Array(digest.hex.utf8)) }
            for (name, value) in content.attributes {
                add(name.bytes)
                add(value)
            }
            add([UInt8]())
        } catch let error as SystemError {
            throw EngineError(.failed, "cannot read `\(FilePath(joining: file.path))` of \(tree.name): \(error)")
        }
        for inner in file.files { try add(inner, name + [inner.name]) }
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
