// SPDX-License-Identifier: Apache-2.0

/// Bounds on what an image may cost, so that a hostile one ends in an error and not in a full disk or memory.
package struct Limits: Sendable {
    /// Bytes of a layer or an archive after decompression.
    package var uncompressedSize: Int64 = 256 << 30
    /// Entries of one archive.
    package var entryCount = 8_000_000
    /// Files of a layer that becomes one file itself, which are held in memory meanwhile; one with more becomes a folder.
    package var imageFileCount = 500_000
    /// Bytes of a manifest, an index, a config or another JSON document.
    package var documentSize = 8 << 20
    /// Bytes of the extension headers of one entry of an archive, each kind taken for itself.
    package var extensionSize = 1 << 20
    /// Bytes of a path in an archive; longer ones could not be opened.
    package var pathSize = 4096
    /// How many directories may be within one another in a layer.
    package var directoryDepth = 256
    /// How deep an index may be within others.
    package var indexDepth = 4
    /// Manifests of all indexes of an archive.
    package var manifestCount = 1024
    /// Layers of an image; overlayfs takes no more.
    package var layerCount = 500

    package init() {}
}
