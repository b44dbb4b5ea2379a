// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
package import OCI

/// Which image of a layout is meant.
package enum ImageLayoutSelection: Hashable, Sendable {
    /// The only one, or the one with the tag `latest`.
    case only
    case tag(String)
    case digest(Digest)
}

extension ImageStore {
    /// Takes in one image of a folder with the layout of the OCI, without a name.
    ///
    /// - Parameters:
    ///   - path: The folder, which is hostile.
    ///   - selection: The image.
    ///   - platform: What it is to run on.
    /// - Returns: The image.
    /// - Throws: ``ImageError/Code/notFound`` where there is no such image, or what is wrong with it.
    package func takeLayout(
        at path: String,
        _ selection: ImageLayoutSelection,
        for platform: Platform
    ) throws(ImageError) -> StoredImage {
        let layout = try ImageLayout(at: path, limit: limits.documentSize)
        let manifest = try layout.manifest(selection, for: platform)
        let ingest = Ingest(in: content)
        let bytes = try layout.document(manifest)
        guard case .manifest(let document) = try Documents.decode(ImageDocument.self, bytes, "the manifest") else {
            throw ImageError(.invalidArchive, "the layout \(path) has another index where a manifest is to be")
        }
        for descriptor in [manifest, document.config] + document.layers {
            let expectation = Ingest.Expectation(digest: descriptor.digest, size: descriptor.size)
            try ingest.add(try layout.source(descriptor.digest), expecting: expectation)
        }
        guard let image = try layoutImage(manifest, ingest) else {
            throw ImageError(.notFound, "the layout \(path) has no whole image \(manifest.digest)")
        }
        try keep([image], from: ingest, needing: [])
        return try inspect(image.id.description)
    }
}

/// A folder with images as the OCI lays them out.
private struct ImageLayout {
    private let root: SharedDescriptor
    private let path: String
    private let limit: Int

    /// How many indexes may be within one another.
    private static let depth = 4

    init(at path: String, limit: Int) throws(ImageError) {
        do throws(SystemError) {
            root = SharedDescriptor(try Descriptor.open(path, O_RDONLY | O_DIRECTORY))
        } catch {
            throw ImageError(
                error.number == ENOENT ? .notFound : .system,
                "cannot open the layout `\(path)`",
                cause: error
            )
        }
        (self.path, self.limit) = (path, limit)
    }

    func source(_ digest: Digest) throws(ImageError) -> DescriptorSource {
        DescriptorSource(try open("blobs/\(digest.algorithm.rawValue)/\(digest.hex)"), name: "\(digest)")
    }

    func document(_ descriptor: ContentDescriptor) throws(ImageError) -> [UInt8] {
        let digest = descriptor.digest
        let bytes = try read("blobs/\(digest.algorithm.rawValue)/\(digest.hex)")
        if Digest(digest.algorithm, of: bytes) != digest {
            throw ImageError(.digestMismatch, "a document of the layout \(path) is not what its digest says")
        }
        return bytes
    }

    private func open(_ file: String) throws(ImageError) -> Descriptor {
        do throws(SystemError) {
            return try root.descriptor.open(file, O_RDONLY | O_NONBLOCK, resolution: .beneath)
        } catch {
            throw ImageError(
                error.number == ENOENT ? .notFound : .system,
                "cannot open `\(file)` of the layout \(path)",
                cause: error
            )
        }
    }

    private func read(_ file: String) throws(ImageError) -> [UInt8] {
        let opened = try open(file)
        do throws(SystemError) {
            return try opened.contents(limit: limit)
        } catch {
            throw ImageError(.system, "cannot read `\(file)` of the layout \(path)", cause: error)
        }
    }

    /// Finds a manifest.
    func manifest(_ selection: ImageLayoutSelection, for platform: Platform) throws(ImageError) -> ContentDescriptor {
        var index = try Documents.decode(
            ImageIndex.self,
            try read("index.json"),
            "index.json of the layout \(path)"
        )
        guard var found = Self.choose(selection, from: index) else {
            throw ImageError(.notFound, "the layout \(path) has no image \(Self.text(of: selection))")
        }
        for _ in 0..<Self.depth {
            if !found.mediaType.isIndex { return found }
            index = try Documents.decode(ImageIndex.self, try document(found), "an index of the layout \(path)")
            guard let next = ImageStore.choose(from: index, for: platform) else {
                throw ImageError(.notFound, "the layout \(path) has no image for \(platform)")
            }
            found = next
        }
        throw ImageError(.invalidArchive, "the layout \(path) has indexes within one another without end")
    }

    private static func choose(_ selection: ImageLayoutSelection, from index: ImageIndex) -> ContentDescriptor? {
        func tagged(_ tag: String) -> ContentDescriptor? {
            index.manifests.first { descriptor in
                let names = ["org.opencontainers.image.ref.name", "io.containerd.image.name"]
                    .compactMap { descriptor.annotations[$0] }
                return names.contains { $0 == tag || $0.hasSuffix(":" + tag) }
            }
        }
        switch selection {
        case .only: return index.manifests.count == 1 ? index.manifests[0] : tagged("latest")
        case .tag(let tag): return tagged(tag)
        case .digest(let digest): return index.manifests.first { $0.digest == digest }
        }
    }

    private static func text(of selection: ImageLayoutSelection) -> String {
        switch selection {
        case .only: "that could be the only one: name it by `:tag` or `@digest`"
        case .tag(let tag): "with the tag `\(tag)`"
        case .digest(let digest): "\(digest)"
        }
    }
}
