// SPDX-License-Identifier: Apache-2.0

import Linux
package import OCI

/// An image that was loaded.
package struct LoadedImage: Equatable, Sendable {
    /// The digest of the config.
    package var id: Digest
    /// The names it has in the archive.
    package var references: [ImageReference]
}

extension ImageStore {
    /// Loads the images of an archive that `docker save`, Podman, skopeo or BuildKit wrote, or this program.
    ///
    /// It may be an OCI layout or of Docker's own form, and compressed. Statements about images (attestations) are kept
    /// with their index and are no images.
    ///
    /// - Parameter source: The archive.
    /// - Returns: The images, at least one.
    /// - Throws: What is wrong with the archive; the store is as before then.
    package func load(_ source: any ByteSource) throws(ImageError) -> [LoadedImage] {
        let ingest = Ingest(in: content)
        let scan = try ArchiveScan(source, into: ingest, limits: limits)
        var names = try dockerItems(scan)
        let found: [Loadable]
        if let index = scan.documents["index.json"] {
            found = try layoutImages(index, ingest, &names)
        } else if scan.documents["manifest.json"] != nil {
            found = try dockerImages(names, scan, ingest)
        } else {
            throw ImageError(
                .invalidArchive,
                "the archive has neither index.json nor manifest.json; if it is a root file system, import it"
            )
        }
        try keep(found, from: ingest)
        return found.map { LoadedImage(id: $0.id, references: $0.references) }
    }

    /// An image of an archive, checked and ready to be kept.
    struct Loadable {
        var target: ContentDescriptor
        var id: Digest
        var references: [ImageReference]
        /// All content that belongs to it.
        var digests: Set<Digest>
    }

    /// Moves the content of images into the store and names them.
    ///
    /// - Parameters:
    ///   - images: The images.
    ///   - ingest: The new content.
    ///   - needed: Content that has to be in the store already.
    /// - Throws: ``ImageError/Code/notFound`` where it is not, or the error of a call.
    func keep(_ images: [Loadable], from ingest: Ingest, needing needed: [Digest] = []) throws(ImageError) {
        try content.locked { () throws(ImageError) in
            for digest in needed where try content.size(of: digest) == nil {
                throw ImageError(.notFound, "the layer \(digest) was removed meanwhile; load or pull its image again")
            }
            var index = try readIndex()
            let before = Self.names(in: index)
            try ingest.commit(images.reduce(into: []) { $0.formUnion($1.digests) })
            for image in images { Self.put(image.target, image.references, at: .now, in: &index) }
            // They keep the time of their names: to write it down costs a build without a change a fifth of its time.
            if ingest.isEmpty, Self.names(in: index) == before { return }
            try writeIndex(index)
        }
    }

    // MARK: Layouts of the OCI

    private func layoutImages(
        _ bytes: [UInt8],
        _ ingest: Ingest,
        _ names: inout [DockerItem]
    ) throws(ImageError) -> [Loadable] {
        guard case .index(let index) = try Documents.decode(ImageDocument.self, bytes, "index.json") else {
            throw ImageError(.invalidDocument, "index.json is not an index")
        }
        if index.manifests.count > limits.manifestCount {
            throw ImageError(.limitExceeded, "index.json lists more than \(limits.manifestCount) manifests")
        }
        var found: [Loadable] = []
        for descriptor in index.manifests where !descriptor.isAttestation {
            guard var image = try layoutImage(descriptor, ingest) else {
                throw ImageError(
                    .invalidArchive,
                    "index.json: the content of \(descriptor.digest) is not complete in the archive"
                )
            }
            if image.references.isEmpty, let item = names.first(where: { $0.config.contains(image.id.hex) }) {
                image.references = try item.references()
            }
            if let place = found.firstIndex(where: { $0.target.digest == image.target.digest }) {
                found[place].references += image.references
            } else {
                found.append(image)
            }
        }
        if found.isEmpty { throw ImageError(.invalidArchive, "index.json: field .manifests names no image") }
        return found
    }

    /// An image of an ingest, and what it needs of the store; nil where some of its content is missing.
    func layoutImage(_ descriptor: ContentDescriptor, _ ingest: Ingest) throws(ImageError) -> Loadable? {
        var digests: Set<Digest> = []
        let read = { (descriptor: ContentDescriptor, name: String) throws(ImageError) -> ImageDocument in
            digests.insert(descriptor.digest)
            let bytes = try ingest.document(descriptor.digest, limit: self.limits.documentSize)
            if Int64(bytes.count) != descriptor.size {
                throw ImageError(
                    .digestMismatch,
                    "\(descriptor.digest) should have \(descriptor.size) bytes and has \(bytes.count)"
                )
            }
            return try Documents.decode(ImageDocument.self, bytes, name)
        }
        let manifests = try manifests(of: descriptor, document: read) { (digest) throws(ImageError) in
            try ingest.size(of: digest)
        }
        guard let (_, manifest) = Self.best(manifests) else { return nil }
        for (_, manifest) in manifests {
            digests.insert(manifest.config.digest)
            digests.formUnion(manifest.layers.map(\.digest))
            try check(manifest, ingest)
        }
        try keepAttestations(of: descriptor, ingest, depth: 0, &digests)
        return Loadable(
            target: descriptor,
            id: manifest.config.digest,
            references: Self.references(of: descriptor),
            digests: digests
        )
    }

    /// Adds what an index says about its images, as far as it is in the archive.
    private func keepAttestations(
        of descriptor: ContentDescriptor,
        _ ingest: Ingest,
        depth: Int,
        _ digests: inout Set<Digest>
    ) throws(ImageError) {
        guard depth <= limits.indexDepth, ingest.blobs[descriptor.digest] != nil else { return }
        let bytes = try ingest.document(descriptor.digest, limit: limits.documentSize)
        switch try Documents.decode(ImageDocument.self, bytes, "manifest \(descriptor.digest)") {
        case .manifest(let manifest):
            guard descriptor.isAttestation else { return }
            digests.insert(descriptor.digest)
            digests.formUnion(([manifest.config] + manifest.layers).map(\.digest))
        case .index(let index):
            for child in index.manifests { try keepAttestations(of: child, ingest, depth: depth + 1, &digests) }
        }
    }

    /// Checks what can be checked without unpacking.
    private func check(_ manifest: ImageManifest, _ ingest: Ingest) throws(ImageError) {
        guard manifest.config.mediaType.isImageConfig else { return }
        let config = try config(of: manifest) { (digest, name) throws(ImageError) in
            try ingest.config(digest, name, limit: limits.documentSize)
        }
        for (layer, diffID) in zip(manifest.layers, config.rootfs.diffIDs) {
            guard let blob = ingest.blobs[layer.digest], blob.compression == nil, diffID.algorithm == .sha256,
                blob.digest.algorithm == .sha256, blob.digest != diffID
            else { continue }
            throw ImageError(.digestMismatch, "layer \(blob.digest): the config says that its digest is \(diffID)")
        }
    }

    /// The name in an index: containerd's annotation, or the one of the OCI where it is more than a tag.
    private static func references(of descriptor: ContentDescriptor) -> [ImageReference] {
        let annotations = descriptor.annotations
        if let name = annotations[AnnotationKey.containerdName], let reference = try? ImageReference(name) {
            return [reference]
        }
        guard let name = annotations[AnnotationKey.referenceName], name.contains(where: { $0 == ":" || $0 == "/" }),
            let reference = try? ImageReference(name)
        else { return [] }
        return [reference]
    }
}

/// An image as `manifest.json` of Docker's archives describes it.
struct DockerItem: Codable {
    var config: String
    var repoTags: [String]?
    var layers: [String]

    private enum CodingKeys: String, CodingKey {
        case config = "Config"
        case repoTags = "RepoTags"
        case layers = "Layers"
    }

    func references() throws(ImageError) -> [ImageReference] {
        var references: [ImageReference] = []
        for text in repoTags ?? [] {
            do {
                references.append(try ImageStore.parse(text))
            } catch {
                throw error.about("manifest.json: field .RepoTags")
            }
        }
        return references
    }
}

extension ImageStore {
    private func dockerItems(_ scan: ArchiveScan) throws(ImageError) -> [DockerItem] {
        guard let bytes = scan.documents["manifest.json"] else { return [] }
        let items = try Documents.decode([DockerItem].self, bytes, "manifest.json")
        if items.count > limits.manifestCount {
            throw ImageError(.limitExceeded, "manifest.json lists more than \(limits.manifestCount) images")
        }
        return items
    }

    private func dockerImages(
        _ items: [DockerItem],
        _ scan: ArchiveScan,
        _ ingest: Ingest
    ) throws(ImageError) -> [Loadable] {
        if items.isEmpty { throw ImageError(.invalidArchive, "manifest.json names no image") }
        var images: [Loadable] = []
        for item in items {
            let config = try scan.file(item.config, ".Config")
            var layers: [ContentDescriptor] = []
            for name in item.layers {
                let blob = try scan.file(name, ".Layers")
                let type: MediaType =
                    switch blob.compression {
                    case nil: .layer
                    case .gzip: .layerGzip
                    case .zstd: .layerZstd
                    case .xz: MediaType(rawValue: MediaType.layer.rawValue + "+xz")
                    case .bzip2: MediaType(rawValue: MediaType.layer.rawValue + "+bzip2")
                    }
                layers.append(ContentDescriptor(mediaType: type, digest: blob.digest, size: blob.size))
            }
            let configDescriptor = ContentDescriptor(
                mediaType: .imageConfig,
                digest: config.digest,
                size: config.size
            )
            let manifest = ImageManifest(config: configDescriptor, layers: layers)
            try check(manifest, ingest)
            images.append(try makeLoadable(manifest, try item.references(), ingest))
        }
        return images
    }

    /// Writes the manifest of an image whose config and layers are in the ingest.
    func makeLoadable(
        _ manifest: ImageManifest,
        _ references: [ImageReference],
        _ ingest: Ingest
    ) throws(ImageError) -> Loadable {
        let config = try config(of: manifest) { (digest, name) throws(ImageError) in
            try ingest.config(digest, name, limit: limits.documentSize)
        }
        let blob = try ingest.add(document: Documents.encode(manifest))
        let target = ContentDescriptor(
            mediaType: .imageManifest,
            digest: blob.digest,
            size: blob.size,
            platform: config.platform
        )
        return Loadable(
            target: target,
            id: manifest.config.digest,
            references: references,
            digests: Set([blob.digest, manifest.config.digest] + manifest.layers.map(\.digest))
        )
    }
}
