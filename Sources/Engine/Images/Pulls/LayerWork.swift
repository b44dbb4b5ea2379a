// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Images
import Linux
import OCI

/// Brings the layers of an image here and makes them ready to be mounted, both at once.
///
/// A layer is unpacked while it comes, and as far as it does not depend on those below while they are.
struct LayerWork: Sendable {
    let pull: ImagePull
    /// The layers from the base to the top; some may be the same.
    let layers: [Digest]
    let diffIDs: [Digest]
    let progress: PullProgress

    /// Does all of it.
    ///
    /// - Parameters:
    ///   - missing: The layers that are not in the store.
    ///   - width: How many come at a time.
    ///   - known: The layers that are in the store.
    /// - Returns: The layers that were fetched.
    /// - Throws: `EngineError`, `CancellationError`; nothing is held then.
    func run(_ missing: [ContentDescriptor], width: Int, known: [Digest]) async throws -> [PartialBlob] {
        let awaited = Dictionary(uniqueKeysWithValues: (missing.map(\.digest) + known).map { ($0, AwaitedLayer()) })
        let images = pull.engine.images
        for digest in known {
            awaited[digest]?.provide { () throws(ImageError) in try images.content.open(digest) }
        }
        let unpacking = try BlockingCall.begin { unpack(awaited, in: images) }
        let blobs: [PartialBlob]
        do {
            blobs = try await fetch(missing, width: width, awaited)
        } catch {
            for layer in awaited.values { layer.fail(ImageError(.notFound, "the layer did not come")) }
            _ = try? await unpacking.value
            throw error
        }
        do {
            if try await unpacking.value != nil { try await unpackAgain(blobs) }
            // Those that were there already, too.
            for digest in layers { progress.unpacked(digest) }
        } catch {
            // Content that cannot be unpacked is of no use to the next pull either.
            for blob in blobs { pull.engine.pulls.transfers.release(blob, removes: true) }
            throw error
        }
        return blobs
    }

    /// Unpacks all layers as they come.
    ///
    /// - Returns: What is wrong, which may be that a layer did not come, or had to be fetched again.
    private func unpack(_ awaited: [Digest: AwaitedLayer], in images: ImageStore) -> ImageError? {
        do throws(ImageError) {
            let told = { (index: Int) in progress.unpacked(layers[index]) }
            _ = try images.layers.unpack(diffIDs, telling: told) { (index) throws(ImageError) in
                let digest = layers[index]
                guard let layer = awaited[digest] else { throw ImageError(.notFound, "no layer \(digest) is awaited") }
                let source = try layer.source()
                progress.unpacking(digest)
                return source
            }
            return nil
        } catch {
            return error
        }
    }

    /// Unpacks what could not be unpacked while it came, from what is known to be right now.
    private func unpackAgain(_ blobs: [PartialBlob]) async throws {
        let (layers, diffIDs) = (layers, diffIDs)
        let held = Dictionary(uniqueKeysWithValues: blobs.map { ($0.digest, $0) })
        try await pull.engine.withImages { store in
            _ = try store.layers.unpack(diffIDs) { (index) throws(ImageError) in
                if let blob = held[layers[index]] { return try blob.makeSource() }
                return try store.content.open(layers[index])
            }
        }
    }

    private func fetch(
        _ missing: [ContentDescriptor],
        width: Int,
        _ awaited: [Digest: AwaitedLayer]
    ) async throws -> [PartialBlob] {
        var (blobs, failure): ([PartialBlob], (any Error)?) = ([], nil)
        await withTaskGroup(of: Result<PartialBlob, any Error>.self) { group in
            var rest = missing[...]
            for layer in rest.prefix(width) { group.addTask { await fetch(layer, awaited) } }
            rest = rest.dropFirst(width)
            for await result in group {
                switch result {
                case .success(let blob): blobs.append(blob)
                case .failure(let error):
                    if failure == nil { failure = error }
                    group.cancelAll()
                }
                if failure == nil, let layer = rest.popFirst() { group.addTask { await fetch(layer, awaited) } }
            }
        }
        guard let failure else { return blobs }
        for blob in blobs { pull.engine.pulls.transfers.release(blob, removes: false) }
        throw failure
    }

    private func fetch(
        _ layer: ContentDescriptor,
        _ awaited: [Digest: AwaitedLayer]
    ) async -> Result<PartialBlob, any Error> {
        do {
            let blob = try await pull.engine.pulls.transfers.fetch(layer, from: pull.repository) { event in
                switch event {
                case .opened(let blob):
                    awaited[layer.digest]?.provide { () throws(ImageError) in try blob.makeSource() }
                case .received(let count): progress.received(layer.digest, count)
                }
            }
            progress.fetched(layer.digest)
            return .success(blob)
        } catch {
            return .failure(error)
        }
    }
}
