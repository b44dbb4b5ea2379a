// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import Linux

/// Writes a file or a folder of this machine into a tar.
final class TreeArchiver {
    private let writer: TarWriter
    /// The first name of each file that has several.
    private var names: [Identity: FilePath] = [:]
    /// How many bytes the files have.
    private(set) var size: Int64 = 0

    private struct Identity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    init(_ writer: TarWriter) {
        self.writer = writer
    }

    /// Writes what stands at an entry of an open folder.
    ///
    /// - Parameters:
    ///   - entry: The entry; a symbolic link is written as such.
    ///   - folder: The folder.
    ///   - path: Its path in the archive.
    /// - Throws: The error of a call, or what the writer throws.
    func write(_ entry: FilePath, of folder: borrowing Descriptor, as path: FilePath) throws {
        guard let status = try folder.status(of: entry) else {
            throw SystemError("fstatat", ENOENT, on: entry.description)
        }
        switch status.kind {
        case .directory:
            let child = try folder.open(entry, O_RDONLY | O_DIRECTORY)
            try write(header(.directory, status, path))
            try writeContent(of: child, as: path)
        case .regular: try writeFile(entry, of: folder, status, as: path)
        case .symbolicLink:
            var link = header(.symbolicLink, status, path)
            link.target = try folder.linkTarget(of: entry)
            try write(link)
        case .fifo: try write(header(.fifo, status, path))
        case .characterDevice, .blockDevice:
            var node = header(status.kind == .blockDevice ? .blockDevice : .characterDevice, status, path)
            node.device = status.deviceNumber
            try write(node)
        case .socket:
            // It means something to the process that listens on it only; a tar has no form for it.
            return
        }
    }

    /// Writes all that is in an open folder.
    func writeContent(of folder: borrowing Descriptor, as path: FilePath?) throws {
        for entry in try folder.entries().sorted() {
            try write(entry, of: folder, as: FilePath(joining: (path?.components ?? []) + [entry]))
        }
    }

    private func writeFile(
        _ entry: FilePath,
        of folder: borrowing Descriptor,
        _ status: FileStatus,
        as path: FilePath
    ) throws {
        let identity = Identity(device: status.device, inode: status.inode)
        if status.linkCount > 1, let first = names[identity] {
            var link = header(.hardLink, status, path)
            link.target = first
            return try write(link)
        }
        // A pipe that has taken the place of the file would hold us up.
        let file = try folder.open(entry, O_RDONLY | O_NONBLOCK)
        let opened = try file.status()
        guard opened.kind == .regular else { throw SystemError("openat2", ESTALE, on: entry.description) }
        var header = header(.regular, opened, path)
        header.size = opened.size
        try writer.write(header, from: DescriptorSource(file, name: "`\(path)`"))
        size += opened.size
        if status.linkCount > 1 { names[identity] = path }
    }

    private func header(_ kind: TarEntry.Kind, _ status: FileStatus, _ path: FilePath) -> TarEntry {
        var entry = TarEntry(
            kind,
            path: path,
            permissions: status.permissions,
            modificationTime: status.modificationTime
        )
        (entry.uid, entry.gid) = (status.uid, status.gid)
        return entry
    }

    private func write(_ entry: TarEntry) throws { try writer.write(entry) }
}

/// Passes bytes on to a function that may throw anything.
final class FunctionSink: ByteSink {
    private let body: (UnsafeRawBufferPointer) throws -> Void
    /// What the function threw.
    private(set) var failure: (any Error)?

    init(_ body: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        self.body = body
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
        do {
            try body(bytes)
        } catch {
            failure = error
            throw ImageError(.system, "cannot send the archive: \(error)")
        }
    }
}
