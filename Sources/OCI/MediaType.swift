// SPDX-License-Identifier: Apache-2.0

/// What kind of content a descriptor points to.
package struct MediaType: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    package var rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package var description: String { rawValue }

    package static let imageManifest = Self(rawValue: "application/vnd.oci.image.manifest.v1+json")
    package static let imageIndex = Self(rawValue: "application/vnd.oci.image.index.v1+json")
    package static let imageConfig = Self(rawValue: "application/vnd.oci.image.config.v1+json")
    package static let layer = Self(rawValue: "application/vnd.oci.image.layer.v1.tar")
    package static let layerGzip = Self(rawValue: "application/vnd.oci.image.layer.v1.tar+gzip")
    package static let layerZstd = Self(rawValue: "application/vnd.oci.image.layer.v1.tar+zstd")
    package static let emptyJSON = Self(rawValue: "application/vnd.oci.empty.v1+json")
    package static let dockerManifest = Self(rawValue: "application/vnd.docker.distribution.manifest.v2+json")
    package static let dockerManifestList = Self(
        rawValue: "application/vnd.docker.distribution.manifest.list.v2+json"
    )
    package static let dockerImageConfig = Self(rawValue: "application/vnd.docker.container.image.v1+json")
    package static let dockerLayer = Self(rawValue: "application/vnd.docker.image.rootfs.diff.tar")
    package static let dockerLayerGzip = Self(rawValue: "application/vnd.docker.image.rootfs.diff.tar.gzip")
    package static let dockerLayerZstd = Self(rawValue: "application/vnd.docker.image.rootfs.diff.tar.zstd")

    /// Whether it is a manifest of one image.
    package var isManifest: Bool { self == .imageManifest || self == .dockerManifest }
    /// Whether it is a list of manifests.
    package var isIndex: Bool { self == .imageIndex || self == .dockerManifestList }
    /// Whether it is the config of an image that can be run, not of some other artifact.
    package var isImageConfig: Bool { self == .imageConfig || self == .dockerImageConfig }

    /// Whether it is a layer of a root file system.
    ///
    /// Layers that may not be distributed (foreign ones) count too.
    package var isLayer: Bool {
        rawValue.hasPrefix("application/vnd.oci.image.layer.v1.tar")
            || rawValue.hasPrefix("application/vnd.oci.image.layer.nondistributable.v1.tar")
            || rawValue.hasPrefix("application/vnd.docker.image.rootfs.diff.tar")
            || rawValue.hasPrefix("application/vnd.docker.image.rootfs.foreign.diff.tar")
    }

    /// The name that the OCI has for the same, which its manifests have to use (OCI image specification, media-types.md).
    package var inOCI: Self {
        switch self {
        case .dockerLayer: .layer
        case .dockerLayerGzip: .layerGzip
        case .dockerLayerZstd: .layerZstd
        default: self
        }
    }

    /// The first, long refused form of a manifest.
    package var isSchema1: Bool {
        rawValue == "application/vnd.docker.distribution.manifest.v1+json"
            || rawValue == "application/vnd.docker.distribution.manifest.v1+prettyjws"
    }
}
