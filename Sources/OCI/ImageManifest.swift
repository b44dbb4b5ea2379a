// SPDX-License-Identifier: Apache-2.0

/// The manifest of one image: its config and its layers from the base to the top.
package struct ImageManifest: Codable, Equatable, Sendable {
    package var schemaVersion: Int
    package var mediaType: MediaType?
    package var artifactType: String?
    package var config: ContentDescriptor
    package var layers: [ContentDescriptor]
    package var subject: ContentDescriptor?
    @OmittedWhenEmpty package var annotations: [String: String]

    package init(config: ContentDescriptor, layers: [ContentDescriptor], mediaType: MediaType = .imageManifest) {
        schemaVersion = 2
        self.mediaType = mediaType
        self.config = config
        self.layers = layers
    }
}

/// A list of manifests, most often of one image for several platforms.
package struct ImageIndex: Codable, Equatable, Sendable {
    package var schemaVersion: Int
    package var mediaType: MediaType?
    package var artifactType: String?
    package var manifests: [ContentDescriptor]
    package var subject: ContentDescriptor?
    @OmittedWhenEmpty package var annotations: [String: String]

    package init(manifests: [ContentDescriptor], mediaType: MediaType = .imageIndex) {
        schemaVersion = 2
        self.mediaType = mediaType
        self.manifests = manifests
    }
}

/// A manifest or an index, told apart by what the document says and not by guessing.
///
/// A document that could be read as both is refused (CVE-2021-41190).
package enum ImageDocument: Equatable, Sendable {
    case manifest(ImageManifest)
    case index(ImageIndex)
}

extension ImageDocument: Decodable {
    private enum Key: String, CodingKey {
        case schemaVersion
        case mediaType
        case config
        case layers
        case fsLayers
        case manifests
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func refuse(_ key: Key, _ message: String) -> DecodingError {
            .dataCorruptedError(forKey: key, in: container, debugDescription: message)
        }
        let version = try container.decode(Int.self, forKey: .schemaVersion)
        if version != 2 {
            throw refuse(.schemaVersion, "schema version \(version) is not supported, only 2; convert the image")
        }
        let type = try container.decodeIfPresent(MediaType.self, forKey: .mediaType)
        let isManifest = [.config, .layers, .fsLayers].contains(where: container.contains)
        let isIndex = container.contains(.manifests)
        if isManifest && isIndex { throw refuse(.manifests, "it has the fields of a manifest and of an index") }
        if let type, isManifest ? !type.isManifest : !type.isIndex {
            throw refuse(.mediaType, "`\(type)` does not fit the fields of the document")
        }
        self = isIndex ? .index(try ImageIndex(from: decoder)) : .manifest(try ImageManifest(from: decoder))
    }
}
