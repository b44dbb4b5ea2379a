// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI

/// What requests for containers are measured against: the machine, and the limits of the engine itself.
struct Machine: Sendable {
    /// The processors that are online.
    var processors: Set<Int> = [0]
    /// The memory nodes that are online.
    var memoryNodes: Set<Int> = [0]
    /// The hard limits of the engine's process by the names of `ulimit`, such as `nofile`.
    var hardLimits: [String: UInt64] = [:]
    /// Whether the engine may raise hard limits (`CAP_SYS_RESOURCE`).
    var raisesLimits = true
    /// The largest `nofile` that the kernel takes of anybody, `fs.nr_open`.
    var mostOpenFiles: UInt64 = 1 << 20
    /// The name of the host.
    var hostName = "localhost"
    /// What control groups can do here.
    var controls = Controls()
    /// Whether the kernel confines programs by AppArmor.
    var hasAppArmor = false

    /// The controllers of control groups that there are.
    struct Controls: Equatable, Sendable {
        var memory = true
        /// Whether swap is counted.
        var swap = true
        /// Whether memory is controlled by version 1, which alone knows swappiness and processes that wait for memory.
        var isMemoryVersionOne = false
        var cpu = true
        /// Whether there is a limit of real-time processor time.
        var realtime = false
        var cpuset = true
        var pids = true
        var blockIO = true
    }

    /// The kernel's numbers of the limits that containers may set, from `asm-generic/resource.h`.
    static let limitNumbers: [String: UInt32] = [
        "cpu": 0, "fsize": 1, "data": 2, "stack": 3, "core": 4, "rss": 5, "nproc": 6, "nofile": 7, "memlock": 8,
        "locks": 10, "sigpending": 11, "msgqueue": 12, "nice": 13, "rtprio": 14, "rttime": 15,
    ]

    init() {}

    /// This machine.
    ///
    /// - Parameter trees: The trees of control groups that the engine uses; nil where there are none.
    /// - Returns: What was found; what cannot be read has its default.
    static func current(_ trees: ControlGroupHierarchies?) -> Machine {
        var machine = Machine()
        machine.processors =
            list("/sys/devices/system/cpu/online") ?? Set(0..<max(1, count(Int32(_SC_NPROCESSORS_ONLN))))
        machine.memoryNodes = list("/sys/devices/system/node/online") ?? [0]
        for (name, number) in limitNumbers {
            var limit = rlimit()
            if getrlimit(__rlimit_resource_t(number), &limit) == 0 { machine.hardLimits[name] = UInt64(limit.rlim_max) }
        }
        machine.raisesLimits = (try? CapabilitySet.ofThisThread().effective.contains(.sysResource)) ?? false
        if let most = text("/proc/sys/fs/nr_open").flatMap({ UInt64($0) }) { machine.mostOpenFiles = most }
        machine.hostName = text("/proc/sys/kernel/hostname") ?? "localhost"
        machine.hasAppArmor = text("/sys/module/apparmor/parameters/enabled") == "Y"
        machine.controls = Controls(trees)
        return machine
    }

    private static func count(_ name: Int32) -> Int { Int(sysconf(name)) }

    private static func text(_ path: String) -> String? {
        guard let file = try? Descriptor.open(path, O_RDONLY), let bytes = try? file.contents(limit: 4096) else {
            return nil
        }
        return String(decoding: bytes.split(separator: UInt8(ascii: "\n")).first ?? [], as: UTF8.self)
    }

    private static func list(_ path: String) -> Set<Int>? { text(path).flatMap { NumberList($0)?.numbers } }
}

extension Machine.Controls {
    /// What some trees can do; nothing where there are none.
    init(_ trees: ControlGroupHierarchies?) {
        func has(_ controller: String) -> Bool { trees?.hierarchy(of: controller) != nil }
        memory = has("memory")
        isMemoryVersionOne = trees?.hierarchy(of: "memory")?.version == .one
        cpu = has("cpu")
        cpuset = has("cpuset")
        pids = has("pids")
        blockIO = has("io") || has("blkio")
        swap = memory
        realtime = false
        guard let trees else { return }
        if isMemoryVersionOne, let tree = trees.hierarchy(of: "memory") {
            swap = access("\(tree.place)/memory.memsw.limit_in_bytes", F_OK) == 0
        }
        if let tree = trees.hierarchy(of: "cpu"), tree.version == .one {
            realtime = access("\(tree.place)/cpu.rt_runtime_us", F_OK) == 0
        }
    }
}

extension ControlGroupHierarchy {
    /// The path of the base.
    fileprivate var place: String { base.isEmpty ? mountPoint : "\(mountPoint)/\(base)" }
}

/// A list of numbers as cpuset(7) writes it: `0-2,7`.
struct NumberList: Equatable {
    var numbers: Set<Int>

    /// More processors than any kernel is built for.
    private static let largest = 8191

    /// Reads a list; nil comes back for anything else.
    init?(_ text: String) {
        numbers = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map {
                Self.number($0)
            }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else { return nil }
            numbers.formUnion(first...last)
        }
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
            number <= largest
        else { return nil }
        return number
    }
}
