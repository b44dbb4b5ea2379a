// SPDX-License-Identifier: Apache-2.0

import Linux
import OCI

extension ImageStore {
    /// Writes images as an archive that Docker, Podman, skopeo and this program load.
    ///
    /// It is an OCI layout with the `manifest.json` of Docker's own archives beside it. All content is as it is in the store,
    /// and the same images make the same bytes.
    ///
    /// - Parameters:
    ///   - names: The images, as ``inspect(_:)`` takes them; one that is given by a name has that name in the archive.
    ///   - sink: Where to.
    /// - Throws: What is wrong with an image or with writing.
    package func save(_ names: [String], to sink: any ByteSink) throws(ImageError) {
        var saved: [(image: StoredImage, references: [ImageReference])] = []
        for name in names {
            let image = try inspect(name)
            let reference = (try? ImageReference(name)).flatMap { image.references.contains($0) ? $0 : nil }
            let added = reference.map { [$0] } ?? []
            if let place = saved.firstIndex(where: { $0.image.target.digest == image.target.digest }) {
                saved[place].references += added.filter { !saved[place].references.contains($0) }
            } else {
                saved.append((image, added))
            }
        }
        var index = ImageIndex(manifests: [])
        var items: [DockerItem] = []
        var blobs: [Digest: Int64] = [:]
        for (image, references) in saved {
            let target = try savedTarget(of: image, &blobs)
            Self.put(target, references, in: &index)
            items.append(
                DockerItem(
                    config: Self.member(image.manifest.config.digest),
                    repoTags: references.map(\.familiar),
                    layers: image.manifest.layers.map { Self.member($0.digest) }
                )
            )
        }
        try write(blobs, index, items, to: TarWriter(sink))
    }

    /// What stands for an image in an archive: the index where all of it is there, otherwise the manifest of this machine.
    func savedTarget(
        of image: StoredImage,
        _ blobs: inout [Digest: Int64]
    ) throws(ImageError) -> ContentDescriptor {
        var all: [Digest: Int64] = [:]
        if try collect(image.target, depth: 0, &all) {
            blobs.merge(all) { first, _ in first }
            return image.target
        }
        all = [:]
        guard try collect(image.manifestDescriptor, depth: 0, &all) else {
            throw ImageError(.notFound, "the content of image \(image.id) is not complete; load or pull it again")
        }
        blobs.merge(all) { first, _ in first }
        return image.manifestDescriptor
    }

    /// Adds all content that a descriptor leads to; false where some of it is not there.
    private func collect(
        _ descriptor: ContentDescriptor,
        depth: Int,
        _ blobs: inout [Digest: Int64]
    ) throws(ImageError) -> Bool {
        guard try add(descriptor, &blobs), depth <= limits.indexDepth + 1 else { return false }
        let bytes = try content.document(descriptor.digest, limit: limits.documentSize)
        switch try Documents.decode(ImageDocument.self, bytes, "manifest \(descriptor.digest)") {
        case .index(let index):
            for child in index.manifests {
                guard try collect(child, depth: depth + 1, &blobs) else { return false }
            }
        case .manifest(let manifest):
            for part in [manifest.config] + manifest.layers {
                guard try add(part, &blobs) else { return false }
            }
        }
        return true
    }

    private func add(_ descriptor: ContentDescriptor, _ blobs: inout [Digest: Int64]) throws(ImageError) -> Bool {
        guard let size = try content.size(of: descriptor.digest) else { return false }
        blobs[descriptor.digest] = size
        return true
    }

    private static func member(_ digest: Digest) -> String {
        "blobs/\(digest.algorithm.rawValue)/\(digest.hex)"
    }

    private func write(
        _ blobs: [Digest: Int64],
        _ index: ImageIndex,
        _ items: [DockerItem],
        to writer: TarWriter
    ) throws(ImageError) {
        try writer.write(TarEntry(.directory, path: "blobs/", permissions: 0o755))
        for algorithm in Digest.Algorithm.allCases {
            let digests = blobs.keys.filter { $0.algorithm == algorithm }.sorted()
            if digests.isEmpty { continue }
            let folder = FilePath("blobs/\(algorithm.rawValue)/".utf8) ?? "blobs/"
            try writer.write(TarEntry(.directory, path: folder, permissions: 0o755))
            for digest in digests {
                let path = FilePath(Self.member(digest).utf8) ?? "blobs/"
                let entry = TarEntry(.regular, path: path, size: blobs[digest] ?? 0)
                let source = HashingSource(try content.open(digest), algorithm: algorithm)
                try writer.write(entry, from: source)
                if source.digest != digest {
                    throw ImageError(.digestMismatch, "the content \(digest) was changed: it is now \(source.digest)")
                }
            }
        }
        try writer.write(TarEntry(.regular, path: "index.json"), data: Documents.encode(index))
        try writer.write(TarEntry(.regular, path: "manifest.json"), data: Documents.encode(items))
        let layout = Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)
        try writer.write(TarEntry(.regular, path: "oci-layout"), data: layout)
        try writer.finish()
    }
}
