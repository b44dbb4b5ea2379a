// SPDX-License-Identifier: Apache-2.0

/// What a group uses now and has used; a part is nil where the machine does not measure it.
package struct ControlGroupStatistics: Equatable, Sendable {
    /// Memory, in bytes.
    package struct Memory: Equatable, Sendable {
        /// What is in use, with the page cache.
        package var usage: UInt64
        /// The most that was ever in use; nil before Linux 5.19 on version 2.
        package var peak: UInt64?
        /// The limit; nil without one.
        package var limit: UInt64?
        /// Swap in use; nil where swap is not counted.
        package var swap: UInt64?
        /// File pages that were not used lately, and which the kernel takes back first.
        package var inactiveFile: UInt64
        /// How often the limit of memory, or that of memory and swap, was hit.
        package var failures: UInt64?
        /// Every line of `memory.stat`.
        package var details: [String: UInt64]

        /// What container tools show: usage without the file pages that can be taken back at once.
        package var workingSet: UInt64 { usage - min(inactiveFile, usage) }
    }

    /// Processor time.
    package struct Processors: Equatable, Sendable {
        package var total: Duration
        /// The share spent in programs.
        package var user: Duration
        /// The share spent in the kernel.
        package var system: Duration
        /// The total by processor; empty on version 2, which does not tell.
        package var perProcessor: [Duration]
        /// How many periods with a quota have gone by.
        package var periods: UInt64
        /// In how many of them the group had to wait.
        package var throttledPeriods: UInt64
        /// How long it waited.
        package var throttledTime: Duration
    }

    /// Processes and threads.
    package struct Processes: Equatable, Sendable {
        package var count: UInt64
        /// The limit; nil without one.
        package var limit: UInt64?
    }

    /// What was done on one block device.
    package struct BlockIO: Equatable, Sendable {
        package var device: BlockIOLimits.Device
        package var readBytes: UInt64
        package var writtenBytes: UInt64
        package var reads: UInt64
        package var writes: UInt64
    }

    package var memory: Memory?
    package var processors: Processors?
    package var processes: Processes?
    /// By device, in the order of their numbers.
    package var blockIO: [BlockIO]?
}

extension ControlGroup {
    /// Reads what the group uses now and has used.
    package func statistics() throws(ControlGroupError) -> ControlGroupStatistics {
        try attempt("measure") { () throws(SystemError) in
            ControlGroupStatistics(
                memory: try memoryStatistics(),
                processors: try processorStatistics(),
                processes: try processStatistics(),
                blockIO: try blockStatistics()
            )
        }
    }

    private func memoryStatistics() throws(SystemError) -> ControlGroupStatistics.Memory? {
        guard let tree = hierarchies.hierarchy(of: "memory") else { return nil }
        let directory = try directory(in: tree)
        let isTwo = tree.version == .two
        guard let usage = try directory.number(isTwo ? "memory.current" : "memory.usage_in_bytes") else { return nil }
        let details = KeyedValues(try directory.readIfPresent("memory.stat") ?? "").values
        let limit = try directory.number(isTwo ? "memory.max" : "memory.limit_in_bytes")
        var swap: UInt64?
        if isTwo {
            swap = try directory.number("memory.swap.current")
        } else if let both = try directory.number("memory.memsw.usage_in_bytes") {
            // The two numbers are read one after the other and may have moved.
            swap = both - min(usage, both)
        }
        return ControlGroupStatistics.Memory(
            usage: usage,
            peak: try directory.number(isTwo ? "memory.peak" : "memory.max_usage_in_bytes"),
            // Version 1 says "none" with the largest number of pages.
            limit: limit.flatMap { $0 >= 1 << 62 ? nil : $0 },
            swap: swap,
            inactiveFile: details[isTwo ? "inactive_file" : "total_inactive_file"] ?? 0,
            failures: isTwo
                ? KeyedValues(try directory.readIfPresent("memory.events") ?? "")["max"]
                : try directory.sum("memory.failcnt", "memory.memsw.failcnt"),
            details: details
        )
    }

    private func processorStatistics() throws(SystemError) -> ControlGroupStatistics.Processors? {
        if let unified = hierarchies.unified, hierarchies.hierarchy(of: "cpuacct") == nil {
            guard let text = try directory(in: unified).readIfPresent("cpu.stat") else { return nil }
            let stat = KeyedValues(text)
            guard let total = stat["usage_usec"] else { return nil }
            return ControlGroupStatistics.Processors(
                total: .microseconds(Int64(clamping: total)),
                user: .microseconds(Int64(clamping: stat["user_usec"] ?? 0)),
                system: .microseconds(Int64(clamping: stat["system_usec"] ?? 0)),
                perProcessor: [],
                periods: stat["nr_periods"] ?? 0,
                throttledPeriods: stat["nr_throttled"] ?? 0,
                throttledTime: .microseconds(Int64(clamping: stat["throttled_usec"] ?? 0))
            )
        }
        guard let accounts = try directory(of: "cpuacct"), let total = try accounts.number("cpuacct.usage")
        else { return nil }
        let perProcessor = try accounts.readIfPresent("cpuacct.usage_percpu") ?? ""
        let throttling = KeyedValues(try directory(of: "cpu")?.readIfPresent("cpu.stat") ?? "")
        return ControlGroupStatistics.Processors(
            total: .nanoseconds(Int64(clamping: total)),
            user: .nanoseconds(Int64(clamping: try accounts.number("cpuacct.usage_user") ?? 0)),
            system: .nanoseconds(Int64(clamping: try accounts.number("cpuacct.usage_sys") ?? 0)),
            perProcessor: perProcessor.split(whereSeparator: \.isWhitespace).compactMap { Int64($0) }
                .map { .nanoseconds($0) },
            periods: throttling["nr_periods"] ?? 0,
            throttledPeriods: throttling["nr_throttled"] ?? 0,
            throttledTime: .nanoseconds(Int64(clamping: throttling["throttled_time"] ?? 0))
        )
    }

    private func processStatistics() throws(SystemError) -> ControlGroupStatistics.Processes? {
        guard let directory = try directory(of: "pids"), let count = try directory.number("pids.current")
        else { return nil }
        return ControlGroupStatistics.Processes(count: count, limit: try directory.number("pids.max"))
    }

    private func blockStatistics() throws(SystemError) -> [ControlGroupStatistics.BlockIO]? {
        guard let tree = hierarchies.hierarchy(of: "io") else { return nil }
        let directory = try directory(in: tree)
        if tree.version == .two { return try directory.readIfPresent("io.stat").map(Self.blockIO(unified:)) }
        for prefix in ["blkio.throttle", "blkio.bfq"] {
            guard let bytes = try directory.readIfPresent("\(prefix).io_service_bytes_recursive"),
                let operations = try directory.readIfPresent("\(prefix).io_serviced_recursive")
            else { continue }
            return Self.blockIO(bytes: bytes, operations: operations)
        }
        return nil
    }

    /// Reads `io.stat`: lines `8:0 rbytes=1 wbytes=2 rios=3 wios=4 …`.
    static func blockIO(unified text: String) -> [ControlGroupStatistics.BlockIO] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard let device = fields.first.flatMap(BlockIOLimits.Device.init(parsing:)) else { return nil }
            var values: [Substring: UInt64] = [:]
            for field in fields.dropFirst() {
                let parts = field.split(separator: "=")
                if parts.count == 2 { values[parts[0]] = UInt64(parts[1]) }
            }
            return ControlGroupStatistics.BlockIO(
                device: device,
                readBytes: values["rbytes"] ?? 0,
                writtenBytes: values["wbytes"] ?? 0,
                reads: values["rios"] ?? 0,
                writes: values["wios"] ?? 0
            )
        }.sorted { ($0.device.major, $0.device.minor) < ($1.device.major, $1.device.minor) }
    }

    /// Reads two files of lines `8:0 Read 123`.
    static func blockIO(bytes: String, operations: String) -> [ControlGroupStatistics.BlockIO] {
        let (bytes, operations) = (KeyedValues(bytes), KeyedValues(operations))
        let names = Set(bytes.values.keys).union(operations.values.keys).compactMap { $0.split(separator: " ").first }
        let devices = Set(names.compactMap(BlockIOLimits.Device.init(parsing:)))
        return devices.map { device in
            ControlGroupStatistics.BlockIO(
                device: device,
                readBytes: bytes["\(device) Read"] ?? 0,
                writtenBytes: bytes["\(device) Write"] ?? 0,
                reads: operations["\(device) Read"] ?? 0,
                writes: operations["\(device) Write"] ?? 0
            )
        }.sorted { ($0.device.major, $0.device.minor) < ($1.device.major, $1.device.minor) }
    }
}

extension BlockIOLimits.Device {
    fileprivate init?(parsing text: Substring) {
        let parts = text.split(separator: ":").map { UInt32($0) }
        guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
        self.init(major: major, minor: minor)
    }
}

extension ControlGroupDirectory {
    /// The number in a file; nil where the file is missing or says `max`.
    borrowing func number(_ name: String) throws(SystemError) -> UInt64? {
        guard let text = try readIfPresent(name) else { return nil }
        return UInt64(text.prefix { !$0.isWhitespace })
    }

    /// The sum of the numbers in two files; nil where the first is missing.
    borrowing func sum(_ first: String, _ second: String) throws(SystemError) -> UInt64? {
        guard let value = try number(first) else { return nil }
        return value + (try number(second) ?? 0)
    }
}
