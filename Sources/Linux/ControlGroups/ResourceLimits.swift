// SPDX-License-Identifier: Apache-2.0

/// A limit that may also be taken away.
package enum Limit<Value: Equatable & Sendable>: Equatable, Sendable {
    case unlimited
    case atMost(Value)
}

/// What a container may use; nil everywhere means that nothing is asked and the kernel's default holds.
///
/// The fields are those of the OCI runtime specification's `linux.resources`.
package struct ResourceLimits: Equatable, Sendable {
    package var memory = MemoryLimits()
    package var cpu = ProcessorLimits()
    /// How many processes and threads there may be.
    package var processes: Limit<UInt64>?
    package var blockIO = BlockIOLimits()
    package var hugePages: [HugePageLimit] = []
    /// The rules in order, for a group that may use every device at first; nil leaves the devices as they are.
    package var devices: [DeviceRule]?
    /// Values for files of control groups version 2, by the file's name.
    package var unified: [String: String] = [:]

    package init() {}
}

/// Limits of memory, all in bytes.
package struct MemoryLimits: Equatable, Sendable {
    /// The most memory, without swap.
    package var limit: Limit<UInt64>?
    /// What is left to the group when memory gets short.
    package var reservation: Limit<UInt64>?
    /// The most memory and swap together, as in the OCI specification.
    package var memoryAndSwap: Limit<UInt64>?
    /// How willingly the kernel swaps, 0 to 100; version 1 only.
    package var swappiness: UInt64?
    /// Whether processes wait for memory instead of being killed; version 1 only.
    package var disablesOutOfMemoryKiller: Bool?
    /// Whether a limit below what is in use is refused on version 2, as it is on version 1.
    ///
    /// The kernel would kill processes of the group until the limit holds.
    package var refusesLimitBelowUsage = true

    package init() {}
}

/// Limits of processors.
package struct ProcessorLimits: Equatable, Sendable {
    /// The share of the time that processors are wanted by more than can run, 2 to 262144; 1024 is the default.
    package var shares: UInt64?
    /// The processor time in each period.
    package var quota: Limit<Duration>?
    /// The length of a period, 1 ms to 1 s; 100 ms is the default.
    package var period: Duration?
    /// What may be saved up from periods that were not used up.
    package var burst: Duration?
    /// The real-time processor time in each real-time period; version 1 only.
    package var realtimeRuntime: Duration?
    /// The length of a real-time period; version 1 only.
    package var realtimePeriod: Duration?
    /// Whether the group only runs when nothing else wants to.
    package var idle: Bool?
    /// The processors that may be used, `0-2,7` for example.
    package var processors: String?
    /// The memory nodes that may be used, `0,1` for example.
    package var memoryNodes: String?

    package init() {}
}

/// Limits of reading and writing block devices.
package struct BlockIOLimits: Equatable, Sendable {
    /// A device's number.
    package struct Device: Hashable, Sendable, CustomStringConvertible {
        package var major: UInt32
        package var minor: UInt32

        package init(major: UInt32, minor: UInt32) {
            self.major = major
            self.minor = minor
        }

        package var description: String { "\(major):\(minor)" }
    }

    /// A weight for one device, 10 to 1000.
    package struct DeviceWeight: Equatable, Sendable {
        package var device: Device
        package var weight: UInt16

        package init(_ device: Device, weight: UInt16) {
            self.device = device
            self.weight = weight
        }
    }

    /// A rate for one device: bytes or operations a second.
    package struct DeviceRate: Equatable, Sendable {
        package var device: Device
        package var rate: Limit<UInt64>

        package init(_ device: Device, rate: Limit<UInt64>) {
            self.device = device
            self.rate = rate
        }
    }

    /// The share of the time that a device is busy, 10 to 1000.
    package var weight: UInt16?
    package var deviceWeights: [DeviceWeight] = []
    /// Bytes read a second.
    package var readBytes: [DeviceRate] = []
    /// Bytes written a second.
    package var writeBytes: [DeviceRate] = []
    /// Reads a second.
    package var readOperations: [DeviceRate] = []
    /// Writes a second.
    package var writeOperations: [DeviceRate] = []

    package init() {}
}

/// The most memory in huge pages of one size.
package struct HugePageLimit: Equatable, Sendable {
    /// The size as the kernel names it: `2MB`, `1GB`.
    package var pageSize: String
    /// The limit in bytes.
    package var limit: Limit<UInt64>

    package init(pageSize: String, limit: Limit<UInt64>) {
        self.pageSize = pageSize
        self.limit = limit
    }
}

/// A line of the list that says which devices a group may use.
package struct DeviceRule: Hashable, Sendable {
    /// Kinds of device files.
    package enum Kind: Character, Hashable, Sendable {
        case all = "a"
        case character = "c"
        case block = "b"
    }

    /// What may be done with a device file.
    package struct Access: OptionSet, Hashable, Sendable {
        package let rawValue: UInt32

        package init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// The kernel's `BPF_DEVCG_ACC_MKNOD` and its neighbours.
        package static let create = Access(rawValue: 1)
        package static let read = Access(rawValue: 2)
        package static let write = Access(rawValue: 4)
        package static let all: Access = [.create, .read, .write]

        /// The letters in the order that `devices.list` has them.
        var letters: String {
            (contains(.read) ? "r" : "") + (contains(.write) ? "w" : "") + (contains(.create) ? "m" : "")
        }
    }

    /// Whether the rule allows or denies.
    package var allows: Bool
    package var kind: Kind
    /// The major number; nil is every one.
    package var major: UInt32?
    /// The minor number; nil is every one.
    package var minor: UInt32?
    package var access: Access

    package init(
        allows: Bool,
        kind: Kind = .all,
        major: UInt32? = nil,
        minor: UInt32? = nil,
        access: Access = .all
    ) {
        self.allows = allows
        self.kind = kind
        self.major = major
        self.minor = minor
        self.access = access
    }
}
