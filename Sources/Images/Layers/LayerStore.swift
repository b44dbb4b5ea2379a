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
    let root: ContentStore.OpenFolder
    private let path: String
    let limits: Limits
    let onUnpacking: (@Sendable () -> Void)?
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
    static func imageName(_ chainID: Digest) -> FilePath {
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
