// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux

/// The processes of a container at one instant, as `/proc` of the host tells them.
///
/// No program is run for it and nothing of the container is opened.
struct ProcessTable: Sendable {
    /// What is the same for all processes.
    struct Host: Sendable {
        var ticksPerSecond: UInt64
        var pageSize: UInt64
        /// In bytes.
        var memory: UInt64
        /// Seconds since 1970.
        var bootTime: Int64
        /// Seconds since the boot.
        var uptime: Double
        /// Seconds since 1970.
        var now: Int64
        var users: HostNames
        var groups: HostNames
    }

    let host: Host
    /// In the order of their numbers.
    let processes: [ProcessInformation]

    /// Reads the processes of a control group and of those below it.
    ///
    /// - Parameter group: The group.
    /// - Throws: Where the group or the host's own files cannot be read; a process that ends meanwhile is left out.
    init(of group: ControlGroup) throws {
        // A number is the group's own only if it is still there when the process is open.
        var found: [Int32: ProcessInformation] = [:]
        for pid in Set(try group.processes()) {
            if let process = try ProcessInformation(pid) { found[pid] = process }
        }
        let still = Set(try group.processes())
        try self.init(found.values.filter { still.contains($0.pid) })
    }

    init(_ processes: [ProcessInformation]) throws {
        host = try Host()
        self.processes = processes.sorted { $0.pid < $1.pid }
    }

    /// The table in columns.
    func shown(as format: ProcessFormat) -> ContainerTop {
        var top = ContainerTop()
        top.titles = format.columns.map(\.title)
        top.processes = processes.map { process in format.columns.map { $0.text(of: process, on: host) } }
        return top
    }
}

extension ProcessTable.Host {
    init() throws {
        ticksPerSecond = UInt64(max(sysconf(Int32(_SC_CLK_TCK)), 1))
        pageSize = UInt64(max(sysconf(Int32(_SC_PAGESIZE)), 1))
        memory = try HostFigures.memory()
        bootTime = try HostFigures.bootTime()
        let text = try HostFigures.text("/proc/uptime")
        uptime = text.split(separator: " ").first.flatMap { Double($0) } ?? 0
        now = Int64(time(nil))
        users = HostNames(reading: "/etc/passwd")
        groups = HostNames(reading: "/etc/group")
    }
}

/// Figures of the machine from `/proc`.
enum HostFigures {
    static func text(_ path: String, limit: Int = 4 << 20) throws -> String {
        String(decoding: try Descriptor.open(path, O_RDONLY).contents(limit: limit), as: UTF8.self)
    }

    /// Bytes of memory.
    static func memory() throws -> UInt64 {
        for line in try text("/proc/meminfo").split(separator: "\n") where line.hasPrefix("MemTotal:") {
            let words = line.split(separator: " ")
            if words.count > 1, let kibibytes = UInt64(words[1]) { return kibibytes << 10 }
        }
        throw SystemError("read", EINVAL, on: "/proc/meminfo")
    }

    /// When the machine was started, in seconds since 1970.
    static func bootTime() throws -> Int64 {
        for line in try text("/proc/stat").split(separator: "\n") where line.hasPrefix("btime ") {
            if let time = Int64(line.dropFirst(6)) { return time }
        }
        throw SystemError("read", EINVAL, on: "/proc/stat")
    }

    /// The time that all processors have worked and waited, in nanoseconds: the first seven numbers, as Docker counts.
    static func processorTime() throws -> UInt64 {
        let ticks = UInt64(max(sysconf(Int32(_SC_CLK_TCK)), 1))
        for line in try text("/proc/stat").split(separator: "\n") where line.hasPrefix("cpu ") {
            let sum = line.split(separator: " ").dropFirst().prefix(7).compactMap { UInt64($0) }.reduce(0, &+)
            return sum.multipliedReportingOverflow(by: 1_000_000_000 / ticks).partialValue
        }
        throw SystemError("read", EINVAL, on: "/proc/stat")
    }
}

/// The names of users or groups of the host.
struct HostNames: Sendable {
    private static let sizeLimit = 1 << 20
    private var names: [UInt32: String] = [:]

    /// Reads `/etc/passwd` or `/etc/group`; where it cannot be read there are only numbers.
    init(reading path: String) {
        guard let text = try? HostFigures.text(path, limit: Self.sizeLimit) else { return }
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count > 2, !fields[0].isEmpty, let id = UInt32(fields[2]), names[id] == nil else { continue }
            names[id] = String(fields[0])
        }
    }

    /// The name of an id, or the number.
    subscript(id: UInt32) -> String { names[id] ?? "\(id)" }
}
