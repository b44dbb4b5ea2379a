// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import Linux

extension ContainerStatistics {
    /// Takes the figures of a container that runs.
    ///
    /// - Parameters:
    ///   - group: The control group of its processes.
    ///   - pid: The first of them, for the network.
    /// - Throws: Where the group or the host's own files cannot be read.
    mutating func measure(_ group: ControlGroup, pid: Int32) throws {
        let figures = try group.statistics()
        let now = FileTime.now
        read = Timestamp(seconds: now.seconds, nanoseconds: now.nanoseconds)
        processes.current = figures.processes?.count ?? 0
        processes.limit = figures.processes?.limit ?? 0
        cpu = CPUStatistics(figures.processors)
        cpu.systemCpuUsage = try HostFigures.processorTime()
        cpu.onlineCPUs = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        if let used = figures.memory {
            let isFirstVersion = group.hierarchies.hierarchy(of: "memory")?.version == .one
            memory = Memory(used, isFirstVersion: isFirstVersion, hostMemory: try HostFigures.memory())
        }
        if let traffic = figures.blockIO {
            let isFirstVersion = group.hierarchies.hierarchy(of: "io")?.version == .one
            blockIO = BlockIOStatistics(traffic, isFirstVersion: isFirstVersion)
        }
        networks = try Self.networks(of: pid)
    }

    /// The traffic of the network namespace of a process, but for its loopback.
    ///
    /// - Parameter pid: The process.
    /// - Returns: Nil where the namespace is the host's, where it has no interface, or where the process has ended.
    /// - Throws: Any error but that of a process that has ended.
    private static func networks(of pid: Int32) throws -> [String: Network]? {
        do {
            let own = try Descriptor.open("/proc/self/ns/net", O_RDONLY).status()
            let other = try Descriptor.open("/proc/\(pid)/ns/net", O_RDONLY).status()
            if own.inode == other.inode, own.device == other.device { return nil }
            return parse(networks: try HostFigures.text("/proc/\(pid)/net/dev"))
        } catch let error as SystemError where [ENOENT, ESRCH, EINVAL].contains(error.number) {
            return nil
        }
    }

    /// Reads `/proc/<pid>/net/dev`: after two lines of titles the name, eight numbers received and eight sent.
    static func parse(networks text: String) -> [String: Network]? {
        var networks: [String: Network] = [:]
        for line in text.split(separator: "\n").dropFirst(2) {
            guard let colon = line.lastIndex(of: ":") else { continue }
            let name = line[..<colon].drop { $0 == " " }
            let numbers = line[line.index(after: colon)...].split(separator: " ").compactMap { UInt64($0) }
            guard name != "lo", numbers.count >= 12 else { continue }
            var network = Network()
            (network.rxBytes, network.rxPackets) = (numbers[0], numbers[1])
            (network.rxErrors, network.rxDropped) = (numbers[2], numbers[3])
            (network.txBytes, network.txPackets) = (numbers[8], numbers[9])
            (network.txErrors, network.txDropped) = (numbers[10], numbers[11])
            networks[String(name)] = network
        }
        return networks.isEmpty ? nil : networks
    }
}

extension ContainerStatistics.Memory {
    fileprivate init(_ used: ControlGroupStatistics.Memory, isFirstVersion: Bool, hostMemory: UInt64) {
        self.init()
        usage = used.usage
        maxUsage = isFirstVersion ? used.peak ?? 0 : 0
        // `total_inactive_file`, by which clients tell the versions, is among the first one's own lines.
        stats = used.details
        failureCount = used.failures ?? 0
        limit = min(used.limit ?? hostMemory, hostMemory)
    }
}

extension CPUStatistics {
    fileprivate init(_ used: ControlGroupStatistics.Processors?) {
        self.init()
        guard let used else { return }
        cpuUsage.totalUsage = used.total.wholeNanoseconds
        cpuUsage.userUsage = used.user.wholeNanoseconds
        cpuUsage.kernelUsage = used.system.wholeNanoseconds
        if !used.perProcessor.isEmpty { cpuUsage.perCPUUsage = used.perProcessor.map(\.wholeNanoseconds) }
        throttlingData.periods = used.periods
        throttlingData.throttledPeriods = used.throttledPeriods
        throttlingData.throttledTime = used.throttledTime.wholeNanoseconds
    }
}

extension BlockIOStatistics {
    fileprivate init(_ traffic: [ControlGroupStatistics.BlockIO], isFirstVersion: Bool) {
        self.init()
        // Clients look at the first letter only; the case is that of Docker's answers for each version.
        let (read, write) = isFirstVersion ? ("Read", "Write") : ("read", "write")
        ioServiceBytesRecursive = traffic.flatMap { device in
            [Entry(device, read, device.readBytes), Entry(device, write, device.writtenBytes)]
        }
        ioServicedRecursive = traffic.flatMap { device in
            [Entry(device, read, device.reads), Entry(device, write, device.writes)]
        }
    }
}

extension BlockIOStatistics.Entry {
    fileprivate init(_ traffic: ControlGroupStatistics.BlockIO, _ operation: String, _ value: UInt64) {
        self.init()
        major = UInt64(traffic.device.major)
        minor = UInt64(traffic.device.minor)
        self.operation = operation
        self.value = value
    }
}

extension Duration {
    /// Nanoseconds, without what is less than one.
    fileprivate var wholeNanoseconds: UInt64 {
        UInt64(max(0, components.seconds)) * 1_000_000_000 + UInt64(max(0, components.attoseconds)) / 1_000_000_000
    }
}
