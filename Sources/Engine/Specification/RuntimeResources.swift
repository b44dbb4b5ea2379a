// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI

extension RuntimeSpec.Resources {
    /// The limits of a request for the runtime, without rules for devices.
    ///
    /// What is not set asks for nothing, so that the result of an update changes only what it names.
    ///
    /// - Parameter resources: The limits, checked.
    /// - Throws: The block device that the host does not have.
    init(_ resources: EngineAPI.Resources) throws(RequestProblem) {
        self.init()
        cpu = RuntimeSpec.CPU(resources)
        memory = RuntimeSpec.Memory(resources)
        if let limit = resources.pidsLimit {
            pids = RuntimeSpec.Pids(limit: limit.ifSet ?? -1)
        }
        blockIO = try RuntimeSpec.BlockIO(resources)
    }
}

extension RuntimeSpec.Resources {
    /// Asks for no limit where there was one and is none any more.
    ///
    /// The processors that a container may use are as they were until its next start: those of the group above are not known here.
    ///
    /// - Parameters:
    ///   - old: The limits as they were.
    ///   - new: The limits as they are.
    mutating func lift(whatIsGoneFrom old: EngineAPI.Resources, to new: EngineAPI.Resources) {
        func isGone(_ limit: KeyPath<EngineAPI.Resources, Int64>) -> Bool {
            old[keyPath: limit].ifSet != nil && new[keyPath: limit].ifSet == nil
        }
        var memory = self.memory ?? RuntimeSpec.Memory()
        if isGone(\.memory) { (memory.limit, memory.swap) = (-1, -1) }
        if isGone(\.memoryReservation) { memory.reservation = -1 }
        if memory != RuntimeSpec.Memory() { self.memory = memory }
        var cpu = self.cpu ?? RuntimeSpec.CPU()
        // What the kernel gives to every group.
        if isGone(\.cpuShares) { cpu.shares = 1024 }
        if isGone(\.nanoCpus) || isGone(\.cpuQuota), cpu.quota == nil { cpu.quota = -1 }
        if cpu != RuntimeSpec.CPU() { self.cpu = cpu }
        if (old.pidsLimit ?? 0).ifSet != nil, (new.pidsLimit ?? 0).ifSet == nil { pids = RuntimeSpec.Pids(limit: -1) }
    }
}

extension RuntimeSpec.CPU {
    /// The usual length of a period in microseconds, in which `NanoCpus` are counted.
    private static let usualPeriod: Int64 = 100_000

    fileprivate init?(_ resources: EngineAPI.Resources) {
        self.init()
        if resources.cpuShares > 0 { shares = UInt64(resources.cpuShares) }
        if resources.nanoCpus > 0 {
            period = UInt64(Self.usualPeriod)
            // A processor in billionths of a period of 100,000 µs.
            quota = resources.nanoCpus / 10_000
        } else {
            if resources.cpuPeriod > 0 { period = UInt64(resources.cpuPeriod) }
            if resources.cpuQuota != 0 { quota = resources.cpuQuota }
        }
        if resources.cpuRealtimePeriod > 0 { realtimePeriod = UInt64(resources.cpuRealtimePeriod) }
        if resources.cpuRealtimeRuntime > 0 { realtimeRuntime = resources.cpuRealtimeRuntime }
        (cpus, mems) = (resources.cpusetCpus, resources.cpusetMems)
        if self == RuntimeSpec.CPU() { return nil }
    }
}

extension RuntimeSpec.Memory {
    fileprivate init?(_ resources: EngineAPI.Resources) {
        self.init()
        limit = resources.memory.ifSet
        reservation = resources.memoryReservation.ifSet
        if limit != nil, resources.memorySwap != 0 { swap = resources.memorySwap }
        if let value = resources.memorySwappiness, value >= 0 { swappiness = UInt64(value) }
        if resources.oomKillDisable == true { disableOOMKiller = true }
        if self == RuntimeSpec.Memory() { return nil }
    }
}

extension RuntimeSpec.BlockIO {
    fileprivate init?(_ resources: EngineAPI.Resources) throws(RequestProblem) {
        self.init()
        weight = UInt16(exactly: resources.blkioWeight).flatMap { $0 > 0 ? $0 : nil }
        for entry in resources.blkioWeightDevice ?? [] {
            let (major, minor) = try HostDevices.blockDevice(entry.path, "BlkioWeightDevice")
            weightDevice.append(DeviceWeight(major: major, minor: minor, weight: UInt16(exactly: entry.weight)))
        }
        throttleReadBpsDevice = try Self.rates(resources.blkioDeviceReadBps, "BlkioDeviceReadBps")
        throttleWriteBpsDevice = try Self.rates(resources.blkioDeviceWriteBps, "BlkioDeviceWriteBps")
        throttleReadIOPSDevice = try Self.rates(resources.blkioDeviceReadIOPS, "BlkioDeviceReadIOps")
        throttleWriteIOPSDevice = try Self.rates(resources.blkioDeviceWriteIOPS, "BlkioDeviceWriteIOps")
        if self == RuntimeSpec.BlockIO() { return nil }
    }

    private static func rates(
        _ entries: [ThrottleDevice]?,
        _ field: String
    ) throws(RequestProblem) -> [DeviceRate] {
        var rates: [DeviceRate] = []
        for entry in entries ?? [] {
            let (major, minor) = try HostDevices.blockDevice(entry.path, field)
            rates.append(DeviceRate(major: major, minor: minor, rate: entry.rate))
        }
        return rates
    }
}
