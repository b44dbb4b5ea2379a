// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Images
import JSONTree
import Linux
import OCI
import Registry

/// What other places have of builds; layers come when a step needs them.
struct ImportedCache: Sendable {
    private enum Source: Sendable {
        case folder(CacheFolder)
        case repository(RemoteRepository)
    }

    private let engine: Engine
    private var records: [Digest: (record: CacheRecord, source: Source)] = [:]

    /// Bytes of the config of an image.
    private static let configLimit = 64 << 20

    /// Reads what there is.
    ///
    /// - Parameters:
    ///   - engine: The engine.
    ///   - request: Says where.
    ///   - progress: Told of what cannot be read, which is no reason not to build.
    /// - Throws: `CancellationError`.
    init(_ engine: Engine, _ request: ImageBuildRequest, _ progress: BuildProgress) async throws {
        self.engine = engine
        for location in request.cachesFrom {
            do {
                let (artifact, source) = try await progress.during("importing cache from \(location.place)") {
                    try await read(location, request)
                }
                for record in artifact.records where records[record.key] == nil {
                    records[record.key] = (record, source)
                }
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                try Task.checkCancellation()
                let message = (error as? EngineError)?.message ?? "\(error)"
                await progress.tell(.warning("the cache \(location.place) is not used: \(message)"))
            }
        }
    }

    private func read(
        _ location: BuildCacheLocation,
        _ request: ImageBuildRequest
    ) async throws -> (CacheArtifact, Source) {
        if location.kind == .local {
            let folder = CacheFolder(location.place)
            return (try await BlockingCall.run { try folder.artifact(location.tag) }, .folder(folder))
        }
        let reference = try Engine.pulled(location.place, nil)
        let auth = request.registries[reference.registry] ?? RegistryAuth()
        let repository = engine.registry.repository(of: reference, RegistryCredentials(auth))
        let name = reference.digest?.description ?? reference.tag ?? ImageReference.defaultTag
        var found = try await repository.manifest(name)
        if case .index(let index) = found.document, let chosen = ImageStore.choose(from: index, for: .current) {
            found = try await repository.manifest(chosen.digest.description)
        }
        guard case .manifest(let manifest) = found.document else {
            throw EngineError(.notFound, "it has nothing for \(Platform.current)")
        }
        let bytes = try await repository.blob(manifest.config, limit: Self.configLimit)
        if manifest.config.mediaType == CacheArtifact.recordsType {
            return (try CacheArtifact(bytes), .repository(repository))
        }
        guard let config = try? JSON.decode(ImageConfig.self, from: bytes, .documents), let text = config.buildCache
        else {
            throw EngineError(
                .notFound,
                "it has no build cache of wharf; `--cache-to type=inline` puts one into an image"
            )
        }
        return (try CacheArtifact(Array(text.utf8)), .repository(repository))
    }

    /// Whether a step was made elsewhere.
    func has(_ key: Digest) -> Bool { records[key] != nil }

    /// What a step has made elsewhere, with its layer, which is pinned once.
    ///
    /// - Parameter key: The key of the step.
    /// - Returns: The record; nil where nobody has it.
    /// - Throws: `EngineError`, `CancellationError`.
    func record(_ key: Digest) async throws -> CacheRecord? {
        guard let (record, source) = records[key] else { return nil }
        let (layer, images) = (record.layer, engine.images)
        switch source {
        case .folder(let folder):
            try await engine.withImages { store in
                try store.takeLayer(layer, from: try folder.source(layer.content.digest))
            }
        case .repository(let repository):
            let blob = try await engine.pulls.transfers.fetch(layer.content, from: repository) { _ in }
            var isKept = false
            defer { engine.pulls.transfers.release(blob, removes: isKept) }
            try await BlockingCall.run { try images.takeLayer(layer, from: blob) }
            isKept = true
        }
        return record
    }
}
