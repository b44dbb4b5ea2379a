// SPDX-License-Identifier: Apache-2.0

package import OCI

/// An image of the store.
package struct StoredImage: Equatable, Sendable {
    /// The digest of the config: what Docker shows as the id.
    package var id: Digest
    /// What its names stand for: a manifest, or an index of several.
    package var target: ContentDescriptor
    /// In order of the text.
    package var references: [ImageReference]
    /// When it got the last of its names, in UTC: `2026-11-23T15:12:25.000000001Z`; nil where nobody has written it down.
    package var tagged: String?
    /// The manifest for this machine, or the nearest.
    package var manifestDescriptor: ContentDescriptor
    package var manifest: ImageManifest
    package var config: ImageConfig

    /// Bytes of config and layers as they are stored.
    package var storedSize: Int64 {
        manifest.layers.reduce(manifest.config.size) { $0 + $1.size }
    }
}

/// A step of how an image was made, with the layer it made.
package struct HistoryStep: Equatable, Sendable {
    package var history: ImageConfig.History
    /// The digest of the uncompressed layer; nil where the step made none.
    package var diffID: Digest?
    /// Bytes of the layer as it is stored.
    package var storedSize: Int64
}

/// What was removed.
package struct Removal: Equatable, Sendable {
    /// Names that are gone.
    package var untagged: [ImageReference] = []
    /// Ids of images that are gone.
    package var deleted: [Digest] = []
    /// Chain ids of layers that are gone.
    package var layers: [Digest] = []
    /// Bytes of stored content that are free again.
    package var reclaimed: Int64 = 0

    package init() {}
}
