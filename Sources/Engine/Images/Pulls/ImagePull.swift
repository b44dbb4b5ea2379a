// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Images
import JSONTree
import Linux
import OCI
import Registry
import Synchronization

/// One pull of one image.
struct ImagePull: Sendable {
    typealias Report = @Sendable (ProgressLine) -> Void

    let engine: Engine
    let repository: RemoteRepository
    let reference: ImageReference
    /// What the image is to run on; nil for this machine.
    let platform: Platform?
    let report: Report

    /// How many layers come at a time.
    private static let width = 3
    /// How deep an index may be within others.
    private static let mostIndexes = 4
    /// Bytes of a config.
    private static let configSize = 8 << 20
    /// Layers of an image; overlayfs takes no more.
    private static let mostLayers = 500

    /// The name that the image gets: the digest wins over the tag.
    private var name: ImageReference { reference.digest.map(reference.pinned) ?? reference }

    /// Brings the image here, where it is not here as it is at the registry.
    ///
    /// - Returns: The image, and whether it is new.
    /// - Throws: `EngineError`, `CancellationError`.
    @concurrent
    func run() async throws -> (image: StoredImage, isNew: Bool) {
        let wanted: String
        if let digest = reference.digest {
            wanted = digest.description
        } else {
            let tag = reference.tag ?? ImageReference.defaultTag
            wanted = try await repository.digest(ofTag: tag)?.description ?? tag
        }
        begin()
        if let image = try await present(wanted) { return (image, false) }
        var fetched = FetchedImage(try await repository.manifest(wanted), as: name)
        let (manifest, _) = try await choose(&fetched)
        let configBytes = try await repository.blob(manifest.config, limit: Self.configSize)
        let config = try read(configBytes, of: manifest)
        fetched.documents.append((manifest.config, configBytes))
        return (try await fetchLayers(of: manifest, config, fetched), true)
    }

    private func begin() {
        let tag = reference.digest?.description ?? reference.tag ?? ""
        report(.status("Pulling from \(reference.repository)", id: tag))
    }

    /// The image where it is here already, as it is at the registry.
    private func present(_ wanted: String) async throws -> StoredImage? {
        guard let digest = Digest(wanted) else { return nil }
        let (name, platform) = (name, platform)
        return try await engine.withImages { store in
            guard let image = try? store.inspect(name.description), image.target.digest == digest,
                (platform ?? .current).distance(to: image.config.platform) != nil
            else { return nil }
            try store.confirm(name)
            return image
        }
    }

    // MARK: Documents

    /// Goes from what the name stands for to the manifest for the platform, and fetches what lies between.
    private func choose(
        _ fetched: inout FetchedImage
    ) async throws -> (manifest: ImageManifest, descriptor: ContentDescriptor) {
        var (descriptor, document) = (fetched.target, try fetched.document())
        for _ in 0...Self.mostIndexes {
            guard case .index(let index) = document else { break }
            let platform = platform ?? .current
            guard let chosen = ImageStore.choose(from: index, for: platform) else {
                throw EngineError(.notFound, Self.mismatch(index, platform, reference))
            }
            let found = try await repository.manifest(chosen.digest.description)
            if found.descriptor.size != chosen.size {
                throw EngineError(
                    .failed,
                    "the manifest \(chosen.digest) should have \(chosen.size) bytes and has \(found.descriptor.size)"
                )
            }
            fetched.documents.append((found.descriptor, found.bytes))
            (descriptor, document) = (found.descriptor, found.document)
        }
        guard case .manifest(let manifest) = document else {
            throw EngineError(.badParameter, "indexes are nested deeper than \(Self.mostIndexes): \(reference)")
        }
        return (manifest, descriptor)
    }

    private static func mismatch(_ index: ImageIndex, _ wanted: Platform, _ reference: ImageReference) -> String {
        let known = index.manifests.filter { !$0.isAttestation }.compactMap { $0.platform?.description }
        return "no matching manifest for \(wanted) in the manifest list entries of \(reference.familiar)"
            + (known.isEmpty ? "" : ": there are \(Set(known).sorted().joined(separator: ", "))")
    }

    private func read(_ bytes: [UInt8], of manifest: ImageManifest) throws -> ImageConfig {
        let type = manifest.config.mediaType
        guard type.isImageConfig else {
            throw EngineError(
                .badParameter,
                "\(reference.familiar) is no image that can run: its config is of the type \(type)"
            )
        }
        let config: ImageConfig
        do {
            config = try JSON.decode(ImageConfig.self, from: bytes, .documents)
        } catch {
            throw EngineError(.failed, "the config of \(reference.familiar) cannot be read: \(error)")
        }
        guard config.rootfs.diffIDs.count == manifest.layers.count, manifest.layers.count <= Self.mostLayers else {
            throw EngineError(
                .failed,
                "the config of \(reference.familiar) has \(config.rootfs.diffIDs.count) layers, its manifest "
                    + "\(manifest.layers.count), and there may be \(Self.mostLayers)"
            )
        }
        if (platform ?? .current).distance(to: config.platform) == nil {
            if let platform {
                throw EngineError(
                    .notFound,
                    "image with reference \(reference.familiar) was found but its platform (\(config.platform)) does not "
                        + "match the specified platform (\(platform))"
                )
            }
            report(
                .status("Warning: \(reference.familiar) is for \(config.platform), this machine is \(Platform.current)")
            )
        }
        return config
    }

    // MARK: Layers

    private func fetchLayers(
        of manifest: ImageManifest,
        _ config: ImageConfig,
        _ documents: FetchedImage
    ) async throws -> StoredImage {
        var fetched = documents
        var (missing, seen): ([ContentDescriptor], Set<Digest>) = ([], [])
        let progress = PullProgress(manifest.layers, report)
        let content = engine.images.content
        for layer in manifest.layers where seen.insert(layer.digest).inserted {
            if try content.size(of: layer.digest) == layer.size {
                fetched.known.append(layer.digest)
                progress.isKnown(layer.digest)
            } else {
                progress.announce(layer.digest, waits: missing.count >= Self.width)
                missing.append(layer)
            }
        }
        let work = LayerWork(
            pull: self,
            layers: manifest.layers.map(\.digest),
            diffIDs: config.rootfs.diffIDs,
            progress: progress
        )
        let pin = engine.pulls.pin(LayerStore.chainIDs(of: config.rootfs.diffIDs))
        defer { engine.pulls.unpin(pin) }
        let blobs = try await work.run(missing, width: Self.width, known: fetched.known)
        fetched.layers = blobs
        let whole = fetched
        do {
            let image = try await engine.withImages { try $0.keep(whole) }
            for blob in blobs { engine.pulls.transfers.release(blob, removes: true) }
            return image
        } catch {
            for blob in blobs { engine.pulls.transfers.release(blob, removes: false) }
            throw error
        }
    }
}

extension FetchedImage {
    /// What was fetched of an image so far: what its name stands for.
    init(_ manifest: RemoteManifest, as reference: ImageReference) {
        self.init(manifest.descriptor, as: reference)
        documents = [(manifest.descriptor, manifest.bytes)]
    }

    /// The first document.
    fileprivate func document() throws -> ImageDocument {
        try JSON.decode(ImageDocument.self, from: documents[0].bytes, .documents)
    }
}
