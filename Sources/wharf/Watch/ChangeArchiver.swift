// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import Linux
import Watch

/// The files of the host below a watched path.
struct HostTree {
    /// The folder that the path is in; the path is followed from there by descriptors, over no link.
    private let folder: SharedDescriptor
    private let name: [FilePath]

    /// - Parameter path: The path.
    /// - Throws: The error of openat2(2).
    init(_ path: String) throws(SystemError) {
        let components = FilePath(path.utf8)?.components ?? []
        let parent = components.dropLast().map { "/\($0)" }.joined()
        let flags = OpenFlags.pathOnly | O_DIRECTORY
        folder = SharedDescriptor(try Descriptor.open(parent.isEmpty ? "/" : parent, flags))
        name = Array(components.suffix(1))
    }

    /// What stands at the path itself; nil where there is nothing.
    func status() throws(SystemError) -> FileStatus? {
        guard let name = name.last else { return try folder.descriptor.status() }
        return try folder.descriptor.status(of: name)
    }

    /// Opens the folder of a file.
    ///
    /// - Parameter file: The path of the file from here on.
    /// - Returns: The folder and the name of the file there.
    /// - Throws: The error of openat2(2).
    func parent(of file: FilePath) throws(SystemError) -> HostFile {
        let place = name + file.components
        let above = FilePath(joining: place.dropLast())
        let parent = try folder.descriptor.open(above, OpenFlags.pathOnly | O_DIRECTORY)
        return HostFile(folder: parent, name: place.last ?? ".")
    }
}

/// An entry of an open folder.
struct HostFile: ~Copyable {
    let folder: Descriptor
    let name: FilePath
}

/// Writes files that have changed into a tar.
///
/// They belong to nobody there: the engine gives them to the user of the container.
final class ChangeArchiver {
    private let writer: TarWriter
    /// What could not be read.
    private(set) var problems: [String] = []
    /// What the writer threw within code that throws something else.
    private var failure: ImageError?

    init(_ writer: TarWriter) {
        self.writer = writer
    }

    /// Writes a file; of a folder only the folder itself.
    ///
    /// What is gone meanwhile is left out: its end is a change of its own.
    ///
    /// - Parameters:
    ///   - path: The path from the tree on.
    ///   - tree: The tree.
    ///   - place: Its path in the archive.
    /// - Throws: What the writer throws.
    func write(_ path: FilePath, of tree: HostTree, as place: FilePath) throws(ImageError) {
        do throws(SystemError) {
            let file = try tree.parent(of: path)
            guard let status = try file.folder.status(of: file.name) else { return }
            switch status.kind {
            case .directory: try write(entry(.directory, status, place))
            case .symbolicLink:
                var link = entry(.symbolicLink, status, place)
                link.target = try file.folder.linkTarget(of: file.name)
                try write(link)
            case .regular:
                // A pipe that has taken the place of the file would hold us up.
                let content = try file.folder.open(file.name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
                let opened = try content.status()
                guard opened.kind == .regular else { return }
                var header = entry(.regular, opened, place)
                header.size = opened.size
                try write(header, content)
            case .fifo, .socket, .characterDevice, .blockDevice:
                // They mean something to processes of the host only.
                return
            }
        } catch {
            if let failure {
                self.failure = nil
                throw failure
            }
            if ![ENOENT, ENOTDIR, ELOOP].contains(error.number) { problems.append("cannot read `\(place)`: \(error)") }
        }
    }

    private func write(_ entry: TarEntry) throws(SystemError) {
        do throws(ImageError) {
            try writer.write(entry)
        } catch {
            failure = error
            throw SystemError("write", EIO)
        }
    }

    private func write(_ entry: TarEntry, _ content: consuming Descriptor) throws(SystemError) {
        let source = FixedSource(DescriptorSource(content, name: "`\(entry.path)`"), size: entry.size)
        do throws(ImageError) {
            try writer.write(entry, from: source)
        } catch {
            failure = error
            throw SystemError("write", EIO)
        }
    }

    private func entry(_ kind: TarEntry.Kind, _ status: FileStatus, _ place: FilePath) -> TarEntry {
        TarEntry(
            kind,
            path: place,
            permissions: status.permissions,
            modificationTime: status.modificationTime
        )
    }
}

/// As many bytes as were promised of a file that somebody writes to meanwhile: cut, or filled with zeros.
///
/// It does not stay so: the write is a change of its own.
private final class FixedSource: ByteSource {
    private let source: DescriptorSource
    private var left: Int64

    init(_ source: DescriptorSource, size: Int64) {
        self.source = source
        left = size
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        if left == 0 { return 0 }
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(left, Int64(buffer.count)))])
        var count = try source.read(into: part)
        if count == 0 {
            part.initializeMemory(as: UInt8.self, repeating: 0)
            count = part.count
        }
        left -= Int64(count)
        return count
    }
}
