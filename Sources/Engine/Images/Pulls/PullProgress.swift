// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI
import Synchronization

/// Tells how far each layer of a pull is, in the words of Docker.
final class PullProgress: Sendable {
    private struct Layer {
        var size: Int64
        /// Whether all of it is there.
        var isFetched = false
        /// Whether it is being unpacked, or was.
        var isUnpacking = false
        var isDone = false
        var lastLine: ContinuousClock.Instant?
    }

    private let layers: Mutex<[Digest: Layer]>
    private let report: @Sendable (ProgressLine) -> Void

    /// How often the bytes of a layer are told at most.
    private static let pause = Duration.milliseconds(100)

    init(_ layers: [ContentDescriptor], _ report: @escaping @Sendable (ProgressLine) -> Void) {
        let pairs = layers.map { ($0.digest, Layer(size: $0.size)) }
        self.layers = Mutex(Dictionary(pairs) { first, _ in first })
        self.report = report
    }

    /// Tells of a layer that is going to be fetched.
    func announce(_ digest: Digest, waits: Bool) {
        tell(digest, "Pulling fs layer")
        if waits { tell(digest, "Waiting") }
    }

    /// Tells of a layer that is in the store.
    func isKnown(_ digest: Digest) {
        layers.withLock { $0[digest]?.isFetched = true }
        tell(digest, "Already exists")
    }

    /// Tells how many bytes of a layer there are.
    func received(_ digest: Digest, _ count: Int64, at now: ContinuousClock.Instant = .now) {
        let size: Int64? = layers.withLock { layers in
            guard let layer = layers[digest], !layer.isFetched else { return nil }
            if let last = layer.lastLine, now - last < Self.pause { return nil }
            layers[digest]?.lastLine = now
            return layer.size
        }
        if let size { report(.layer(digest.short, "Downloading", current: count, total: size)) }
    }

    /// Tells that all of a layer is there.
    func fetched(_ digest: Digest) {
        tell(digest, "Verifying Checksum")
        tell(digest, "Download complete")
        let layer = layers.withLock { layers in
            layers[digest]?.isFetched = true
            return layers[digest]
        }
        guard let layer, layer.isUnpacking else { return }
        tell(digest, layer.isDone ? "Pull complete" : "Extracting")
    }

    /// Tells that a layer is being unpacked.
    func unpacking(_ digest: Digest) {
        let isFetched = layers.withLock { layers in
            layers[digest]?.isUnpacking = true
            return layers[digest]?.isFetched ?? false
        }
        if isFetched { tell(digest, "Extracting") }
    }

    /// Tells that a layer is ready to be mounted.
    func unpacked(_ digest: Digest) {
        let isNews: Bool = layers.withLock { layers in
            guard let layer = layers[digest], !layer.isDone else { return false }
            layers[digest]?.isUnpacking = true
            layers[digest]?.isDone = true
            return layer.isFetched
        }
        if isNews { tell(digest, "Pull complete") }
    }

    private func tell(_ digest: Digest, _ status: String) { report(.layer(digest.short, status)) }
}
