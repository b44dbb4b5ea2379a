// SPDX-License-Identifier: Apache-2.0

/// An image in a list.
package struct ImageSummary: ZeroRepresentable, Sendable {
    /// How many use it; -1 where nobody counted.
    package var containers: Int = -1
    /// Seconds since 1970.
    @Always package var created: Int64
    @Always package var id: String
    @Nullable package var labels: [String: String]?
    @Always package var parentID: String
    @Nullable package var repoDigests: [String]?
    /// Empty and not nil where there is none.
    @Nullable package var repoTags: [String]?
    /// In bytes; -1 where nobody counted.
    package var sharedSize: Int64 = -1
    /// In bytes.
    @Always package var size: Int64
    /// What old clients read for the size.
    @Omitted package var virtualSize: Int64

    private enum CodingKeys: String, CodingKey {
        case containers = "Containers"
        case created = "Created"
        case id = "Id"
        case labels = "Labels"
        case parentID = "ParentId"
        case repoDigests = "RepoDigests"
        case repoTags = "RepoTags"
        case sharedSize = "SharedSize"
        case size = "Size"
        case virtualSize = "VirtualSize"
    }

    package init() {}
}

/// Everything about one image.
package struct ImageInspection: ZeroRepresentable, Sendable {
    @Always package var id: String
    @Always package var repoTags: [String]
    @Always package var repoDigests: [String]
    @Always package var parent: String
    @Always package var comment: String
    /// RFC 3339 text as the image has it; never empty, since clients parse it.
    @Always package var created: String
    @Always package var container: String
    /// Always present: Docker Compose 1 does not recreate containers without it.
    @Always package var containerConfig: ContainerConfig
    @Always package var dockerVersion: String
    @Always package var author: String
    package var config: ContainerConfig?
    @Always package var architecture: String
    @Omitted package var variant: String
    @Always package var os: String
    @Omitted package var osVersion: String
    /// In bytes.
    @Always package var size: Int64
    @Omitted package var virtualSize: Int64
    @Always package var graphDriver: GraphDriver
    @Always package var rootFS: RootFS
    @Always package var metadata: Metadata

    private enum CodingKeys: String, CodingKey {
        case id = "Id"
        case repoTags = "RepoTags"
        case repoDigests = "RepoDigests"
        case parent = "Parent"
        case comment = "Comment"
        case created = "Created"
        case container = "Container"
        case containerConfig = "ContainerConfig"
        case dockerVersion = "DockerVersion"
        case author = "Author"
        case config = "Config"
        case architecture = "Architecture"
        case variant = "Variant"
        case os = "Os"
        case osVersion = "OsVersion"
        case size = "Size"
        case virtualSize = "VirtualSize"
        case graphDriver = "GraphDriver"
        case rootFS = "RootFS"
        case metadata = "Metadata"
    }

    package init() {}

    /// The layers from the base to the top, by the digests of their uncompressed tars.
    package struct RootFS: ZeroRepresentable, Sendable {
        package var type: String = "layers"
        package var layers: [String]?

        private enum CodingKeys: String, CodingKey {
            case type = "Type"
            case layers = "Layers"
        }

        package init() {}
    }

    /// What the engine knows besides.
    package struct Metadata: ZeroRepresentable, Sendable {
        @Always package var lastTagTime: Timestamp

        private enum CodingKeys: String, CodingKey {
            case lastTagTime = "LastTagTime"
        }

        package init() {}
    }
}

/// One step of how an image was made.
package struct ImageHistoryItem: ZeroRepresentable, Sendable {
    @Always package var comment: String
    /// Seconds since 1970.
    @Always package var created: Int64
    @Always package var createdBy: String
    package var id: String = "<missing>"
    /// In bytes.
    @Always package var size: Int64
    @Nullable package var tags: [String]?

    private enum CodingKeys: String, CodingKey {
        case comment = "Comment"
        case created = "Created"
        case createdBy = "CreatedBy"
        case id = "Id"
        case size = "Size"
        case tags = "Tags"
    }

    package init() {}
}

/// The image that was made of a container.
package struct CommitResponse: Codable, Equatable, Sendable {
    /// Its identifier.
    package var id: String

    private enum CodingKeys: String, CodingKey {
        case id = "Id"
    }

    package init(id: String) {
        self.id = id
    }
}

/// A name or an image that is gone.
package struct ImageDeletion: ZeroRepresentable, Sendable {
    package var untagged: String?
    package var deleted: String?

    private enum CodingKeys: String, CodingKey {
        case untagged = "Untagged"
        case deleted = "Deleted"
    }

    package init() {}
}

/// The images that a clean-up removed.
package struct ImagesPruned: ZeroRepresentable, Sendable {
    @Nullable package var imagesDeleted: [ImageDeletion]?
    /// In bytes.
    @Always package var spaceReclaimed: UInt64

    private enum CodingKeys: String, CodingKey {
        case imagesDeleted = "ImagesDeleted"
        case spaceReclaimed = "SpaceReclaimed"
    }

    package init() {}
}
