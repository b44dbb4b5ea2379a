// SPDX-License-Identifier: Apache-2.0

/// A volume, in a list or by itself.
package struct Volume: ZeroRepresentable, Sendable {
    @Always package var created: Timestamp
    @Always package var driver: String
    @Nullable package var labels: [String: String]?
    /// The folder of its data on the host.
    @Always package var mountpoint: String
    @Always package var name: String
    /// The options of the driver as they were given; nil for none.
    @Nullable package var options: [String: String]?
    package var scope: String = "local"
    /// How much it takes; nil where nobody asked.
    package var usageData: UsageData?

    private enum CodingKeys: String, CodingKey {
        case usageData = "UsageData"
        case created = "CreatedAt"
        case driver = "Driver"
        case labels = "Labels"
        case mountpoint = "Mountpoint"
        case name = "Name"
        case options = "Options"
        case scope = "Scope"
    }

    package init() {}

    /// How much a volume takes.
    package struct UsageData: ZeroRepresentable, Sendable {
        /// In bytes; -1 where nobody counts, as for what the options of the driver have mounted.
        @Always package var size: Int64
        /// How many containers have it, whether they run or not.
        @Always package var referenceCount: Int64

        private enum CodingKeys: String, CodingKey {
            case size = "Size"
            case referenceCount = "RefCount"
        }

        package init() {}
    }

    /// The label of volumes that nobody gave a name.
    package static let anonymousLabel = "com.docker.volume.anonymous"
}

/// The volumes.
package struct VolumeList: ZeroRepresentable, Sendable {
    @Always package var volumes: [Volume]
    @Nullable package var warnings: [String]?

    private enum CodingKeys: String, CodingKey {
        case volumes = "Volumes"
        case warnings = "Warnings"
    }

    package init() {}
}

/// What a new volume is to be.
package struct VolumeCreateRequest: ZeroRepresentable, Sendable {
    /// Empty has the engine invent one.
    @Always package var name: String
    /// Empty is `local`, the only one.
    @Always package var driver: String
    /// `type`, `device` and `o`, as mount(8) takes them; none for a folder of the engine.
    @Nullable package var options: [String: String]?
    @Nullable package var labels: [String: String]?

    private enum CodingKeys: String, CodingKey {
        case name = "Name"
        case driver = "Driver"
        case options = "DriverOpts"
        case labels = "Labels"
    }

    package init() {}
}

/// The volumes that a clean-up removed.
package struct VolumesPruned: ZeroRepresentable, Sendable {
    @Nullable package var volumesDeleted: [String]?
    /// In bytes.
    @Always package var spaceReclaimed: UInt64

    private enum CodingKeys: String, CodingKey {
        case volumesDeleted = "VolumesDeleted"
        case spaceReclaimed = "SpaceReclaimed"
    }

    package init() {}
}
