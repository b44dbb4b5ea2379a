// SPDX-License-Identifier: Apache-2.0

import Linux
import Synchronization

/// Unpacks layers while those below them are being unpacked, as far as they do not depend on them.
///
/// Most layers do not: an archive of changes has all folders on the way to what has changed. Only what their root looks like
/// is decided by the layer below, once that is read to its end.
final class LayersAhead: Sendable {
    /// How many layers are unpacked besides the one that is next.
    private static let width = 2

    private let layers: [UnpackedLayer]
    private let store: LayerStore
    private let source: LayerStore.LayerSource
    /// What the roots of the layers are; nil for those that do not come to it.
    private let roots: [Awaited<FileMetadata?>]
    /// The layers; nil for those that depend on others, or with which something is wrong.
    private let staged: [Awaited<StagedLayer?>]
    /// Which of the layers somebody has begun.
    private let begun: Mutex<Set<Int>>
    private let ends: [Awaited<Void>]

    /// Begins.
    ///
    /// - Parameters:
    ///   - layers: The layers that are missing, from the base to the top; the first one is the caller's.
    ///   - store: Where they are unpacked.
    ///   - source: Opens a layer.
    /// - Throws: Why it is not known what the layers become.
    init(
        of layers: [UnpackedLayer],
        in store: LayerStore,
        from source: @escaping LayerStore.LayerSource
    ) throws(ImageError) {
        (self.layers, self.store, self.source) = (layers, store, source)
        roots = layers.map { _ in Awaited() }
        staged = layers.map { _ in Awaited() }
        // One whose layers above are there already, or in folders, which take longer, is unpacked by itself.
        let isRow = layers[layers.count - 1].index - layers[0].index == layers.count - 1
        let form = try store.newForm()
        let canBegin = isRow && form == .image
        begun = Mutex(canBegin ? [0] : Set(layers.indices))
        ends = canBegin ? (0..<min(Self.width, layers.count - 1)).map { _ in Awaited() } : []
        for end in ends {
            do throws(SystemError) {
                try BlockingCall.start { [self] in
                    while let number = next() { stage(number) }
                    end.come(())
                }
            } catch {
                // What nobody begins is unpacked in its turn.
                end.come(())
            }
        }
    }

    private func next() -> Int? {
        begun.withLock { begun in
            let number = layers.indices.first { !begun.contains($0) }
            if let number { begun.insert(number) }
            return number
        }
    }

    private func stage(_ number: Int) {
        let layer = layers[number]
        do throws(ImageError) {
            let root = { [roots] () throws(ImageError) in
                guard let root = roots[number - 1].value else {
                    throw ImageError(.notFound, "the layer below does not come")
                }
                return root
            }
            let whole = try store.stage(
                layer,
                as: .image,
                upon: .awaited(root),
                publishing: { publish($0, of: number) },
                source(layer.index)
            )
            staged[number].come(whole)
        } catch {
            staged[number].come(nil)
        }
    }

    /// Says what the root of a layer is.
    func publish(_ root: FileMetadata, of number: Int) { roots[number].come(root) }

    /// A layer that was unpacked ahead, which is waited for; nil where it is to be unpacked now.
    func take(_ number: Int) -> StagedLayer? {
        let isFree = begun.withLock { $0.insert(number).inserted }
        return isFree || number == 0 || ends.isEmpty ? nil : staged[number].value
    }

    /// Begins no more, and waits for the end of what has begun.
    func end() {
        begun.withLock { $0 = Set(layers.indices) }
        for root in roots { root.come(nil) }
        for end in ends { _ = end.value }
    }
}
