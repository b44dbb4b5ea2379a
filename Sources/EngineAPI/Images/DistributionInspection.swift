// SPDX-License-Identifier: Apache-2.0

package import OCI

/// What a registry has for a name: the answer to `GET /distribution/{name}/json`.
package struct DistributionInspection: Codable, Equatable, Sendable {
    /// A manifest or an index.
    package struct Descriptor: Codable, Equatable, Sendable {
        package var mediaType: String
        package var digest: String
        package var size: Int64
    }

    package var descriptor: Descriptor
    package var platforms: [Platform] = []

    private enum CodingKeys: String, CodingKey {
        case descriptor = "Descriptor"
        case platforms = "Platforms"
    }

    package init(_ descriptor: ContentDescriptor) {
        self.descriptor = Descriptor(
            mediaType: descriptor.mediaType.rawValue,
            digest: descriptor.digest.description,
            size: descriptor.size
        )
    }
}
