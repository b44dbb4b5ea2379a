// SPDX-License-Identifier: Apache-2.0

/// What a container uses.
package struct ContainerStatistics: ZeroRepresentable, Sendable {
    /// With a leading `/`.
    @Always package var name: String
    @Always package var id: String
    @Always package var read: Timestamp
    @Always package var preread: Timestamp
    @Always package var processes: Processes
    @Always package var blockIO: BlockIOStatistics
    @Always package var processCount: UInt64
    /// Nothing on Linux.
    @Always package var storage: EmptyObject
    @Always package var cpu: CPUStatistics
    /// Those of `preread`.
    @Always package var previousCPU: CPUStatistics
    @Always package var memory: Memory
    /// By interface; nil without a network of its own.
    package var networks: [String: Network]?

    private enum CodingKeys: String, CodingKey {
        case name
        case id
        case read
        case preread
        case processes = "pids_stats"
        case blockIO = "blkio_stats"
        case processCount = "num_procs"
        case storage = "storage_stats"
        case cpu = "cpu_stats"
        case previousCPU = "precpu_stats"
        case memory = "memory_stats"
        case networks
    }

    package init() {}

    /// How many processes there are.
    package struct Processes: ZeroRepresentable, Sendable {
        @Omitted package var current: UInt64
        @Omitted package var limit: UInt64

        package init() {}
    }

    /// Memory in bytes.
    package struct Memory: ZeroRepresentable, Sendable {
        @Omitted package var usage: UInt64
        /// With version 1 of control groups only.
        @Omitted package var maxUsage: UInt64
        /// The kernel's own counters; clients subtract `inactive_file` or `total_inactive_file` from the usage.
        package var stats: [String: UInt64]?
        @Omitted package var failureCount: UInt64
        @Omitted package var limit: UInt64

        private enum CodingKeys: String, CodingKey {
            case usage
            case maxUsage = "max_usage"
            case stats
            case failureCount = "failcnt"
            case limit
        }

        package init() {}
    }

    /// Traffic of an interface.
    package struct Network: ZeroRepresentable, Sendable {
        @Always package var rxBytes: UInt64
        @Always package var rxPackets: UInt64
        @Always package var rxErrors: UInt64
        @Always package var rxDropped: UInt64
        @Always package var txBytes: UInt64
        @Always package var txPackets: UInt64
        @Always package var txErrors: UInt64
        @Always package var txDropped: UInt64

        private enum CodingKeys: String, CodingKey {
            case rxBytes = "rx_bytes"
            case rxPackets = "rx_packets"
            case rxErrors = "rx_errors"
            case rxDropped = "rx_dropped"
            case txBytes = "tx_bytes"
            case txPackets = "tx_packets"
            case txErrors = "tx_errors"
            case txDropped = "tx_dropped"
        }

        package init() {}
    }
}

/// Time that a container had of the processors.
package struct CPUStatistics: ZeroRepresentable, Sendable {
    @Always package var cpuUsage: Usage
    /// Of the whole machine, in nanoseconds.
    @Omitted package var systemCpuUsage: UInt64
    @Omitted package var onlineCPUs: Int
    @Always package var throttlingData: Throttling

    private enum CodingKeys: String, CodingKey {
        case cpuUsage = "cpu_usage"
        case systemCpuUsage = "system_cpu_usage"
        case onlineCPUs = "online_cpus"
        case throttlingData = "throttling_data"
    }

    package init() {}

    /// Time in nanoseconds.
    package struct Usage: ZeroRepresentable, Sendable {
        @Always package var totalUsage: UInt64
        /// With version 1 of control groups only.
        package var perCPUUsage: [UInt64]?
        @Always package var kernelUsage: UInt64
        @Always package var userUsage: UInt64

        private enum CodingKeys: String, CodingKey {
            case totalUsage = "total_usage"
            case perCPUUsage = "percpu_usage"
            case kernelUsage = "usage_in_kernelmode"
            case userUsage = "usage_in_usermode"
        }

        package init() {}
    }

    /// How often a quota was used up.
    package struct Throttling: ZeroRepresentable, Sendable {
        @Always package var periods: UInt64
        @Always package var throttledPeriods: UInt64
        /// In nanoseconds.
        @Always package var throttledTime: UInt64

        private enum CodingKeys: String, CodingKey {
            case periods
            case throttledPeriods = "throttled_periods"
            case throttledTime = "throttled_time"
        }

        package init() {}
    }
}

/// Traffic with block devices.
package struct BlockIOStatistics: ZeroRepresentable, Sendable {
    @Nullable package var ioServiceBytesRecursive: [Entry]?
    @Nullable package var ioServicedRecursive: [Entry]?
    @Nullable package var ioQueueRecursive: [Entry]?
    @Nullable package var ioServiceTimeRecursive: [Entry]?
    @Nullable package var ioWaitTimeRecursive: [Entry]?
    @Nullable package var ioMergedRecursive: [Entry]?
    @Nullable package var ioTimeRecursive: [Entry]?
    @Nullable package var sectorsRecursive: [Entry]?

    private enum CodingKeys: String, CodingKey {
        case ioServiceBytesRecursive = "io_service_bytes_recursive"
        case ioServicedRecursive = "io_serviced_recursive"
        case ioQueueRecursive = "io_queue_recursive"
        case ioServiceTimeRecursive = "io_service_time_recursive"
        case ioWaitTimeRecursive = "io_wait_time_recursive"
        case ioMergedRecursive = "io_merged_recursive"
        case ioTimeRecursive = "io_time_recursive"
        case sectorsRecursive = "sectors_recursive"
    }

    package init() {}

    /// One count of one device.
    package struct Entry: ZeroRepresentable, Sendable {
        @Always package var major: UInt64
        @Always package var minor: UInt64
        @Always package var operation: String
        @Always package var value: UInt64

        private enum CodingKeys: String, CodingKey {
            case major
            case minor
            case operation = "op"
            case value
        }

        package init() {}
    }
}
