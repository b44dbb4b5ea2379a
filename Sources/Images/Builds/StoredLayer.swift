// SPDX-License-Identifier: Apache-2.0

package import OCI

/// A layer whose bytes are in the content store.
package struct StoredLayer: Codable, Hashable, Sendable {
    /// The digest of its uncompressed tar.
    package var diffID: Digest
    /// Its bytes as they are stored, compressed or not.
    package var content: ContentDescriptor

    package init(diffID: Digest, content: ContentDescriptor) {
        self.diffID = diffID
        self.content = content
    }
}

extension StoredImage {
    /// The layers from the base to the top.
    package var layers: [StoredLayer] {
        zip(config.rootfs.diffIDs, manifest.layers).map { diffID, layer in
            StoredLayer(
                diffID: diffID,
                content: ContentDescriptor(mediaType: layer.mediaType.inOCI, digest: layer.digest, size: layer.size)
            )
        }
    }
}

extension [StoredLayer] {
    /// What the layers are known by together: the chain id of the top one; nil where there is none.
    package var chainID: Digest? { LayerStore.chainIDs(of: map(\.diffID)).last }
}
