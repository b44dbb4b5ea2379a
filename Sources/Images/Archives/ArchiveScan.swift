// SPDX-License-Identifier: Apache-2.0

import Linux
import OCI

/// The members of an archive of images, in one pass and in whatever order they come.
struct ArchiveScan {
    /// The documents that say what is in an archive.
    private static let documentNames: Set<FilePath> = ["index.json", "manifest.json", "oci-layout", "repositories"]

    /// Documents by their names.
    private(set) var documents: [FilePath: [UInt8]] = [:]
    /// Other files by their names.
    private var files: [FilePath: Ingest.Blob] = [:]
    /// Links, as old versions of Docker write them for layers that are there already.
    private var links: [FilePath: FilePath] = [:]

    /// Reads an archive to its end.
    ///
    /// - Parameters:
    ///   - source: The archive, compressed or not.
    ///   - ingest: Takes in the files; those named by a digest are checked against it.
    ///   - limits: Bounds on what it may hold.
    /// - Throws: What is wrong with the archive.
    init(_ source: any ByteSource, into ingest: Ingest, limits: Limits) throws(ImageError) {
        let plain = LimitedSource(DecompressedSource(source), limit: limits.uncompressedSize, name: "the archive")
        let reader = TarReader(plain, limits: limits)
        while let entry = try reader.next() {
            let path = try EntryPath(entry.path, limits: limits)
            guard let name = path.name else { continue }
            let member = FilePath(joining: path.parent + [name])
            switch entry.kind {
            case .regular:
                if Self.documentNames.contains(member) {
                    documents[member] = try reader.data(limit: limits.documentSize)
                } else if entry.extents != nil {
                    throw entry.refuse("a sparse file is not supported in an archive of images")
                } else {
                    files[member] = try Self.add(member, path, reader, to: ingest)
                }
            case .symbolicLink:
                let target = entry.target.isAbsolute ? entry.target.components : path.parent + entry.target.components
                links[member] = try Self.clean(target, limits)
            case .hardLink: links[member] = try Self.clean(entry.target.components, limits)
            case .directory, .characterDevice, .blockDevice, .fifo: continue
            }
        }
        try plain.drain()
    }

    private static func clean(_ components: [FilePath], _ limits: Limits) throws(ImageError) -> FilePath {
        let path = try EntryPath(FilePath(joining: components), limits: limits)
        return FilePath(joining: path.parent + (path.name.map { [$0] } ?? []))
    }

    private static func add(
        _ member: FilePath,
        _ path: EntryPath,
        _ reader: TarReader,
        to ingest: Ingest
    ) throws(ImageError) -> Ingest.Blob {
        var expectation = Ingest.Expectation()
        if path.parent.count == 2, path.parent[0] == "blobs", let name = path.name {
            expectation.digest = Digest("\(path.parent[1]):\(name)")
        }
        do {
            return try ingest.add(expecting: expectation) { (write) throws(ImageError) in
                try reader.forEachPiece { (piece, _) throws(ImageError) in try write(piece) }
            }
        } catch {
            throw error.about("entry `\(member)`")
        }
    }

    /// The file with a name, also where the name is a link.
    func file(_ name: String, _ field: String) throws(ImageError) -> Ingest.Blob {
        guard let start = FilePath(name.utf8) else {
            throw ImageError(.invalidDocument, "manifest.json: field \(field) has a zero")
        }
        var path = FilePath(joining: start.components)
        for _ in 0..<40 {
            if let file = files[path] { return file }
            guard let target = links[path] else { break }
            path = target
        }
        throw ImageError(.invalidArchive, "manifest.json: field \(field): the archive has no file `\(name)`")
    }
}
