// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux
package import OCI
import Synchronization

/// Layers ready to be mounted, below `layers`: each is a folder, or an image of EROFS where the kernel can mount that.
///
/// A layer is named by the chain id: the digest of the layer and of all below it. What a layer holds depends on those below,
/// since its paths may lead over their links.
package final class LayerStore: Sendable {
    private let root: ContentStore.OpenFolder
    private let path: String
    private let limits: Limits
    private let onUnpacking: (@Sendable () -> Void)?
    /// What new layers become; nil until the kernel has been asked.
    private let form: Mutex<LayerForm?>
    private let mounts = Mutex(Mounts())

    /// The images that are mounted: containers that have one in common share what of it is in memory.
    private struct Mounts {
        private static let limit = 1024
        private var roots: [Digest: (root: SharedDescriptor, lastUse: UInt64)] = [:]
        private var useCount: UInt64 = 0

        /// The mount of an image that everybody uses; nil where there is none.
        ///
        /// - Parameters:
        ///   - chainID: The layer.
        ///   - new: What becomes it where there is none.
        /// - Returns: The root.
        mutating func use(_ chainID: Digest, or new: SharedDescriptor? = nil) -> SharedDescriptor? {
            guard let root = roots[chainID]?.root ?? new else { return nil }
            useCount += 1
            roots[chainID] = (root, useCount)
            // Whoever has it keeps it.
            if roots.count > Self.limit, let oldest = roots.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                roots[oldest.key] = nil
            }
            return root
        }

        mutating func forget(_ chainID: Digest) { roots[chainID] = nil }
    }

    /// - Parameters:
    ///   - store: The store that the layers belong to.
    ///   - path: The folder of the store.
    ///   - limits: Bounds on what a layer may hold.
    ///   - form: What new layers become; nil takes the best that the kernel can mount.
    ///   - onUnpacking: Called on the thread that unpacks, with no more rights than it has; for tests of these.
    /// - Throws: The error of a call.
    package init(
        in store: ContentStore,
        path: String,
        limits: Limits = Limits(),
        form: LayerForm? = nil,
        onUnpacking: (@Sendable () -> Void)? = nil
    ) throws(ImageError) {
        root = try ImageError.system("open the layers of \(path)") { () throws(SystemError) in
            try store.root.folder("layers")
        }
        self.path = "\(path)/layers"
        self.limits = limits
        self.form = Mutex(form)
        self.onUnpacking = onUnpacking
    }

    /// The chain ids of layers, from the base to the top.
    ///
    /// - Parameter diffIDs: The digests of the uncompressed layers.
    /// - Returns: As many chain ids.
    package static func chainIDs(of diffIDs: [Digest]) -> [Digest] {
        var chain: [Digest] = []
        for id in diffIDs {
            chain.append(chain.last.map { Digest(sha256: Array("\($0) \(id)".utf8)) } ?? id)
        }
        return chain
    }

    // MARK: What is there

    /// The name of a layer that is an image.
    private static func imageName(_ chainID: Digest) -> FilePath {
        FilePath(Array(ContentStore.fileName(chainID).bytes) + Array(imageSuffix.utf8)) ?? "image"
    }

    private static let imageSuffix = ".erofs"

    /// What layers become when they are unpacked.
    ///
    /// - Throws: Why the kernel could not be asked.
    package func newForm() throws(ImageError) -> LayerForm {
        if let known = form.withLock(\.self) { return known }
        let found = try ImageError.system("look what the kernel can mount from \(path)") { () throws(SystemError) in
            try LayerForm.best(in: root)
        }
        form.withLock { $0 = found }
        return found
    }

    /// The folder or the image of a layer on the host, for people to read; a folder where it is not unpacked yet.
    package func path(of chainID: Digest) throws(ImageError) -> String {
        let isImage = try status(of: chainID)?.form == .image
        return "\(path)/\(isImage ? Self.imageName(chainID) : ContentStore.fileName(chainID))"
    }

    /// Whether a layer is there.
    package func contains(_ chainID: Digest) throws(ImageError) -> Bool {
        switch try status(of: chainID)?.form {
        case nil: return false
        case .folder: return true
        // The kernel may be another than when it was made.
        case .image: return try newForm() == .image
        }
    }

    private func status(of chainID: Digest) throws(ImageError) -> (form: LayerForm, status: FileStatus)? {
        try ImageError.system("look for the layer \(chainID)") { () throws(SystemError) in
            if let status = try root.descriptor.status(of: ContentStore.fileName(chainID)) { return (.folder, status) }
            return try root.descriptor.status(of: Self.imageName(chainID)).map { (.image, $0) }
        }
    }

    /// Bytes of a layer's image; nil for a folder.
    package func imageSize(of chainID: Digest) throws(ImageError) -> Int64? {
        guard let (form, status) = try status(of: chainID), form == .image else { return nil }
        return status.size
    }

    /// The roots of layers, to be read and mounted as long as they are held.
    ///
    /// - Parameter chainIDs: The chain ids.
    /// - Returns: The directories in the same order; what is mounted for them is attached nowhere.
    /// - Throws: The error of a call.
    package func roots(of chainIDs: [Digest]) throws(ImageError) -> [SharedDescriptor] {
        var roots: [SharedDescriptor] = []
        for chainID in chainIDs { roots.append(try layerRoot(chainID)) }
        return roots
    }

    private func layerRoot(_ chainID: Digest) throws(ImageError) -> SharedDescriptor {
        guard try status(of: chainID)?.form == .image else {
            return try ImageError.system("open the layer \(chainID)") { () throws(SystemError) in
                let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
                return SharedDescriptor(try root.descriptor.open(ContentStore.fileName(chainID), flags))
            }
        }
        if let root = mounts.withLock({ $0.use(chainID) }) { return root }
        if try newForm() != .image {
            throw ImageError(
                .unsupported,
                "cannot mount the layer \(chainID): it is an image of EROFS, and this kernel cannot mount a file as a layer; "
                    + "start the machine with Linux 6.15 or later, or create the container again"
            )
        }
        let new = try ImageError.system("mount the layer \(chainID)") { () throws(SystemError) in
            try LayerForm.mount(root.descriptor.open(Self.imageName(chainID), O_RDONLY | O_NOFOLLOW))
        }
        return mounts.withLock { $0.use(chainID, or: new) } ?? new
    }

    // MARK: Unpacking

    /// Unpacks layers that are not there yet.
    ///
    /// - Parameters:
    ///   - diffIDs: The digests of the uncompressed layers, from the base to the top.
    ///   - source: Opens the layer with the given place in the list, compressed or not; it may be asked twice.
    /// - Returns: The roots, in the same order.
    /// - Throws: ``ImageError/Code/digestMismatch`` where a layer is not what its digest says, and whatever is wrong with
    ///   its archive; nothing of it is left then.
    package func unpack(
        _ diffIDs: [Digest],
        from source: (Int) throws(ImageError) -> any ByteSource
    ) throws(ImageError) -> [SharedDescriptor] {
        if diffIDs.count > limits.layerCount {
            throw ImageError(.limitExceeded, "the image has \(diffIDs.count) layers, more than \(limits.layerCount)")
        }
        let chain = Self.chainIDs(of: diffIDs)
        for (index, chainID) in chain.enumerated() where try !contains(chainID) {
            let layer = UnpackedLayer(chainID: chainID, diffID: diffIDs[index], below: chain[..<index].reversed())
            do throws(ImageError) {
                try unpack(layer) { () throws(ImageError) in try source(index) }
            } catch {
                throw error.about("layer \(diffIDs[index])")
            }
        }
        return try roots(of: chain)
    }

    /// A layer that is to be unpacked.
    private struct UnpackedLayer {
        var chainID: Digest
        var diffID: Digest
        /// The chain ids of the layers below, the top one first.
        var below: [Digest]
    }

    private func unpack(
        _ layer: UnpackedLayer,
        from source: () throws(ImageError) -> any ByteSource
    ) throws(ImageError) {
        do throws(ImageError) {
            try unpack(layer, as: newForm(), source())
        } catch {
            guard try newForm() == .image, LayerImage.isUnfit(error) else { throw error }
            try unpack(layer, as: .folder, source())
        }
    }

    private func unpack(
        _ layer: UnpackedLayer,
        as form: LayerForm,
        _ source: any ByteSource
    ) throws(ImageError) {
        var lower: [OpenDirectory] = []
        for root in try roots(of: layer.below) {
            lower.append(
                try ImageError.system("open a layer below") { () throws(SystemError) in
                    OpenDirectory(try root.descriptor.open(".", O_RDONLY | O_DIRECTORY))
                }
            )
        }
        let work = try ImageError.system("create a folder for the layer") { () throws(SystemError) in
            try ContentStore.WorkFolder(in: root, prefix: "new-")
        }
        defer { try? root.descriptor.removeTree(work.name) }
        switch form {
        case .folder:
            let directory = try ImageError.system("open the folder for the layer") { () throws(SystemError) in
                OpenDirectory(try work.descriptor.duplicate())
            }
            try write(layer, source, into: directory, on: lower, nil)
            try ImageError.system("keep the layer") { () throws(SystemError) in
                try work.descriptor.syncFileSystem()
                try keep(work.name, of: root.descriptor, as: ContentStore.fileName(layer.chainID))
            }
        case .image:
            let name: FilePath = "image"
            let (image, directory) = try ImageError.system("create an image for the layer") { () throws(SystemError) in
                (
                    LayerImage(
                        to: try work.descriptor.open(name, O_RDWR | O_CREAT | O_EXCL, mode: 0o400),
                        fileCount: limits.imageFileCount
                    ),
                    OpenDirectory(try LayerImage.makeTree(fileCount: limits.imageFileCount))
                )
            }
            try write(layer, source, into: directory, on: lower, image)
            try ImageError.system("keep the layer") { () throws(SystemError) in
                try image.finish(directory.descriptor)
                try keep(name, of: work.descriptor, as: Self.imageName(layer.chainID))
            }
        }
    }

    /// Unpacks a layer and checks that it is the right one.
    ///
    /// - Parameters:
    ///   - layer: The layer.
    ///   - source: Its bytes.
    ///   - directory: An empty directory.
    ///   - lower: The layers below, the top one first.
    ///   - image: Gets the contents of its files; nil has them go into the files.
    /// - Throws: What is wrong with the layer, or the error of a call.
    private func write(
        _ layer: UnpackedLayer,
        _ source: any ByteSource,
        into directory: OpenDirectory,
        on lower: [OpenDirectory],
        _ image: LayerImage?
    ) throws(ImageError) {
        let plain = LimitedSource(DecompressedSource(source), limit: limits.uncompressedSize, name: "the layer")
        let hashed = HashingSource(plain, algorithm: layer.diffID.algorithm)
        let ahead = ReadAhead(hashed)
        try confined(to: directory, reading: lower) { () throws(ImageError) in
            onUnpacking?()
            try LayerUnpacker(root: directory, lower: lower, limits: limits, image: image)
                .unpack(TarReader(ahead, limits: limits))
            try ahead.drain()
        }
        if hashed.digest != layer.diffID {
            throw ImageError(.digestMismatch, "its content has the digest \(hashed.digest)")
        }
    }

    /// Gives what is on the disk its name.
    ///
    /// A layer whose name a crash of the machine has taken away is unpacked again.
    private func keep(
        _ name: FilePath,
        of folder: borrowing Descriptor,
        as kept: FilePath
    ) throws(SystemError) {
        do throws(SystemError) {
            try folder.rename(name, to: root.descriptor, kept, replacing: false)
        } catch  where error.number == EEXIST {
            // Another process was first.
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

    // MARK: Removal

    /// Removes layers that nothing needs, and what processes that have died left unfinished.
    ///
    /// - Parameter needed: The chain ids to keep.
    /// - Returns: The chain ids of those removed.
    /// - Throws: The error of a call.
    package func prune(keeping needed: Set<Digest>) throws(ImageError) -> [Digest] {
        try ImageError.system("remove layers") { () throws(SystemError) in
            var removed: Set<Digest> = []
            for name in try root.descriptor.entries() {
                let text = name.description
                let hex = text.hasSuffix(Self.imageSuffix) ? text.dropLast(Self.imageSuffix.count) : text[...]
                if let chainID = Digest(.sha256, hex: String(hex)) {
                    if needed.contains(chainID) { continue }
                    removed.insert(chainID)
                    try root.descriptor.removeTree(name)
                    // What is in use stays for its users.
                    mounts.withLock { $0.forget(chainID) }
                } else if name.bytes.starts(with: "new-".utf8) {
                    try ContentStore.WorkFolder.removeAbandoned(name, in: root)
                }
            }
            return removed.sorted()
        }
    }
}
