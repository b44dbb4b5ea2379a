// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
package import OCI

/// Layers ready to be mounted, each in a folder below `layers`.
///
/// A folder is named by the chain id: the digest of the layer and of all below it. What a layer's folder holds depends on
/// those below, since its paths may lead over their links.
package final class LayerStore: Sendable {
    private let root: ContentStore.OpenFolder
    private let path: String
    private let limits: Limits

    /// - Parameters:
    ///   - store: The store that the layers belong to.
    ///   - path: The folder of the store.
    ///   - limits: Bounds on what a layer may hold.
    /// - Throws: The error of a call.
    package init(in store: ContentStore, path: String, limits: Limits = Limits()) throws(ImageError) {
        root = try ImageError.system("open the layers of \(path)") { () throws(SystemError) in
            try store.root.folder("layers")
        }
        self.path = "\(path)/layers"
        self.limits = limits
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

    /// The folder of a layer on the host.
    package func path(of chainID: Digest) -> String {
        "\(path)/\(chainID.hex)"
    }

    /// Whether a layer is there.
    package func contains(_ chainID: Digest) throws(ImageError) -> Bool {
        try ImageError.system("look for the layer \(chainID)") { () throws(SystemError) in
            try root.descriptor.status(of: ContentStore.fileName(chainID)) != nil
        }
    }

    /// Unpacks layers that are not there yet.
    ///
    /// - Parameters:
    ///   - diffIDs: The digests of the uncompressed layers, from the base to the top.
    ///   - source: Opens the layer with the given place in the list, compressed or not.
    /// - Returns: The folders, in the same order.
    /// - Throws: ``ImageError/Code/digestMismatch`` where a layer is not what its digest says, and whatever is wrong with
    ///   its archive; nothing of it is left then.
    package func unpack(
        _ diffIDs: [Digest],
        from source: (Int) throws(ImageError) -> any ByteSource
    ) throws(ImageError) -> [String] {
        if diffIDs.count > limits.layerCount {
            throw ImageError(.limitExceeded, "the image has \(diffIDs.count) layers, more than \(limits.layerCount)")
        }
        let chain = Self.chainIDs(of: diffIDs)
        for (index, chainID) in chain.enumerated() where try !contains(chainID) {
            do {
                try unpack(chainID, diffIDs[index], on: Array(chain[..<index].reversed()), source(index))
            } catch {
                throw error.about("layer \(diffIDs[index])")
            }
        }
        return chain.map(path(of:))
    }

    private func unpack(
        _ chainID: Digest,
        _ diffID: Digest,
        on below: [Digest],
        _ source: any ByteSource
    ) throws(ImageError) {
        var lower: [OpenDirectory] = []
        for chainID in below { lower.append(OpenDirectory(try open(chainID))) }
        let work = try ImageError.system("create a folder for the layer") { () throws(SystemError) in
            try ContentStore.WorkFolder(in: root, prefix: "new-")
        }
        defer { try? root.descriptor.removeTree(work.name) }
        let directory = try ImageError.system("open the folder for the layer") { () throws(SystemError) in
            OpenDirectory(try work.descriptor.duplicate())
        }
        let plain = LimitedSource(DecompressedSource(source), limit: limits.uncompressedSize, name: "the layer")
        let hashed = HashingSource(plain, algorithm: diffID.algorithm)
        try confined(to: directory, reading: lower) { () throws(ImageError) in
            try LayerUnpacker(root: directory, lower: lower, limits: limits)
                .unpack(TarReader(hashed, limits: limits))
            try hashed.drain()
        }
        if hashed.digest != diffID {
            throw ImageError(.digestMismatch, "its content has the digest \(hashed.digest)")
        }
        try ImageError.system("keep the layer") { () throws(SystemError) in
            try directory.descriptor.syncFileSystem()
            do throws(SystemError) {
                let name = ContentStore.fileName(chainID)
                try root.descriptor.rename(work.name, to: root.descriptor, name, replacing: false)
            } catch  where error.number == EEXIST {
                return  // Another process was first.
            }
            try root.descriptor.sync()
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

    private func open(_ chainID: Digest) throws(ImageError) -> Descriptor {
        try ImageError.system("open the layer \(chainID)") { () throws(SystemError) in
            try root.descriptor.open(ContentStore.fileName(chainID), O_RDONLY | O_DIRECTORY)
        }
    }

    /// Removes layers that nothing needs, and what processes that have died left unfinished.
    ///
    /// - Parameter needed: The chain ids to keep.
    /// - Returns: The chain ids of those removed.
    /// - Throws: The error of a call.
    package func prune(keeping needed: Set<Digest>) throws(ImageError) -> [Digest] {
        try ImageError.system("remove layers") { () throws(SystemError) in
            var removed: [Digest] = []
            for name in try root.descriptor.entries() {
                if let chainID = Digest(.sha256, hex: name.description) {
                    if needed.contains(chainID) { continue }
                    removed.append(chainID)
                    try root.descriptor.removeTree(name)
                } else if name.bytes.starts(with: "new-".utf8) {
                    try ContentStore.WorkFolder.removeAbandoned(name, in: root)
                }
            }
            return removed.sorted()
        }
    }
}
