// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import Linux
import OCI
import Synchronization

/// A layer that a step has made.
struct MadeLayer: Sendable {
    var stored: StoredLayer
    /// The bytes of all its files.
    var contentSize: Int64
    /// What overlayfs has written it to, where all of that is in the layer.
    var folder: WrittenFolder?
}

/// What overlayfs has written, as a layer below others.
struct WrittenFolder: Sendable {
    /// The folder, which is there as long as this is open.
    var root: SharedDescriptor
    var isInMemory: Bool
}

/// The layers that a build has made, as the folders that it has made them from.
///
/// As such they lie below the next step at once. Until they are unpacked takes as long as many a step, and is only waited
/// for where they are needed again: by a later build, or by a container.
final class FreshLayers: Sendable {
    private struct State {
        /// By the chain identifiers of the layers.
        var roots: [Digest: SharedDescriptor] = [:]
        var trees: [BuildTree] = []
        var bytesInMemory: Int64 = 0
    }

    private let state = Mutex(State())

    private static let mostBytesInMemory: Int64 = 128 << 20

    /// Takes note of a layer.
    ///
    /// - Parameters:
    ///   - folder: What it was made from.
    ///   - tree: The layer, upon those that were below it when it was made.
    func add(_ folder: WrittenFolder, as tree: BuildTree) {
        guard let layer = tree.layers.last, let id = tree.layers.chainID else { return }
        state.withLock { state in
            if folder.isInMemory {
                if state.bytesInMemory + layer.content.size > Self.mostBytesInMemory { return }
                state.bytesInMemory += layer.content.size
            }
            state.roots[id] = folder.root
            state.trees.append(tree)
        }
    }

    /// The roots of layers, which are unpacked where they are not new.
    ///
    /// - Parameters:
    ///   - tree: The layers.
    ///   - images: Where the others are.
    /// - Returns: The roots, from the base to the top.
    /// - Throws: What is wrong with a layer.
    func roots(of tree: BuildTree, in images: ImageStore) throws -> [SharedDescriptor] {
        let chain = LayerStore.chainIDs(of: tree.layers.map(\.diffID))
        let roots = state.withLock(\.roots)
        let fresh = chain.map { roots[$0] }.reversed().prefix { $0 != nil }.compactMap(\.self).reversed()
        return try images.unpack(Array(tree.layers.dropLast(fresh.count))) + fresh
    }

    /// All layers up to a new one, for each.
    var trees: [BuildTree] { state.withLock(\.trees) }
}

/// A folder of a build that is removed when nobody uses it any more.
final class PassingFolder: Sendable {
    let folder: ContainerFolder
    private let engine: Engine

    /// - Parameters:
    ///   - path: The folder, which need not be there yet.
    ///   - engine: The engine.
    init(_ path: String, _ engine: Engine) {
        folder = ContainerFolder(path: path, endsWithMachine: true)
        self.engine = engine
    }

    deinit {
        do {
            try folder.discard(to: engine.trash.path)
        } catch {
            engine.report("cannot remove the folder of a step; the next engine tries again", error)
        }
        engine.trash.empty()
    }

    /// What overlayfs has written to it; nil where that cannot be opened, so that its layer is unpacked for the next step.
    var written: WrittenFolder? {
        guard let root = try? Descriptor.open(folder.upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else { return nil }
        return WrittenFolder(root: SharedDescriptor(root, upon: self), isInMemory: false)
    }
}
