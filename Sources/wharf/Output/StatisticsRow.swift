// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import GoTemplate

extension Listing {
    /// `docker stats`.
    static let statistics = Listing(
        typeName: "*container.statsContext",
        headers: [
            "Container": "CONTAINER", "Name": "NAME", "ID": "CONTAINER ID", "CPUPerc": "CPU %",
            "MemUsage": "MEM USAGE / LIMIT", "MemPerc": "MEM %", "NetIO": "NET I/O", "BlockIO": "BLOCK I/O",
            "PIDs": "PIDS",
        ],
        table: "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}"
    )
}

/// What `stats` shows of one container.
struct StatisticsRow: Equatable, Sendable {
    /// As the user named the container.
    var reference: String
    var id = ""
    var name = ""
    /// Nil until there is a sample.
    var sample: Sample?

    /// The figures, computed as Docker's client does it.
    struct Sample: Equatable, Sendable {
        /// Of one processor.
        var processorPercent: Double
        var memory: Double
        var memoryLimit: Double
        var received: Double
        var sent: Double
        var read: UInt64
        var written: UInt64
        var processes: UInt64

        /// The figures of one sample.
        init(_ statistics: ContainerStatistics) {
            processorPercent = Self.percent(statistics)
            memory = Double(Self.memory(statistics.memory))
            memoryLimit = Double(statistics.memory.limit)
            let networks = statistics.networks.map { Array($0.values) } ?? []
            received = networks.reduce(0) { $0 + Double($1.rxBytes) }
            sent = networks.reduce(0) { $0 + Double($1.txBytes) }
            (read, written) = (0, 0)
            for entry in statistics.blockIO.ioServiceBytesRecursive ?? [] {
                switch entry.operation.first {
                case "r", "R": read &+= entry.value
                case "w", "W": written &+= entry.value
                default: break
                }
            }
            processes = statistics.processes.current
        }

        private static func percent(_ statistics: ContainerStatistics) -> Double {
            let (now, before) = (statistics.cpu, statistics.previousCPU)
            let used = Double(now.cpuUsage.totalUsage) - Double(before.cpuUsage.totalUsage)
            let passed = Double(now.systemCpuUsage) - Double(before.systemCpuUsage)
            let processors = now.onlineCPUs > 0 ? now.onlineCPUs : now.cpuUsage.perCPUUsage?.count ?? 0
            return passed > 0 && used > 0 ? used / passed * Double(processors) * 100 : 0
        }

        /// The usage without what the page cache would give back.
        private static func memory(_ memory: ContainerStatistics.Memory) -> UInt64 {
            let stats = memory.stats ?? [:]
            for key in ["total_inactive_file", "inactive_file"] {
                if let inactive = stats[key], inactive < memory.usage { return memory.usage - inactive }
            }
            return memory.usage
        }
    }

    /// The row of a list.
    func row(truncates: Bool) -> Value.Structure {
        let missing = "--"
        let memory = sample.map { "\(HumanUnits.binarySize($0.memory)) / \(HumanUnits.binarySize($0.memoryLimit))" }
        let share = sample.map { $0.memoryLimit > 0 ? $0.memory / $0.memoryLimit * 100 : 0 }
        return Value.Structure([
            ("Container", .string(reference)),
            ("Name", .string(name.isEmpty ? missing : name)),
            ("ID", .string(truncates ? id.shortID : id)),
            ("CPUPerc", .string(sample.map { HumanUnits.percent($0.processorPercent) } ?? missing)),
            ("MemUsage", .string(memory ?? "\(missing) / \(missing)")),
            ("MemPerc", .string(share.map(HumanUnits.percent) ?? missing)),
            (
                "NetIO",
                .string(
                    sample.map { "\(HumanUnits.size(Int64($0.received))) / \(HumanUnits.size(Int64($0.sent)))" }
                        ?? missing
                )
            ),
            (
                "BlockIO",
                .string(sample.map { "\(HumanUnits.size($0.read)) / \(HumanUnits.size($0.written))" } ?? missing)
            ),
            ("PIDs", .string(sample.map { String($0.processes) } ?? missing)),
        ])
    }
}
