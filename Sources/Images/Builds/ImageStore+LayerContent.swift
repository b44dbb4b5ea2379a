// SPDX-License-Identifier: Apache-2.0

import Linux
package import OCI

extension ImageStore {
    /// The digest of what a layer holds but for times, so that layers can be told to be the same that were made at
    /// different times.
    ///
    /// - Parameter layer: A layer of the store.
    /// - Returns: The digest of all entries in their order.
    /// - Throws: What is wrong with its archive.
    package func contentDigest(of layer: StoredLayer) throws(ImageError) -> Digest {
        let reader = TarReader(DecompressedSource(try content.open(layer.content.digest)), limits: limits)
        var hash = RunningHash()
        func add(_ bytes: some Collection<UInt8>) {
            let framed = Array("\(bytes.count):".utf8) + bytes
            framed.withUnsafeBytes { hash.update($0) }
        }
        while let entry = try reader.next() {
            add(entry.path.bytes)
            add(entry.target.bytes)
            let device = "\(entry.device.major):\(entry.device.minor)"
            add(Array("\(entry.kind) \(entry.permissions) \(entry.uid) \(entry.gid) \(entry.size) \(device)".utf8))
            for attribute in entry.attributes {
                add(attribute.name.bytes)
                add(attribute.value)
            }
            try reader.forEachPiece { piece, _ in hash.update(piece) }
        }
        return hash.digest
    }
}
