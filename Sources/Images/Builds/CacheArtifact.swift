// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
package import OCI

/// Records of builds in the form of an artifact of the OCI, with the layers that they name.
package struct CacheArtifact: Sendable {
    package var records: [CacheRecord]

    /// The type of the artifact.
    package static let type = "application/vnd.wharf.build-cache.v1"
    /// The type of its config, which has the records.
    package static let recordsType = MediaType(rawValue: "application/vnd.wharf.build-cache.records.v1+json")
    /// No list of records is larger.
    package static let limit = 64 << 20

    package init(_ records: [CacheRecord]) {
        self.records = records
    }

    /// Reads the records.
    package init(_ bytes: [UInt8]) throws(ImageError) {
        records = try Documents.decode([CacheRecord].self, bytes, "the records of a build cache")
    }

    /// The layers, each once.
    package var layers: [ContentDescriptor] {
        var seen: Set<Digest> = []
        return records.map(\.layer.content).filter { seen.insert($0.digest).inserted }
    }

    /// A document of the artifact, with what it is.
    package typealias Document = (descriptor: ContentDescriptor, bytes: [UInt8])

    /// The records as text.
    package func bytes() throws(ImageError) -> [UInt8] { try Documents.encode(records) }

    /// The config, which has the records, and the manifest.
    ///
    /// - Returns: Both documents.
    /// - Throws: ``ImageError``.
    package func documents() throws(ImageError) -> (config: Document, manifest: Document) {
        func document(_ bytes: [UInt8], _ type: MediaType) -> Document {
            (ContentDescriptor(mediaType: type, digest: Digest(sha256: bytes), size: Int64(bytes.count)), bytes)
        }
        let config = document(try bytes(), Self.recordsType)
        var manifest = ImageManifest(config: config.descriptor, layers: layers)
        manifest.artifactType = Self.type
        return (config, document(try Documents.encode(manifest), .imageManifest))
    }
}

extension ImageStore {
    /// Takes a layer in that came from elsewhere.
    ///
    /// - Parameters:
    ///   - layer: What it has to be.
    ///   - source: Its bytes.
    /// - Throws: ``ImageError/Code/digestMismatch``, or the error of a call. It is pinned once where there is none.
    package func takeLayer(_ layer: StoredLayer, from source: any ByteSource) throws(ImageError) {
        let ingest = Ingest(in: content)
        try ingest.add(source, expecting: Ingest.Expectation(digest: layer.content.digest, size: layer.content.size))
        try commit(layer, ingest)
    }

    /// Takes a layer in that was fetched; see the other function of this name.
    package func takeLayer(_ layer: StoredLayer, from blob: PartialBlob) throws(ImageError) {
        let ingest = Ingest(in: content)
        try ingest.adopt(blob)
        try commit(layer, ingest)
    }

    private func commit(_ layer: StoredLayer, _ ingest: Ingest) throws(ImageError) {
        pins.pin([layer.content.digest])
        do {
            try content.locked { () throws(ImageError) in try ingest.commit([layer.content.digest]) }
        } catch {
            pins.unpin([layer.content.digest])
            throw error
        }
    }
}

/// A folder with caches of builds, as the OCI lays images out.
package struct CacheFolder: Sendable {
    private let path: String

    private static let indexLimit = 8 << 20

    package init(_ path: String) {
        self.path = path
    }

    private func file(_ digest: Digest) -> String { "blobs/\(digest.algorithm.rawValue)/\(digest.hex)" }

    private func root() throws(ImageError) -> SharedDescriptor {
        try ImageError.system("open the cache `\(path)`") { () throws(SystemError) in
            SharedDescriptor(try Descriptor.open(path, O_RDONLY | O_DIRECTORY))
        }
    }

    private func read(_ name: String, limit: Int) throws(ImageError) -> [UInt8] {
        let root = try root()
        return try ImageError.system("read `\(name)` of the cache `\(path)`") { () throws(SystemError) in
            try root.descriptor.open(name, O_RDONLY | O_NONBLOCK, resolution: .beneath).contents(limit: limit)
        }
    }

    private func index() throws(ImageError) -> ImageIndex {
        try Documents.decode(ImageIndex.self, try read("index.json", limit: Self.indexLimit), "index.json of `\(path)`")
    }

    /// Reads the cache with a tag.
    ///
    /// - Parameter tag: The tag.
    /// - Returns: The cache.
    /// - Throws: ``ImageError/Code/notFound``, or what is wrong with it.
    package func artifact(_ tag: String) throws(ImageError) -> CacheArtifact {
        let tagged = try index().manifests.first { $0.annotations[Self.tagName] == tag }
        guard let tagged else { throw ImageError(.notFound, "`\(path)` has no cache with the tag `\(tag)`") }
        let bytes = try read(file(tagged.digest), limit: Self.indexLimit)
        let manifest = try Documents.decode(ImageManifest.self, bytes, "a manifest of `\(path)`")
        guard manifest.config.mediaType == CacheArtifact.recordsType else {
            throw ImageError(
                .unsupported,
                "`\(path)` has something else than a build cache: \(manifest.config.mediaType)"
            )
        }
        return try CacheArtifact(try read(file(manifest.config.digest), limit: CacheArtifact.limit))
    }

    /// The bytes of a layer.
    package func source(_ digest: Digest) throws(ImageError) -> any ByteSource {
        let root = try root()
        do throws(SystemError) {
            let opened = try root.descriptor.open(file(digest), O_RDONLY | O_NONBLOCK, resolution: .beneath)
            return DescriptorSource(opened, name: "\(digest)")
        } catch {
            throw ImageError(.system, "cannot open \(digest) of the cache `\(path)`", cause: error)
        }
    }

    private static let tagName = "org.opencontainers.image.ref.name"

    /// Writes a cache; others with another tag stay.
    ///
    /// - Parameters:
    ///   - artifact: The cache.
    ///   - tag: Its tag.
    ///   - store: Has its layers.
    /// - Throws: The error of a call.
    package func write(_ artifact: CacheArtifact, as tag: String, from store: ImageStore) throws(ImageError) {
        for folder in ["", "/blobs", "/blobs/sha256"] where mkdir(path + folder, 0o755) != 0 && errno != EEXIST {
            throw ImageError(.system, "cannot make `\(path)\(folder)`", cause: SystemError("mkdir", errno))
        }
        let root = try root()
        for layer in artifact.layers { try put(try store.content.open(layer.digest), layer.digest, root) }
        let (config, manifest) = try artifact.documents()
        for document in [config, manifest] {
            try put(MemorySource(document.bytes), document.descriptor.digest, root)
        }
        var descriptor = manifest.descriptor
        descriptor.annotations[Self.tagName] = tag
        var others: [ContentDescriptor] = []
        if access(path + "/index.json", F_OK) == 0 {
            others = try index().manifests.filter { $0.annotations[Self.tagName] != tag }
        }
        let layout = Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)
        try write(MemorySource(layout), to: "oci-layout", in: root)
        let all = ImageIndex(manifests: others + [descriptor])
        try write(MemorySource(try Documents.encode(all)), to: "index.json", in: root)
    }

    private func put(_ source: any ByteSource, _ digest: Digest, _ root: SharedDescriptor) throws(ImageError) {
        if access("\(path)/\(file(digest))", F_OK) == 0 { return }
        try write(source, to: file(digest), in: root)
    }

    private func write(_ source: any ByteSource, to name: String, in root: SharedDescriptor) throws(ImageError) {
        let parts = name.split(separator: "/").compactMap { FilePath($0.utf8) }
        let folder = FilePath(joining: parts.dropLast())
        guard let last = parts.last, let temporary = FilePath(Array(".new-".utf8) + last.bytes) else { return }
        let parent = try ImageError.system("open `\(folder)` of `\(path)`") { () throws(SystemError) in
            SharedDescriptor(
                try root.descriptor.open(parts.count == 1 ? "." : folder, O_RDONLY | O_DIRECTORY, resolution: .beneath)
            )
        }
        let opened = try ImageError.system("write `\(name)` of `\(path)`") { () throws(SystemError) in
            let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW
            return SharedDescriptor(try parent.descriptor.open(temporary, flags, mode: 0o644))
        }
        try source.forEachChunk { (piece) throws(ImageError) in
            try ImageError.system("write `\(name)` of `\(path)`") { () throws(SystemError) in
                try opened.descriptor.write(piece)
            }
        }
        try ImageError.system("write `\(name)` of `\(path)`") { () throws(SystemError) in
            try parent.descriptor.rename(temporary, to: parent.descriptor, last, replacing: true)
        }
    }
}
