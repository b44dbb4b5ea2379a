// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A column of a table of processes, as ps(1) knows it.
struct ProcessColumn: Sendable {
    var title: String
    private let value: @Sendable (ProcessInformation, ProcessTable.Host) -> String

    private init(
        _ title: String,
        _ value: @escaping @Sendable (ProcessInformation, ProcessTable.Host) -> String
    ) {
        self.title = title
        self.value = value
    }

    func text(of process: ProcessInformation, on host: ProcessTable.Host) -> String {
        value(process, host)
    }

    /// The columns by the names that `-o` takes.
    static let named: [String: ProcessColumn] = {
        var columns: [String: ProcessColumn] = [:]
        for (names, column) in identities + times + sizes + states {
            for name in names.split(separator: " ") { columns[String(name)] = column }
        }
        return columns
    }()

    private static let identities: [(String, ProcessColumn)] = [
        ("pid", ProcessColumn("PID") { process, _ in "\(process.pid)" }),
        ("ppid", ProcessColumn("PPID") { process, _ in "\(process.parent)" }),
        ("pgid pgrp", ProcessColumn("PGID") { process, _ in "\(process.processGroup)" }),
        ("sid sess session", ProcessColumn("SID") { process, _ in "\(process.session)" }),
        ("user euser uname", ProcessColumn("USER") { process, host in host.users[process.uids[1]] }),
        ("ruser", ProcessColumn("RUSER") { process, host in host.users[process.uids[0]] }),
        ("uid euid", ProcessColumn("UID") { process, _ in "\(process.uids[1])" }),
        ("ruid", ProcessColumn("RUID") { process, _ in "\(process.uids[0])" }),
        ("group egroup", ProcessColumn("GROUP") { process, host in host.groups[process.gids[1]] }),
        ("rgroup", ProcessColumn("RGROUP") { process, host in host.groups[process.gids[0]] }),
        ("gid egid", ProcessColumn("GID") { process, _ in "\(process.gids[1])" }),
        ("rgid", ProcessColumn("RGID") { process, _ in "\(process.gids[0])" }),
        ("comm ucmd ucomm", ProcessColumn("COMMAND") { process, _ in process.shortCommand }),
        ("args command", ProcessColumn("COMMAND") { process, _ in process.command }),
        ("cmd", ProcessColumn("CMD") { process, _ in process.command }),
        ("tty tt", ProcessColumn("TT") { process, _ in process.terminalName }),
        ("tname", ProcessColumn("TTY") { process, _ in process.terminalName }),
    ]

    private static let times: [(String, ProcessColumn)] = [
        ("etime", ProcessColumn("ELAPSED") { process, host in clock(process.age(on: host), hasHours: false) }),
        ("etimes", ProcessColumn("ELAPSED") { process, host in "\(process.age(on: host))" }),
        (
            "time cputime",
            ProcessColumn("TIME") { process, host in
                clock(process.ticks / host.ticksPerSecond, hasHours: true)
            }
        ),
        (
            "bsdtime",
            ProcessColumn("TIME") { process, host in
                let seconds = process.ticks / host.ticksPerSecond
                return "\(seconds / 60):\(padded(seconds % 60))"
            }
        ),
        ("stime", ProcessColumn("STIME") { process, host in process.shortStart(on: host) }),
        ("start_time", ProcessColumn("START") { process, host in process.shortStart(on: host) }),
        (
            "start",
            ProcessColumn("STARTED") { process, host in
                formatted(process.start(on: host), process.age(on: host) < 86_400 ? "%H:%M:%S" : "%b %d")
            }
        ),
        (
            "lstart",
            ProcessColumn("STARTED") { process, host in
                formatted(process.start(on: host), "%a %b %e %H:%M:%S %Y")
            }
        ),
    ]

    private static let sizes: [(String, ProcessColumn)] = [
        ("c", ProcessColumn("C") { process, host in "\(min(99, process.share(on: host) / 10))" }),
        (
            "pcpu %cpu",
            ProcessColumn("%CPU") { process, host in
                let share = process.share(on: host)
                return share > 999 ? "\(share / 10)" : "\(share / 10).\(share % 10)"
            }
        ),
        (
            "pmem %mem",
            ProcessColumn("%MEM") { process, host in
                let share = process.resident * 1000 / max(1, host.memory / 1024)
                return "\(share / 10).\(share % 10)"
            }
        ),
        ("rss rssize rsz", ProcessColumn("RSS") { process, _ in "\(process.resident)" }),
        ("vsz vsize", ProcessColumn("VSZ") { process, _ in "\(process.virtualSize / 1024)" }),
        ("sz", ProcessColumn("SZ") { process, host in "\(process.virtualSize / host.pageSize)" }),
    ]

    private static let states: [(String, ProcessColumn)] = [
        ("stat", ProcessColumn("STAT") { process, _ in process.fullState }),
        ("s state", ProcessColumn("S") { process, _ in process.state }),
        // Of real-time processes ps shows no niceness.
        ("nice ni", ProcessColumn("NI") { process, _ in [0, 3].contains(process.policy) ? "\(process.nice)" : "-" }),
        ("pri", ProcessColumn("PRI") { process, _ in "\(39 - process.field(18))" }),
        ("wchan", ProcessColumn("WCHAN") { process, _ in process.waitChannel.isEmpty ? "-" : process.waitChannel }),
        ("psr", ProcessColumn("PSR") { process, _ in "\(process.field(39))" }),
        ("nlwp", ProcessColumn("NLWP") { process, _ in "\(process.threadCount)" }),
        ("thcount", ProcessColumn("THCNT") { process, _ in "\(process.threadCount)" }),
    ]

    /// `[days-]hours:minutes:seconds`.
    private static func clock(_ seconds: UInt64, hasHours: Bool) -> String {
        let (days, hours) = (seconds / 86_400, seconds / 3600 % 24)
        let rest = "\(padded(seconds / 60 % 60)):\(padded(seconds % 60))"
        if days > 0 { return "\(padded(days))-\(padded(hours)):\(rest)" }
        return hasHours || hours > 0 ? "\(padded(hours)):\(rest)" : rest
    }

    fileprivate static func padded(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// A time of the host's time zone by strftime(3).
    fileprivate static func formatted(_ seconds: Int64, _ format: String) -> String {
        var (time, parts) = (time_t(seconds), tm())
        localtime_r(&time, &parts)
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension ProcessInformation {
    fileprivate var policy: Int64 { field(41) }

    fileprivate var shortCommand: String { isZombie ? "\(name) <defunct>" : name }

    fileprivate var command: String {
        if isZombie { return "[\(name)] <defunct>" }
        return arguments.isEmpty ? "[\(name)]" : arguments
    }

    /// Seconds since the start.
    fileprivate func age(on host: ProcessTable.Host) -> UInt64 {
        let age = host.uptime - Double(startTicks) / Double(host.ticksPerSecond)
        return age > 0 ? UInt64(age) : 0
    }

    /// When it started, in seconds since 1970.
    fileprivate func start(on host: ProcessTable.Host) -> Int64 {
        host.bootTime + Int64(startTicks / host.ticksPerSecond)
    }

    /// The share of one processor since the start, in thousandths.
    fileprivate func share(on host: ProcessTable.Host) -> UInt64 {
        let age = age(on: host)
        return age == 0 ? 0 : ticks * 1000 / host.ticksPerSecond / age
    }

    /// The time of today, the day of this year, or the year.
    fileprivate func shortStart(on host: ProcessTable.Host) -> String {
        let (start, now) = (start(on: host), host.now)
        let year = ProcessColumn.formatted(start, "%Y")
        if year != ProcessColumn.formatted(now, "%Y") { return year }
        let isToday = ProcessColumn.formatted(start, "%j") == ProcessColumn.formatted(now, "%j")
        return ProcessColumn.formatted(start, isToday ? "%H:%M" : "%b%d")
    }

    /// The state with the letters that ps(1) adds in its BSD formats.
    fileprivate var fullState: String {
        var text = state
        if nice < 0 { text += "<" } else if nice > 0 { text += "N" }
        if locked > 0 { text += "L" }
        if session == Int64(pid) { text += "s" }
        if threadCount > 1 { text += "l" }
        if terminalGroup == processGroup, terminal != 0 { text += "+" }
        return text
    }

    /// The terminal by its number, as drivers of Linux are numbered (Documentation/admin-guide/devices.txt).
    fileprivate var terminalName: String {
        let number = UInt32(truncatingIfNeeded: terminal)
        let (major, minor) = (number >> 8 & 0xFFF, number & 0xFF | number >> 12 & 0xF_FF00)
        switch major {
        case 0: return "?"
        case 4: return minor < 64 ? "tty\(minor)" : "ttyS\(minor - 64)"
        case 5: return minor == 1 ? "console" : "?"
        case 136...143: return "pts/\((major - 136) * 256 + minor)"
        case 204: return "ttyAMA\(minor - min(minor, 64))"
        case 229: return "hvc\(minor)"
        default: return "?"
        }
    }
}
