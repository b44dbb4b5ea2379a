// SPDX-License-Identifier: Apache-2.0

/// The limits and devices of a container.
package struct Resources: ZeroRepresentable, Sendable {
    /// 0 sets none, as everywhere here; see `ifSet`.
    @Always package var cpuShares: Int64
    /// In bytes.
    @Always package var memory: Int64
    /// Processors in billionths.
    @Always package var nanoCpus: Int64
    @Always package var cgroupParent: String
    @Always package var blkioWeight: Int64
    @Nullable package var blkioWeightDevice: [WeightDevice]?
    @Nullable package var blkioDeviceReadBps: [ThrottleDevice]?
    @Nullable package var blkioDeviceWriteBps: [ThrottleDevice]?
    @Nullable package var blkioDeviceReadIOPS: [ThrottleDevice]?
    @Nullable package var blkioDeviceWriteIOPS: [ThrottleDevice]?
    /// In microseconds.
    @Always package var cpuPeriod: Int64
    /// In microseconds of each period.
    @Always package var cpuQuota: Int64
    @Always package var cpuRealtimePeriod: Int64
    @Always package var cpuRealtimeRuntime: Int64
    /// Such as `0-2,7`.
    @Always package var cpusetCpus: String
    @Always package var cpusetMems: String
    @Nullable package var devices: [DeviceMapping]?
    @Nullable package var deviceCgroupRules: [String]?
    @Nullable package var deviceRequests: [DeviceRequest]?
    /// In bytes.
    @Always package var memoryReservation: Int64
    /// Memory and swap together in bytes; 0 sets none and -1 allows any amount of swap.
    @Always package var memorySwap: Int64
    /// From 0 to 100; -1 sets none, 0 does.
    @Nullable package var memorySwappiness: Int64?
    @Nullable package var oomKillDisable: Bool?
    /// 0 and -1 allow any number; nil is, in an update, what there was before.
    @Nullable package var pidsLimit: Int64?
    @Nullable package var ulimits: [Ulimit]?

    private enum CodingKeys: String, CodingKey {
        case cpuShares = "CpuShares"
        case memory = "Memory"
        case nanoCpus = "NanoCpus"
        case cgroupParent = "CgroupParent"
        case blkioWeight = "BlkioWeight"
        case blkioWeightDevice = "BlkioWeightDevice"
        case blkioDeviceReadBps = "BlkioDeviceReadBps"
        case blkioDeviceWriteBps = "BlkioDeviceWriteBps"
        case blkioDeviceReadIOPS = "BlkioDeviceReadIOps"
        case blkioDeviceWriteIOPS = "BlkioDeviceWriteIOps"
        case cpuPeriod = "CpuPeriod"
        case cpuQuota = "CpuQuota"
        case cpuRealtimePeriod = "CpuRealtimePeriod"
        case cpuRealtimeRuntime = "CpuRealtimeRuntime"
        case cpusetCpus = "CpusetCpus"
        case cpusetMems = "CpusetMems"
        case devices = "Devices"
        case deviceCgroupRules = "DeviceCgroupRules"
        case deviceRequests = "DeviceRequests"
        case memoryReservation = "MemoryReservation"
        case memorySwap = "MemorySwap"
        case memorySwappiness = "MemorySwappiness"
        case oomKillDisable = "OomKillDisable"
        case pidsLimit = "PidsLimit"
        case ulimits = "Ulimits"
    }

    package init() {}
}

/// The share of a device.
package struct WeightDevice: ZeroRepresentable, Sendable {
    @Always package var path: String
    @Always package var weight: Int64

    private enum CodingKeys: String, CodingKey {
        case path = "Path"
        case weight = "Weight"
    }

    package init() {}
}

/// The rate of a device.
package struct ThrottleDevice: ZeroRepresentable, Sendable {
    @Always package var path: String
    /// Bytes or operations per second.
    @Always package var rate: UInt64

    private enum CodingKeys: String, CodingKey {
        case path = "Path"
        case rate = "Rate"
    }

    package init() {}
}

/// A device of the host in a container.
package struct DeviceMapping: ZeroRepresentable, Sendable {
    @Always package var pathOnHost: String
    @Always package var pathInContainer: String
    /// `r`, `w` and `m`.
    @Always package var cgroupPermissions: String

    private enum CodingKeys: String, CodingKey {
        case pathOnHost = "PathOnHost"
        case pathInContainer = "PathInContainer"
        case cgroupPermissions = "CgroupPermissions"
    }

    package init() {}
}

/// Devices by what they can do.
package struct DeviceRequest: ZeroRepresentable, Sendable {
    @Always package var driver: String
    /// -1 are all.
    @Always package var count: Int
    @Nullable package var deviceIDs: [String]?
    @Nullable package var capabilities: [[String]]?
    @Nullable package var options: [String: String]?

    private enum CodingKeys: String, CodingKey {
        case driver = "Driver"
        case count = "Count"
        case deviceIDs = "DeviceIDs"
        case capabilities = "Capabilities"
        case options = "Options"
    }

    package init() {}
}

/// A limit of the kernel for each process.
package struct Ulimit: ZeroRepresentable, Sendable {
    /// Without `RLIMIT_`, such as `nofile`.
    @Always package var name: String
    /// -1 is no limit.
    @Always package var hard: Int64
    /// -1 is no limit.
    @Always package var soft: Int64

    private enum CodingKeys: String, CodingKey {
        case name = "Name"
        case hard = "Hard"
        case soft = "Soft"
    }

    package init() {}
}
