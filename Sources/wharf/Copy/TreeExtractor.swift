// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import Linux

/// Writes a tar that comes from a container into a folder of this machine.
///
/// The tar is not trusted. Each step is a call on one name in an open folder; no symbolic link below the folder is
/// followed, whether the tar has made it or it was there, and no name leads upwards. Device nodes are refused: they would
/// give a user of this machine what the container was given. Without `--archive` the files belong to the user who copies,
/// for which reason bits that lend the owner's rights are taken away.
final class TreeExtractor {
    private let folder: Descriptor
    private let copiesOwners: Bool
    /// What stands in place of the first component of each path.
    private let name: FilePath?
    private var first: [FilePath]?
    private var times: [(path: [FilePath], time: FileTime)] = []
    /// How many bytes the files have.
    private(set) var size: Int64 = 0

    private static let deepest = 256

    /// An extractor.
    ///
    /// - Parameters:
    ///   - folder: The folder.
    ///   - name: The name in it; nil writes the content of the archive's first entry right into the folder.
    ///   - copiesOwners: Whether owners are those of the archive.
    init(into folder: consuming Descriptor, name: FilePath?, copiesOwners: Bool) {
        self.folder = folder
        self.name = name
        self.copiesOwners = copiesOwners
    }

    /// Writes all entries.
    func extract(_ reader: TarReader) throws {
        while let entry = try reader.next() {
            do {
                try write(entry, reader)
            } catch let error as SystemError {
                throw CommandFailure(message: "cannot write `\(entry.path)`: \(Self.reason(error))")
            }
        }
        if first == nil { throw CommandFailure(message: "the engine sent an empty archive") }
        for (path, time) in times.reversed() {
            try open(path).setTimes(access: time, modification: time)
        }
    }

    private static func reason(_ error: SystemError) -> String {
        switch error.number {
        case ELOOP, EXDEV: "a symbolic link stands in its way; links are not followed below the folder of a copy"
        case ENOTDIR: "a file stands where a folder has to be"
        case EISDIR, ENOTEMPTY: "a folder stands where a file has to be"
        default: SystemError.text(of: error.number)
        }
    }

    /// The place of an entry below the folder; empty for the folder itself.
    private func place(of path: FilePath) throws -> [FilePath] {
        let components = path.components
        if components.contains("..") || components.count > Self.deepest {
            throw CommandFailure(message: "the archive has the path `\(path)`, which is not written")
        }
        // The first entry is what was asked for; everything else is below it.
        let root = first ?? components
        if first == nil {
            if components.count > 1 {
                throw CommandFailure(message: "the archive begins with `\(path)` and not with what was asked for")
            }
            first = components
        }
        guard components.starts(with: root) else {
            throw CommandFailure(
                message: "the archive has the path `\(path)`, which is not below `\(FilePath(joining: root))`"
            )
        }
        return (name.map { [$0] } ?? []) + components.dropFirst(root.count)
    }

    private func write(_ entry: TarEntry, _ reader: TarReader) throws {
        let place = try place(of: entry.path)
        guard let name = place.last else {
            if entry.kind != .directory { throw SystemError("open", ENOTDIR, on: entry.path.description) }
            return
        }
        let parent = try open(Array(place.dropLast()))
        let existing = try parent.status(of: name)
        if entry.kind == .directory {
            if existing == nil { try parent.makeDirectory(name, mode: 0o700) }
            let made = try parent.open(name, O_RDONLY | O_DIRECTORY)
            times.append((place, entry.modificationTime))
            return try setMetadata(of: made, entry)
        }
        if let existing {
            if existing.kind == .directory { throw SystemError("unlinkat", EISDIR, on: name.description) }
            try parent.remove(name)
        }
        switch entry.kind {
        case .regular: try writeFile(name, in: parent, entry, reader)
        case .symbolicLink:
            try parent.makeLink(name, to: entry.target)
            try setMetadata(of: parent.open(name, OpenFlags.pathOnly | O_NOFOLLOW), entry)
        case .hardLink:
            let original = try self.place(of: entry.target)
            guard let originalName = original.last else { throw SystemError("linkat", EPERM, on: "\(entry.target)") }
            try parent.makeHardLink(name, to: open(Array(original.dropLast())), originalName)
        case .fifo:
            try parent.makeNode(name, kind: .fifo, mode: 0o600)
            try setMetadata(of: parent.open(name, OpenFlags.pathOnly | O_NOFOLLOW), entry)
        default:
            throw CommandFailure(message: "`\(entry.path)` is a device node, which is not copied out of a container")
        }
    }

    private func writeFile(
        _ name: FilePath,
        in parent: borrowing Descriptor,
        _ entry: TarEntry,
        _ reader: TarReader
    ) throws {
        let file = try parent.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        let number = file.number
        var failure: SystemError?
        try reader.forEachPiece { (piece, offset) throws(ImageError) in
            var rest = piece[...]
            while !rest.isEmpty, failure == nil {
                let place = off_t(offset) + off_t(piece.count - rest.count)
                let count = pwrite(number, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, place)
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno != EINTR {
                    failure = SystemError("pwrite", errno, on: name.description)
                }
            }
        }
        if let failure { throw failure }
        try file.truncate(to: entry.size)
        size += entry.size
        try setMetadata(of: file, entry)
    }

    private func setMetadata(of file: borrowing Descriptor, _ entry: TarEntry) throws {
        if copiesOwners { try file.setOwner(uid: entry.uid, gid: entry.gid) }
        if entry.kind != .symbolicLink {
            try file.setPermissions(copiesOwners ? entry.permissions : entry.permissions & 0o1777)
        }
        try file.setTimes(access: entry.modificationTime, modification: entry.modificationTime)
    }

    /// Opens a folder below the folder.
    private func open(_ path: [FilePath]) throws -> Descriptor {
        try folder.open(FilePath(joining: path), O_RDONLY | O_DIRECTORY)
    }
}

/// The body of an answer, byte by byte as a reader of archives wants it.
final class AnswerSource: ByteSource {
    private let next: () throws -> [UInt8]?
    private var rest: ArraySlice<UInt8> = []
    /// What reading threw.
    private(set) var failure: (any Error)?

    init(_ next: @escaping () throws -> [UInt8]?) {
        self.next = next
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        while rest.isEmpty {
            do {
                guard let piece = try next() else { return 0 }
                rest = piece[...]
            } catch {
                failure = error
                throw ImageError(.system, "cannot read the archive: \(error)")
            }
        }
        let piece = rest.prefix(buffer.count)
        buffer.copyBytes(from: piece)
        rest = rest.dropFirst(piece.count)
        return piece.count
    }
}
