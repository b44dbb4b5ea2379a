// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux
package import OCI

/// A layer that is to be unpacked.
struct UnpackedLayer: Sendable {
    /// Its place in the image, from the base on.
    var index: Int
    var chainID: Digest
    var diffID: Digest
    /// The chain ids of the layers below, the top one first.
    var below: [Digest]
}

/// A layer that is whole, but has no name yet; without one it goes with this object.
final class StagedLayer: Sendable {
    let layer: UnpackedLayer
    let form: LayerForm
    /// The name of its image in the folder.
    static let imageName: FilePath = "image"
    let work: ContentStore.WorkFolder
    private let store: ContentStore.OpenFolder

    init(_ layer: UnpackedLayer, as form: LayerForm, in store: ContentStore.OpenFolder) throws(SystemError) {
        (self.layer, self.form, self.store) = (layer, form, store)
        work = try ContentStore.WorkFolder(in: store, prefix: "new-")
    }

    deinit {
        // What cannot be removed now is removed by the next one to prune.
        try? store.descriptor.removeTree(work.name)
    }

    /// Gives it its name, by which it is there.
    ///
    /// A layer whose name a crash of the machine has taken away is unpacked again.
    func keep() throws(SystemError) {
        do throws(SystemError) {
            switch form {
            case .folder:
                let name = ContentStore.fileName(layer.chainID)
                try store.descriptor.rename(work.name, to: store.descriptor, name, replacing: false)
            case .image:
                let name = LayerStore.imageName(layer.chainID)
                try work.descriptor.rename(Self.imageName, to: store.descriptor, name, replacing: false)
            }
        } catch  where error.number == EEXIST {
            // Another process was first.
        }
    }
}

extension LayerStore {
    /// Opens the bytes of a layer with the given place in an image, compressed or not.
    package typealias LayerSource = @Sendable (Int) throws(ImageError) -> any ByteSource

    /// Unpacks layers that are not there yet.
    ///
    /// Several are unpacked at a time, as far as they do not depend on one another.
    ///
    /// - Parameters:
    ///   - diffIDs: The digests of the uncompressed layers, from the base to the top.
    ///   - told: Hears of each layer that is there, by its place in the list.
    ///   - source: Opens a layer; it may be asked twice for one, and by several threads.
    /// - Returns: The roots, in the same order.
    /// - Throws: ``ImageError/Code/digestMismatch`` where a layer is not what its digest says, and whatever is wrong with
    ///   its archive; nothing of it is left then.
    package func unpack(
        _ diffIDs: [Digest],
        telling told: (Int) -> Void = { _ in },
        from source: @escaping LayerSource
    ) throws(ImageError) -> [SharedDescriptor] {
        if diffIDs.count > limits.layerCount {
            throw ImageError(.limitExceeded, "the image has \(diffIDs.count) layers, more than \(limits.layerCount)")
        }
        let chain = Self.chainIDs(of: diffIDs)
        var missing: [UnpackedLayer] = []
        for (index, chainID) in chain.enumerated() where try !contains(chainID) {
            let below = Array(chain[..<index].reversed())
            missing.append(UnpackedLayer(index: index, chainID: chainID, diffID: diffIDs[index], below: below))
        }
        if missing.isEmpty { return try roots(of: chain) }
        let ahead = try LayersAhead(of: missing, in: self, from: source)
        defer { ahead.end() }
        for (number, layer) in missing.enumerated() {
            do throws(ImageError) {
                // Whatever is wrong with it is found again, with all layers below at hand.
                if let staged = ahead.take(number) {
                    try keep(staged)
                } else {
                    try unpack(layer, publishing: { ahead.publish($0, of: number) }, from: source)
                }
            } catch {
                throw error.about("layer \(layer.diffID)")
            }
            told(layer.index)
        }
        return try roots(of: chain)
    }

    private func unpack(
        _ layer: UnpackedLayer,
        publishing publish: (FileMetadata) -> Void,
        from source: LayerSource
    ) throws(ImageError) {
        do throws(ImageError) {
            try keep(stage(layer, as: newForm(), upon: below(layer), publishing: publish, source(layer.index)))
        } catch {
            guard try newForm() == .image, LayerImage.isUnfit(error) else { throw error }
            try keep(stage(layer, as: .folder, upon: below(layer), publishing: publish, source(layer.index)))
        }
    }

    private func keep(_ staged: StagedLayer) throws(ImageError) {
        try ImageError.system("keep the layer") { () throws(SystemError) in try staged.keep() }
    }

    /// What a layer lies upon.
    enum LayersBelow {
        /// The layers, the top one first.
        case known([OpenDirectory])
        /// Layers that are not there yet; the function waits until it is known what the root of the top one is.
        case awaited(() throws(ImageError) -> FileMetadata)
    }

    private func below(_ layer: UnpackedLayer) throws(ImageError) -> LayersBelow {
        var lower: [OpenDirectory] = []
        for root in try roots(of: layer.below) {
            lower.append(
                try ImageError.system("open a layer below") { () throws(SystemError) in
                    OpenDirectory(try root.descriptor.open(".", O_RDONLY | O_DIRECTORY))
                }
            )
        }
        return .known(lower)
    }

    /// Unpacks a layer and checks that it is the right one.
    ///
    /// - Parameters:
    ///   - layer: The layer.
    ///   - form: What it becomes.
    ///   - below: What it lies upon.
    ///   - publish: Hears what the root is as soon as it is as it will be.
    ///   - source: Its bytes.
    /// - Returns: The layer, on the disk.
    /// - Throws: What is wrong with the layer, or the error of a call.
    func stage(
        _ layer: UnpackedLayer,
        as form: LayerForm,
        upon below: LayersBelow,
        publishing publish: (FileMetadata) -> Void,
        _ source: any ByteSource
    ) throws(ImageError) -> StagedLayer {
        let staged = try ImageError.system("create a folder for the layer") { () throws(SystemError) in
            try StagedLayer(layer, as: form, in: root)
        }
        switch form {
        case .folder:
            let directory = try ImageError.system("open the folder for the layer") { () throws(SystemError) in
                OpenDirectory(try staged.work.descriptor.duplicate())
            }
            publish(try write(layer, source, into: directory, on: below, nil))
            try ImageError.system("keep the layer") { () throws(SystemError) in
                try staged.work.descriptor.syncFileSystem()
            }
        case .image:
            let (image, directory) = try ImageError.system("create an image for the layer") { () throws(SystemError) in
                let flags = O_RDWR | O_CREAT | O_EXCL
                let file = try staged.work.descriptor.open(StagedLayer.imageName, flags, mode: 0o400)
                return (
                    LayerImage(to: file, fileCount: limits.imageFileCount),
                    OpenDirectory(try LayerImage.makeTree(fileCount: limits.imageFileCount))
                )
            }
            publish(try write(layer, source, into: directory, on: below, image))
            try ImageError.system("keep the layer") { () throws(SystemError) in try image.finish(directory.descriptor) }
        }
        return staged
    }

    /// Writes the files of a layer.
    ///
    /// - Parameters:
    ///   - layer: The layer.
    ///   - source: Its bytes.
    ///   - directory: An empty directory.
    ///   - below: What it lies upon.
    ///   - image: Gets the contents of its files; nil has them go into the files.
    /// - Returns: What its root is.
    /// - Throws: What is wrong with the layer, or the error of a call.
    private func write(
        _ layer: UnpackedLayer,
        _ source: any ByteSource,
        into directory: OpenDirectory,
        on below: LayersBelow,
        _ image: LayerImage?
    ) throws(ImageError) -> FileMetadata {
        let plain = LimitedSource(DecompressedSource(source), limit: limits.uncompressedSize, name: "the layer")
        let hashed = HashingSource(plain, algorithm: layer.diffID.algorithm)
        let ahead = ReadAhead(hashed)
        var lower: [OpenDirectory]?
        if case .known(let roots) = below { lower = roots }
        let unpacker = LayerUnpacker(root: directory, lower: lower, limits: limits, image: image)
        try confined(to: directory, reading: lower ?? []) { () throws(ImageError) in
            onUnpacking?()
            try unpacker.unpack(TarReader(ahead, limits: limits))
            try ahead.drain()
        }
        if hashed.digest != layer.diffID {
            throw ImageError(.digestMismatch, "its content has the digest \(hashed.digest)")
        }
        if case .awaited(let root) = below, !unpacker.rootHasEntry { try unpacker.finishRoot(root()) }
        return try ImageError.system("look at the root of the layer") { () throws(SystemError) in
            try FileMetadata(of: directory.descriptor)
        }
    }

    /// What the thread that unpacks may do: give files owners and attributes, make nodes, and (`SYS_ADMIN`) read and set the
    /// marks of overlayfs, whose attributes are of the `trusted` kind.
    private static let capabilities = CapabilitySet([
        .chown, .dacOverride, .fowner, .fsetid, .mknod, .setfcap, .sysAdmin,
    ])

    /// Runs on a thread that can write below one directory only.
    private func confined(
        to directory: OpenDirectory,
        reading lower: [OpenDirectory],
        _ body: () throws(ImageError) -> Void
    ) throws(ImageError) {
        var failure: ImageError?
        try ImageError.system("confine the unpacking of the layer") { () throws(SystemError) in
            try ConfinedThread.run(
                writable: [directory.descriptor.number],
                readable: lower.map { $0.descriptor.number },
                keeping: Self.capabilities
            ) {
                do throws(ImageError) {
                    try body()
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
    }
}
