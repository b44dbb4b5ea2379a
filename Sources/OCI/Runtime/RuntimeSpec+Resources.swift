// SPDX-License-Identifier: Apache-2.0

extension RuntimeSpec {
    /// Limits and device rules of a cgroup.
    ///
    /// The names and numbers are those of cgroup v1; a limit of -1 is none.
    package struct Resources: Codable, Equatable, Sendable {
        /// Device rules; a later one wins over an earlier one.
        @OmittedWhenEmpty package var devices: [DeviceRule]
        package var memory: Memory?
        package var cpu: CPU?
        package var pids: Pids?
        package var blockIO: BlockIO?
        @OmittedWhenEmpty package var hugepageLimits: [HugePageLimit]
        package var network: Network?
        /// Limits by the name of the RDMA device.
        @OmittedWhenEmpty package var rdma: [String: RDMA]
        /// Files of cgroup v2 with what is written to them, as `memory.high`.
        @OmittedWhenEmpty package var unified: [String: String]

        package init() {}
    }

    /// What a container may do with devices.
    package struct DeviceRule: Codable, Equatable, Sendable {
        package enum Kind: String, Codable, Sendable {
            case all = "a"
            case character = "c"
            case block = "b"
        }

        package var allow: Bool
        /// Nil: all.
        package var type: Kind?
        /// Nil or -1: any.
        package var major: Int64?
        /// Nil or -1: any.
        package var minor: Int64?
        /// Some of `r` (read), `w` (write) and `m` (make a node); empty: all of them.
        @OmittedWhenEmpty package var access: String

        package init(
            allow: Bool,
            type: Kind? = nil,
            major: Int64? = nil,
            minor: Int64? = nil,
            access: String = ""
        ) {
            self.allow = allow
            self.type = type
            self.major = major
            self.minor = minor
            self.access = access
        }
    }

    /// Limits of memory in bytes.
    package struct Memory: Codable, Equatable, Sendable {
        package var limit: Int64?
        /// The soft limit.
        package var reservation: Int64?
        /// Memory and swap together.
        package var swap: Int64?
        /// Of the kernel for this group; gone from current kernels.
        package var kernel: Int64?
        package var kernelTCP: Int64?
        /// From 0 to 100.
        package var swappiness: UInt64?
        package var disableOOMKiller: Bool?
        package var useHierarchy: Bool?
        /// Whether an update that is below the current use is refused.
        package var checkBeforeUpdate: Bool?

        package init() {}
    }

    /// Shares and limits of processor time; times are in microseconds.
    package struct CPU: Codable, Equatable, Sendable {
        package var shares: UInt64?
        package var quota: Int64?
        package var burst: UInt64?
        package var period: UInt64?
        package var realtimeRuntime: Int64?
        package var realtimePeriod: UInt64?
        /// Processors as a list such as `0-3,7`.
        @OmittedWhenEmpty package var cpus: String
        /// Memory nodes as a list.
        @OmittedWhenEmpty package var mems: String
        /// 1 schedules the group only when nothing else wants to run.
        package var idle: Int64?

        package init() {}
    }

    /// The limit of processes and threads.
    package struct Pids: Codable, Equatable, Sendable {
        /// Zero or less is none; nil leaves it as it is.
        package var limit: Int64?

        package init(limit: Int64? = nil) {
            self.limit = limit
        }
    }

    /// Weights and limits of block devices.
    package struct BlockIO: Codable, Equatable, Sendable {
        package struct DeviceWeight: Codable, Equatable, Sendable {
            package var major: Int64
            package var minor: Int64
            package var weight: UInt16?
            package var leafWeight: UInt16?

            package init(major: Int64, minor: Int64, weight: UInt16? = nil, leafWeight: UInt16? = nil) {
                self.major = major
                self.minor = minor
                self.weight = weight
                self.leafWeight = leafWeight
            }
        }

        package struct DeviceRate: Codable, Equatable, Sendable {
            package var major: Int64
            package var minor: Int64
            /// Bytes or operations a second.
            package var rate: UInt64

            package init(major: Int64, minor: Int64, rate: UInt64) {
                self.major = major
                self.minor = minor
                self.rate = rate
            }
        }

        package var weight: UInt16?
        package var leafWeight: UInt16?
        @OmittedWhenEmpty package var weightDevice: [DeviceWeight]
        @OmittedWhenEmpty package var throttleReadBpsDevice: [DeviceRate]
        @OmittedWhenEmpty package var throttleWriteBpsDevice: [DeviceRate]
        @OmittedWhenEmpty package var throttleReadIOPSDevice: [DeviceRate]
        @OmittedWhenEmpty package var throttleWriteIOPSDevice: [DeviceRate]

        package init() {}
    }

    /// The limit of huge pages of one size.
    package struct HugePageLimit: Codable, Equatable, Sendable {
        /// `64KB`, `2MB`, `1GB`.
        package var pageSize: String
        /// In bytes.
        package var limit: UInt64

        package init(pageSize: String, limit: UInt64) {
            self.pageSize = pageSize
            self.limit = limit
        }
    }

    /// Marks and priorities of network packets, by the v1 controllers.
    package struct Network: Codable, Equatable, Sendable {
        package struct Priority: Codable, Equatable, Sendable {
            /// The interface.
            package var name: String
            package var priority: UInt32

            package init(name: String, priority: UInt32) {
                self.name = name
                self.priority = priority
            }
        }

        package var classID: UInt32?
        @OmittedWhenEmpty package var priorities: [Priority]

        package init() {}
    }

    /// Limits of one RDMA device.
    package struct RDMA: Codable, Equatable, Sendable {
        package var hcaHandles: UInt32?
        package var hcaObjects: UInt32?

        package init(hcaHandles: UInt32? = nil, hcaObjects: UInt32? = nil) {
            self.hcaHandles = hcaHandles
            self.hcaObjects = hcaObjects
        }
    }
}
