// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import Linux

private func limits(_ change: (inout ResourceLimits) -> Void) -> ResourceLimits {
    var limits = ResourceLimits()
    change(&limits)
    return limits
}

@Suite struct `Resource limits in force` {
    @Test func `a fork bomb stops at the limit of processes`() throws {
        let test = try TestGroup(limits { $0.processes = .atMost(12) })
        let child = try test.start(Child(shell: "while :; do sleep 1000 & done 2>/dev/null"))
        // The shell gives up when it cannot fork; eleven others are left.
        #expect(child.wait() == 2)
        let processes = try #require(try test.group.statistics().processes)
        #expect(processes.count == 11)
        #expect(processes.limit == 12)
    }

    @Test func `a process that wants too much memory is killed, and the watch tells`() throws {
        let test = try TestGroup(
            limits {
                $0.memory.limit = .atMost(32 << 20)
                $0.memory.memoryAndSwap = .atMost(32 << 20)
            }
        )
        guard let watch = try test.group.watchOutOfMemory() else {
            Issue.record("no memory controller")
            return
        }
        #expect(try watch.kills() == 0)
        let child = try test.start(Child(perl: "my $x = 'x' x (256 << 20); print length $x"))
        #expect(awaitEvent(watch.descriptor.number, watch.events))
        #expect(child.wait() == 128 + SIGKILL)
        #expect(try watch.kills() == 1)
        let memory = try #require(try test.group.statistics().memory)
        #expect(memory.limit == 32 << 20)
        #expect(memory.usage <= 32 << 20)
        #expect((memory.peak ?? 0) > 16 << 20)
    }

    @Test func `a quota of processor time throttles and is measured`() throws {
        let test = try TestGroup(
            limits {
                $0.cpu.period = .milliseconds(10)
                $0.cpu.quota = .atMost(.milliseconds(2))
            }
        )
        let child = try test.start(Child(perl: "my ($u, $s); do { ($u, $s) = times } while $u + $s < 0.05"))
        #expect(child.wait() == 0)
        let processors = try #require(try test.group.statistics().processors)
        #expect(processors.total >= .milliseconds(40))
        #expect(processors.throttledPeriods > 0)
        #expect(processors.throttledPeriods <= processors.periods)
        #expect(processors.throttledTime > .zero)
    }

    @Test func `memory limits move in both directions in one update`() throws {
        let test = try TestGroup()
        for size: UInt64 in [64 << 20, 256 << 20, 16 << 20] {
            try test.group.update(
                limits {
                    $0.memory.limit = .atMost(size)
                    $0.memory.memoryAndSwap = .atMost(size * 2)
                    $0.memory.reservation = .atMost(size / 2)
                }
            )
            #expect(try test.group.statistics().memory?.limit == size)
        }
        try test.group.update(limits { $0.memory.limit = .unlimited })
        #expect(try test.group.statistics().memory?.limit == nil)
    }

    @Test func `quota, period and burst move in both directions in one update`() throws {
        let test = try TestGroup()
        for factor in [10, 50, 2] {
            try test.group.update(
                limits {
                    $0.cpu.quota = .atMost(.milliseconds(factor * 2))
                    $0.cpu.period = .milliseconds(factor * 4)
                    $0.cpu.burst = .milliseconds(factor)
                    $0.cpu.shares = UInt64(factor * 10)
                }
            )
        }
        if test.group.hierarchies.hierarchy(of: "cpu")?.version == .one {
            #expect(try test.file("cpu", "cpu.cfs_quota_us") == "4000")
            #expect(try test.file("cpu", "cpu.cfs_period_us") == "8000")
            #expect(try test.file("cpu", "cpu.cfs_burst_us") == "2000")
            #expect(try test.file("cpu", "cpu.shares") == "20")
        } else {
            #expect(try test.file("cpu", "cpu.max") == "4000 8000")
        }
    }

    @Test func `processors are inherited, narrowed and checked`() throws {
        let hierarchies = try ControlGroupHierarchies.forTests()
        if hierarchies.hierarchy(of: "cpuset") == nil {
            let error = #expect(throws: ControlGroupError.self) {
                _ = try TestGroup(limits { $0.cpu.processors = "0" }, in: hierarchies)
            }
            #expect(error?.code == .unsupported)
            return
        }
        let test = try TestGroup(limits { $0.cpu.processors = "0" }, in: hierarchies)
        #expect(try test.file("cpuset", "cpuset.cpus") == "0")
        let error = #expect(throws: ControlGroupError.self) {
            try test.group.update(limits { $0.cpu.processors = "4095" })
        }
        #expect(error?.code == .refused)
        #expect(error?.limit == "cpu.cpus")
        #expect(error?.file.hasSuffix("/cpuset.cpus") == true)
        #expect(error?.description.contains("4095") == true)
    }

    @Test func `a memory limit below what is in use is refused`() throws {
        let test = try TestGroup()
        let child = try test.start(Child(perl: "my $x = 'x' x (64 << 20); syswrite STDOUT, 'r'; sleep 1000"))
        #expect(child.nextByte() == "r")
        let error = #expect(throws: ControlGroupError.self) {
            try test.group.update(limits { $0.memory.limit = .atMost(8 << 20) })
        }
        #expect(error?.code == .refused)
        #expect(error?.number == EBUSY)
        #expect(error?.limit == "memory.limit")
    }

    @Test func `a refused limit makes no group`() throws {
        let hierarchies = try ControlGroupHierarchies.forTests()
        #expect(throws: ControlGroupError.self) {
            try ControlGroup.create(["refused"], limits: limits { $0.cpu.processors = "4095" }, in: hierarchies)
        }
        let group = try ControlGroup(named: ["refused"], in: hierarchies)
        #expect(try !group.exists())
        for tree in hierarchies.all { #expect(!isFolder("\(tree.mountPoint)/\(group.path)")) }
    }

    @Test func `a limit without a controller is an error that names both`() throws {
        var hierarchies = try ControlGroupHierarchies.forTests(.legacyOnly)
        hierarchies.legacy.removeAll { $0.controllers.contains("pids") }
        let error = #expect(throws: ControlGroupError.self) {
            _ = try TestGroup(limits { $0.processes = .atMost(5) }, in: hierarchies)
        }
        #expect(error?.code == .unsupported)
        #expect(error?.limit == "pids.limit")
        #expect(error?.description.contains("no pids controller") == true)
    }

    @Test func `a limit that this kernel has no file for is an error that names it`() throws {
        // No group but the root has real-time budgets where the kernel is started without them.
        let test = try TestGroup()
        let asked = limits { $0.cpu.realtimeRuntime = .milliseconds(10) }
        let tree = try #require(test.group.hierarchies.hierarchy(of: "cpu"))
        if access("\(tree.mountPoint)/\(test.group.path)/cpu.rt_runtime_us", F_OK) == 0 {
            try test.group.update(limits { $0.cpu.realtimeRuntime = .zero })
        }
        let error = #expect(throws: ControlGroupError.self) { try test.group.update(asked) }
        #expect(error?.limit == "cpu.realtimeRuntime")
    }

    @Test func `a controller of version 2 is enabled on the way down and limited`() throws {
        let hierarchies = try ControlGroupHierarchies.forTests()
        let unified = try #require(hierarchies.unified)
        guard unified.controllers.contains("hugetlb") else { return }
        let controls = ["", "/\(hierarchies.parent[0])"].map { "\(unified.mountPoint)\($0)/cgroup.subtree_control" }
        let wasEnabled = try readText(controls[0]).contains("hugetlb")
        defer {
            // The parent of all tests may be gone with the last of them.
            if !wasEnabled { for control in controls.reversed() { try? writeFile(control, Array("-hugetlb".utf8)) } }
        }
        let test = try TestGroup(
            limits { $0.hugePages = [HugePageLimit(pageSize: "2MB", limit: .atMost(4 << 20))] },
            in: hierarchies
        )
        #expect(try test.file("hugetlb", "hugetlb.2MB.max") == "\(4 << 20)")
        try test.group.update(limits { $0.unified = ["hugetlb.2MB.max": "max"] })
        #expect(try test.file("hugetlb", "hugetlb.2MB.max") == "max")
        try test.group.remove()
    }
}

@Suite struct `Device rules in force` {
    private static let rules = [
        DeviceRule(allows: false),
        DeviceRule(allows: true, kind: .character, access: .create),
        DeviceRule(allows: true, kind: .character, major: 1, minor: 3),
        DeviceRule(allows: true, kind: .character, major: 1, minor: 5, access: .read),
    ]

    /// The letters of what works: n(ull read), N(ull write), z(ero read), Z(ero write), f(ull read), m(knod) b(lock).
    private static let script = """
        t() { if ( eval "$2" ) 2>/dev/null; then printf %s "$1"; fi; }
        t n ': </dev/null'; t N ': >/dev/null'; t z ': </dev/zero'; t Z ': >/dev/zero'; t f ': </dev/full'
        t m 'mknod $D/m c 1 7'; t b 'mknod $D/b b 7 0'
        """

    enum Way: CaseIterable {
        case files
        case program
    }

    private func hierarchies(_ way: Way) throws -> ControlGroupHierarchies {
        var found = try ControlGroupHierarchies.forTests()
        if way == .program { found.legacy.removeAll { $0.controllers.contains("devices") } }
        return found
    }

    private func answers(in test: TestGroup) throws -> String {
        let scratch = try Scratch()
        return try test.start(Child(shell: "D=\(scratch.path)\n\(Self.script)")).rest()
    }

    @Test(arguments: Way.allCases)
    func `what the rules do not allow is denied`(way: Way) throws {
        let free = try TestGroup(in: hierarchies(way))
        #expect(try answers(in: free) == "nNzZfmb")
        let test = try TestGroup(limits { $0.devices = Self.rules }, in: hierarchies(way))
        #expect(try answers(in: test) == "nNzm")
    }

    @Test(arguments: Way.allCases)
    func `rules of a live group are replaced`(way: Way) throws {
        let test = try TestGroup(limits { $0.devices = Self.rules }, in: hierarchies(way))
        var changed = Self.rules
        changed[3] = DeviceRule(allows: true, kind: .character, major: 1, minor: 7, access: .read)
        try test.group.update(limits { $0.devices = changed })
        #expect(try answers(in: test) == "nNfm")
        try test.group.update(limits { $0.devices = [DeviceRule(allows: true)] })
        #expect(try answers(in: test) == "nNzZfmb")
        try test.group.update(
            limits { $0.devices = [DeviceRule(allows: false, kind: .character, major: 1, minor: 5, access: .write)] }
        )
        #expect(try answers(in: test) == "nNzfmb")
    }

    @Test func `accesses that are allowed one by one are allowed together`() throws {
        let rules = [
            DeviceRule(allows: false),
            DeviceRule(allows: true, kind: .character, major: 1, minor: 3, access: .read),
            DeviceRule(allows: true, kind: .character, major: 1, minor: 3, access: .write),
        ]
        for way in Way.allCases {
            let test = try TestGroup(limits { $0.devices = rules }, in: hierarchies(way))
            let child = try test.start(Child(shell: ": <>/dev/null && printf both"))
            #expect(child.rest() == "both", "\(way)")
        }
    }
}
