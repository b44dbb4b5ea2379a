// SPDX-License-Identifier: Apache-2.0

/// The answer to a request for a new container.
package struct ContainerCreateResponse: ZeroRepresentable, Sendable {
    @Always package var id: String
    @Always package var warnings: [String]

    private enum CodingKeys: String, CodingKey {
        case id = "Id"
        case warnings = "Warnings"
    }

    package init() {}
}

/// How the wait for a container ended.
package struct ContainerWaitResponse: ZeroRepresentable, Sendable {
    /// The exit status of the container.
    @Always package var statusCode: Int
    @Nullable package var error: Failure?

    private enum CodingKeys: String, CodingKey {
        case statusCode = "StatusCode"
        case error = "Error"
    }

    package init() {}

    /// Why there is no exit status.
    package struct Failure: ZeroRepresentable, Sendable {
        @Always package var message: String

        private enum CodingKeys: String, CodingKey {
            case message = "Message"
        }

        package init() {}
    }
}

/// The processes of a container in columns.
package struct ContainerTop: ZeroRepresentable, Sendable {
    @Always package var processes: [[String]]
    @Always package var titles: [String]

    private enum CodingKeys: String, CodingKey {
        case processes = "Processes"
        case titles = "Titles"
    }

    package init() {}
}

/// A path that differs from the image.
package struct FilesystemChange: Codable, Equatable, Sendable {
    package var path: String
    package var kind: Kind

    private enum CodingKeys: String, CodingKey {
        case path = "Path"
        case kind = "Kind"
    }

    package init(path: String, kind: Kind) {
        self.path = path
        self.kind = kind
    }

    /// What happened to the path.
    package enum Kind: Int, Codable, Sendable {
        case modified = 0
        case added = 1
        case deleted = 2
    }
}

/// The answer to a change of limits.
package struct ContainerUpdateResponse: ZeroRepresentable, Sendable {
    @Nullable package var warnings: [String]?

    private enum CodingKeys: String, CodingKey {
        case warnings = "Warnings"
    }

    package init() {}
}

/// The containers that a clean-up removed.
package struct ContainersPruned: ZeroRepresentable, Sendable {
    @Nullable package var containersDeleted: [String]?
    /// In bytes.
    @Always package var spaceReclaimed: UInt64

    private enum CodingKeys: String, CodingKey {
        case containersDeleted = "ContainersDeleted"
        case spaceReclaimed = "SpaceReclaimed"
    }

    package init() {}
}
