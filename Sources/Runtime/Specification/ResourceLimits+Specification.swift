// SPDX-License-Identifier: Apache-2.0

package import Linux
package import OCI

extension ResourceLimits {
    /// The limits of a specification.
    ///
    /// A limit of 0 asks for nothing where 0 makes no sense, and one of -1 takes the limit away, as runc reads them. What
    /// the machine cannot do is for ``ControlGroup/create(_:limits:in:)`` to say.
    ///
    /// - Parameter resources: The `linux.resources` of a specification.
    /// - Throws: The field that makes no sense, or that no current kernel has.
    package init(_ resources: RuntimeSpec.Resources) throws(LaunchError) {
        self.init()
        if let memory = resources.memory { self.memory = try MemoryLimits(memory) }
        if let cpu = resources.cpu { self.cpu = try ProcessorLimits(cpu) }
        if let limit = resources.pids?.limit { processes = limit > 0 ? .atMost(UInt64(limit)) : .unlimited }
        if let blockIO = resources.blockIO { self.blockIO = try BlockIOLimits(blockIO) }
        hugePages = resources.hugepageLimits.map { page in
            HugePageLimit(pageSize: page.pageSize, limit: page.limit == .max ? .unlimited : .atMost(page.limit))
        }
        if !resources.devices.isEmpty { devices = try DeviceRule.rules(resources.devices) }
        unified = resources.unified
        guard resources.network?.classID ?? 0 == 0, resources.network?.priorities.isEmpty ?? true else {
            let text = "marks of packets belong to controllers of version 1 that are not used; leave it out"
            throw .specification(field: "linux.resources.network", text)
        }
        guard resources.rdma.isEmpty else {
            throw .specification(field: "linux.resources.rdma", "limits of RDMA are not supported; leave it out")
        }
    }

    /// The limit that a number stands for: 0 or nil is none asked, -1 none at all.
    fileprivate static func limit(_ value: Int64?, _ field: String) throws(LaunchError) -> Limit<UInt64>? {
        guard let value, value != 0 else { return nil }
        if value == -1 { return .unlimited }
        guard value > 0 else {
            throw .specification(field: "linux.resources.\(field)", "\(value) is below -1, which stands for no limit")
        }
        return .atMost(UInt64(value))
    }
}

extension MemoryLimits {
    fileprivate init(_ memory: RuntimeSpec.Memory) throws(LaunchError) {
        self.init()
        limit = try ResourceLimits.limit(memory.limit, "memory.limit")
        reservation = try ResourceLimits.limit(memory.reservation, "memory.reservation")
        memoryAndSwap = try ResourceLimits.limit(memory.swap, "memory.swap")
        if let swappiness = memory.swappiness {
            guard swappiness <= 100 else {
                throw .specification(
                    field: "linux.resources.memory.swappiness",
                    "\(swappiness) is above 100, the largest"
                )
            }
            self.swappiness = swappiness
        }
        disablesOutOfMemoryKiller = memory.disableOOMKiller
        if let checks = memory.checkBeforeUpdate { refusesLimitBelowUsage = checks }
        for (name, value) in [("kernel", memory.kernel), ("kernelTCP", memory.kernelTCP)] {
            if try ResourceLimits.limit(value, "memory.\(name)") ?? .unlimited == .unlimited { continue }
            throw .specification(
                field: "linux.resources.memory.\(name)",
                "kernels count this memory in memory.limit and have no limit for it alone; leave it out"
            )
        }
        if memory.useHierarchy == false {
            throw .specification(
                field: "linux.resources.memory.useHierarchy",
                "is always on since Linux 5.11; leave it out"
            )
        }
    }
}

extension ProcessorLimits {
    fileprivate init(_ cpu: RuntimeSpec.CPU) throws(LaunchError) {
        self.init()
        if let shares = cpu.shares, shares > 0 { self.shares = shares }
        if let quota = cpu.quota, quota != 0 { self.quota = quota < 0 ? .unlimited : .atMost(.microseconds(quota)) }
        period = try Self.time(cpu.period, "period")
        if let burst = cpu.burst { self.burst = burst == 0 ? .zero : try Self.time(burst, "burst") }
        if let runtime = cpu.realtimeRuntime, runtime != 0 { realtimeRuntime = .microseconds(runtime) }
        realtimePeriod = try Self.time(cpu.realtimePeriod, "realtimePeriod")
        if !cpu.cpus.isEmpty { processors = cpu.cpus }
        if !cpu.mems.isEmpty { memoryNodes = cpu.mems }
        switch cpu.idle {
        case nil: break
        case 0: idle = false
        case 1: idle = true
        case let value?: throw .specification(field: "linux.resources.cpu.idle", "\(value) is neither 0 nor 1")
        }
    }

    private static func time(_ microseconds: UInt64?, _ field: String) throws(LaunchError) -> Duration? {
        guard let microseconds, microseconds > 0 else { return nil }
        guard let value = Int64(exactly: microseconds) else {
            throw .specification(field: "linux.resources.cpu.\(field)", "\(microseconds) microseconds are too many")
        }
        return .microseconds(value)
    }
}

extension BlockIOLimits {
    fileprivate init(_ blockIO: RuntimeSpec.BlockIO) throws(LaunchError) {
        self.init()
        if let weight = blockIO.weight, weight > 0 { self.weight = weight }
        try Self.refuse(leafWeight: blockIO.leafWeight, at: "leafWeight")
        for (index, entry) in blockIO.weightDevice.enumerated() {
            let place = "weightDevice[\(index)]"
            try Self.refuse(leafWeight: entry.leafWeight, at: "\(place).leafWeight")
            guard let weight = entry.weight else { continue }
            deviceWeights.append(DeviceWeight(try Device(entry.major, entry.minor, place), weight: weight))
        }
        readBytes = try Self.rates(blockIO.throttleReadBpsDevice, "throttleReadBpsDevice")
        writeBytes = try Self.rates(blockIO.throttleWriteBpsDevice, "throttleWriteBpsDevice")
        readOperations = try Self.rates(blockIO.throttleReadIOPSDevice, "throttleReadIOPSDevice")
        writeOperations = try Self.rates(blockIO.throttleWriteIOPSDevice, "throttleWriteIOPSDevice")
    }

    private static func refuse(leafWeight: UInt16?, at place: String) throws(LaunchError) {
        if leafWeight ?? 0 == 0 { return }
        let text = "was part of a scheduler that left Linux in 5.0; leave it out"
        throw .specification(field: "linux.resources.blockIO.\(place)", text)
    }

    private static func rates(
        _ entries: [RuntimeSpec.BlockIO.DeviceRate],
        _ field: String
    ) throws(LaunchError) -> [DeviceRate] {
        var rates: [DeviceRate] = []
        for (index, entry) in entries.enumerated() {
            let device = try Device(entry.major, entry.minor, "\(field)[\(index)]")
            rates.append(DeviceRate(device, rate: entry.rate == 0 ? .unlimited : .atMost(entry.rate)))
        }
        return rates
    }
}

extension BlockIOLimits.Device {
    fileprivate init(_ major: Int64, _ minor: Int64, _ place: String) throws(LaunchError) {
        guard let first = UInt32(exactly: major), let second = UInt32(exactly: minor) else {
            throw .specification(
                field: "linux.resources.blockIO.\(place)",
                "\(major):\(minor) is not the number of a device"
            )
        }
        self.init(major: first, minor: second)
    }
}

extension DeviceRule {
    /// The rules of a new container.
    ///
    /// Everything is denied but what the specification allows, and the devices that every container has, which no rule
    /// takes away: runc and crun do the same.
    ///
    /// - Parameter rules: The rules of the specification in order.
    /// - Returns: The rules in order, for a group that may use every device at first.
    /// - Throws: The field that makes no sense.
    package static func container(_ rules: [RuntimeSpec.DeviceRule]) throws(LaunchError) -> [DeviceRule] {
        [DeviceRule(allows: false)] + (try Self.rules(rules)) + standard
    }

    /// Making any node, which gives no access to a device; the nodes of `/dev`; terminals.
    private static let standard: [DeviceRule] =
        [.character, .block].map { DeviceRule(allows: true, kind: $0, access: .create) }
        + [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, nil)].map { major, minor in
            DeviceRule(allows: true, kind: .character, major: major, minor: minor)
        }

    fileprivate static func rules(_ rules: [RuntimeSpec.DeviceRule]) throws(LaunchError) -> [DeviceRule] {
        var result: [DeviceRule] = []
        for (index, rule) in rules.enumerated() {
            result.append(try DeviceRule(rule, field: "linux.resources.devices[\(index)]"))
        }
        return result
    }

    private init(_ rule: RuntimeSpec.DeviceRule, field: String) throws(LaunchError) {
        let kind: Kind =
            switch rule.type ?? .all {
            case .all: .all
            case .character: .character
            case .block: .block
            }
        var access: Access = []
        for letter in rule.access {
            switch letter {
            case "r": access.insert(.read)
            case "w": access.insert(.write)
            case "m": access.insert(.create)
            default:
                let text = "`\(rule.access)` has other letters than r (read), w (write) and m (make a node)"
                throw .specification(field: "\(field).access", text)
            }
        }
        self.init(
            allows: rule.allow,
            kind: kind,
            major: try Self.number(rule.major, "\(field).major"),
            minor: try Self.number(rule.minor, "\(field).minor"),
            access: access.isEmpty ? .all : access
        )
    }

    private static func number(_ value: Int64?, _ field: String) throws(LaunchError) -> UInt32? {
        guard let value, value != -1 else { return nil }
        guard let number = UInt32(exactly: value) else {
            throw .specification(field: field, "\(value) is not a part of a device's number, nor -1 for any")
        }
        return number
    }
}
