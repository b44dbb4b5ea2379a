// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Images
import Linux
import OCI
import Registry
import Synchronization

/// Leaves what a build has made for others.
struct CacheExport: Sendable {
    let engine: Engine
    let request: ImageBuildRequest
    let sessions: [BuildSession]
    let progress: BuildProgress

    /// Writes to all places that are asked for but the image itself.
    ///
    /// - Throws: `EngineError`, `CancellationError`.
    func run() async throws {
        for location in request.cachesTo where location.kind != .inline {
            do {
                let artifact = CacheArtifact(sessions.flatMap { $0.records(includingAll: location.includesAll) })
                try await progress.during("exporting cache to \(location.place)") {
                    switch location.kind {
                    case .inline: return
                    case .local: try await write(artifact, location)
                    case .registry: try await push(artifact, location)
                    }
                }
            } catch let error where location.ignoresErrors && !(error is CancellationError) {
                let message = (error as? EngineError)?.message ?? "\(error)"
                await progress.tell(.warning("the cache is not kept at \(location.place): \(message)"))
            }
        }
    }

    private func write(_ artifact: CacheArtifact, _ location: BuildCacheLocation) async throws {
        guard location.place.hasPrefix("/") else {
            throw EngineError(.badParameter, "`\(location.place)` is no absolute path of the engine's host")
        }
        try await engine.withImages { store in
            try CacheFolder(location.place).write(artifact, as: location.tag, from: store)
        }
    }

    private func push(_ artifact: CacheArtifact, _ location: BuildCacheLocation) async throws {
        let reference = try Engine.pulled(location.place, nil)
        let auth = request.registries[reference.registry] ?? RegistryAuth()
        let repository = engine.registry.repository(of: reference, RegistryCredentials(auth))
        let content = engine.images.content
        do {
            for layer in artifact.layers {
                _ = try await repository.push(layer) {
                    let pieces = try StoredPieces(layer.digest, in: content)
                    return { try pieces.next() }
                }
            }
            let (config, manifest) = try artifact.documents()
            _ = try await repository.push(config.descriptor) {
                let rest = Mutex<[UInt8]?>(config.bytes)
                return {
                    rest.withLock { rest in
                        defer { rest = nil }
                        return rest
                    }
                }
            }
            try await repository.push(
                manifest: manifest.bytes,
                manifest.descriptor,
                as: reference.tag ?? ImageReference.defaultTag
            )
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            try Task.checkCancellation()
            throw EngineError(anyRegistryFailure: error)
        }
    }
}
