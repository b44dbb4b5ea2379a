// SPDX-License-Identifier: Apache-2.0

/// A mount as a request asks for it.
package struct Mount: ZeroRepresentable, Sendable {
    /// `bind`, `volume`, `tmpfs`, `image`, `cluster` or `npipe`.
    @Omitted package var type: String
    @Omitted package var source: String
    @Omitted package var target: String
    @Omitted package var readOnly: Bool
    @Omitted package var consistency: String
    package var bindOptions: BindOptions?
    package var volumeOptions: VolumeOptions?
    package var imageOptions: ImageOptions?
    package var tmpfsOptions: TmpfsOptions?
    /// How the owners of files are mapped, of a bind or a volume: wharf's own.
    package var idMap: [IDMapping]?

    private enum CodingKeys: String, CodingKey {
        case type = "Type"
        case source = "Source"
        case target = "Target"
        case readOnly = "ReadOnly"
        case consistency = "Consistency"
        case bindOptions = "BindOptions"
        case volumeOptions = "VolumeOptions"
        case imageOptions = "ImageOptions"
        case tmpfsOptions = "TmpfsOptions"
        case idMap = "XWharfIDMap"
    }

    package init() {}

    /// A range of owners on the disk, and the range that stands for it in the container.
    ///
    /// What the container makes as one of its range belongs to the other outside. Files of owners in no range are shown as
    /// those of nobody, and cannot be made.
    package struct IDMapping: ZeroRepresentable, Sendable {
        /// The first id outside.
        @Always package var host: Int64
        /// The first id in the container.
        @Always package var container: Int64
        /// How many ids; 0 is one.
        @Omitted package var count: Int64
        /// `uid`, `gid`, or empty for both.
        ///
        /// Where there are ranges of one kind only, ids of the other are as they are.
        @Omitted package var kind: String

        private enum CodingKeys: String, CodingKey {
            case host = "Host"
            case container = "Container"
            case count = "Count"
            case kind = "Kind"
        }

        package init() {}

        /// Reads `[u:|g:]HOST:CONTAINER[:COUNT]`; nil for anything else.
        package init?(_ text: String) {
            var parts = text.split(separator: ":", omittingEmptySubsequences: false)[...]
            if let kind = ["u": "uid", "g": "gid"][parts.first ?? ""] {
                self.kind = kind
                parts.removeFirst()
            }
            let numbers = parts.map { Int64($0) ?? -1 }
            guard (2...3).contains(numbers.count), numbers.allSatisfy({ $0 >= 0 }),
                numbers.last != 0 || numbers.count == 2
            else { return nil }
            (host, container) = (numbers[0], numbers[1])
            count = numbers.count == 3 ? numbers[2] : 1
        }
    }

    /// How a path of the host is bound.
    package struct BindOptions: ZeroRepresentable, Sendable {
        @Omitted package var propagation: String
        @Omitted package var nonRecursive: Bool
        @Omitted package var createMountpoint: Bool
        @Omitted package var readOnlyNonRecursive: Bool
        @Omitted package var readOnlyForceRecursive: Bool

        private enum CodingKeys: String, CodingKey {
            case propagation = "Propagation"
            case nonRecursive = "NonRecursive"
            case createMountpoint = "CreateMountpoint"
            case readOnlyNonRecursive = "ReadOnlyNonRecursive"
            case readOnlyForceRecursive = "ReadOnlyForceRecursive"
        }

        package init() {}
    }

    /// How a volume is made and mounted.
    package struct VolumeOptions: ZeroRepresentable, Sendable {
        @Omitted package var noCopy: Bool
        package var labels: [String: String]?
        @Omitted package var subpath: String
        package var driverConfig: DriverConfig?

        private enum CodingKeys: String, CodingKey {
            case noCopy = "NoCopy"
            case labels = "Labels"
            case subpath = "Subpath"
            case driverConfig = "DriverConfig"
        }

        package init() {}
    }

    /// The driver of a volume.
    package struct DriverConfig: ZeroRepresentable, Sendable {
        @Omitted package var name: String
        package var options: [String: String]?

        private enum CodingKeys: String, CodingKey {
            case name = "Name"
            case options = "Options"
        }

        package init() {}
    }

    /// How an image is mounted.
    package struct ImageOptions: ZeroRepresentable, Sendable {
        @Omitted package var subpath: String

        private enum CodingKeys: String, CodingKey {
            case subpath = "Subpath"
        }

        package init() {}
    }

    /// What a file system in memory may hold.
    package struct TmpfsOptions: ZeroRepresentable, Sendable {
        @Omitted package var sizeBytes: Int64
        /// The bits of `st_mode`.
        @Omitted package var mode: Int64
        package var options: [[String]]?

        private enum CodingKeys: String, CodingKey {
            case sizeBytes = "SizeBytes"
            case mode = "Mode"
            case options = "Options"
        }

        package init() {}
    }
}

/// A mount as lists and inspections tell it.
package struct MountPoint: ZeroRepresentable, Sendable {
    @Omitted package var type: String
    /// Of the volume.
    @Omitted package var name: String
    @Always package var source: String
    @Always package var destination: String
    @Omitted package var driver: String
    @Always package var mode: String
    @Always package var isWritable: Bool
    @Always package var propagation: String

    private enum CodingKeys: String, CodingKey {
        case type = "Type"
        case name = "Name"
        case source = "Source"
        case destination = "Destination"
        case driver = "Driver"
        case mode = "Mode"
        case isWritable = "RW"
        case propagation = "Propagation"
    }

    package init() {}
}
