// SPDX-License-Identifier: Apache-2.0

/// The config of an image: what it runs by default, its layers and its history.
///
/// It has the fields of the OCI image specification and those of Docker. It is only ever read from: the digest of a
/// config is the identity of its image, so its bytes are kept as they came.
package struct ImageConfig: Codable, Equatable, Sendable {
    /// When it was made, as RFC 3339 text.
    package var created: String?
    package var author: String?
    package var architecture: String?
    package var os: String?
    package var variant: String?
    package var osVersion: String?
    package var osFeatures: [String]?
    /// What a container of the image runs with.
    package var config: ContainerConfig?
    package var rootfs: RootFS
    package var history: [History]?
    /// A commit message.
    package var comment: String?
    package var dockerVersion: String?
    /// What was kept of the build, so that others need not do it again: a text of wharf's own.
    package var buildCache: String?

    private enum CodingKeys: String, CodingKey {
        case created
        case author
        case architecture
        case os
        case variant
        case osVersion = "os.version"
        case osFeatures = "os.features"
        case config
        case rootfs
        case history
        case comment
        case dockerVersion = "docker_version"
        case buildCache = "wharf.build-cache"
    }

    package init(platform: Platform, diffIDs: [Digest]) {
        architecture = platform.architecture
        os = platform.os
        variant = platform.variant
        rootfs = RootFS(diffIDs: diffIDs)
    }

    /// What the image runs on; Linux where nothing is said.
    package var platform: Platform {
        Platform(
            os: os ?? "linux",
            architecture: architecture ?? "",
            variant: variant.flatMap { $0.isEmpty ? nil : $0 }
        )
    }
}

extension ImageConfig {
    /// The layers from the base to the top, by the digests of their uncompressed tars.
    package struct RootFS: Codable, Equatable, Sendable {
        /// Always `layers`.
        package var type: String
        package var diffIDs: [Digest]

        private enum CodingKeys: String, CodingKey {
            case type
            case diffIDs = "diff_ids"
        }

        package init(diffIDs: [Digest]) {
            type = "layers"
            self.diffIDs = diffIDs
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            type = try container.decodeIfPresent(String.self, forKey: .type) ?? "layers"
            diffIDs = try container.decodeIfPresent([Digest].self, forKey: .diffIDs) ?? []
        }
    }

    /// One step of how an image was made.
    package struct History: Codable, Equatable, Sendable {
        package var created: String?
        package var createdBy: String?
        package var author: String?
        package var comment: String?
        /// Whether the step made no layer.
        package var emptyLayer: Bool?

        private enum CodingKeys: String, CodingKey {
            case created
            case createdBy = "created_by"
            case author
            case comment
            case emptyLayer = "empty_layer"
        }

        package init(
            created: String? = nil,
            createdBy: String? = nil,
            author: String? = nil,
            comment: String? = nil,
            emptyLayer: Bool? = nil
        ) {
            self.created = created
            self.createdBy = createdBy
            self.author = author
            self.comment = comment
            self.emptyLayer = emptyLayer
        }
    }
}
