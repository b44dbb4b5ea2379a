// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Linux

private func limits(_ change: (inout ResourceLimits) -> Void) -> ResourceLimits {
    var limits = ResourceLimits()
    change(&limits)
    return limits
}

private func lines(_ limits: ResourceLimits, _ version: ControlGroupVersion) throws(ControlGroupError) -> [String] {
    try limits.steps { _ in version }.flatMap { step in step.choices.map { "\($0.file)=\($0.value)" } }
}

@Suite struct `Resource limits as files` {
    @Test(
        arguments: [
            (0, 1), (2, 1), (3, 2), (4, 2), (10, 4), (100, 17), (256, 35), (512, 59), (1023, 100), (1024, 100),
            (1025, 101), (2048, 174), (65_536, 3023), (262_144, 10_000), (1_000_000, 10_000),
        ] as [(UInt64, UInt64)]
    )
    func `shares become a weight`(shares: UInt64, weight: UInt64) {
        #expect(ProcessorLimits.weight(ofShares: shares) == weight)
    }

    @Test(arguments: [(10, 1), (100, 910), (500, 4950), (1000, 10_000), (0, 1)] as [(UInt16, Int)])
    func `a weight of block devices becomes one of version 2`(old: UInt16, new: Int) {
        #expect(BlockIOLimits.unifiedWeight(of: old) == new)
    }

    @Test(
        arguments: [
            (nil, nil, nil),
            (.unlimited, nil, .unlimited),
            (.atMost(100), nil, nil),
            (.atMost(100), .atMost(100), .atMost(0)),
            (.atMost(100), .atMost(300), .atMost(200)),
            (.atMost(100), .unlimited, .unlimited),
            (nil, .unlimited, .unlimited),
        ] as [(Limit<UInt64>?, Limit<UInt64>?, Limit<UInt64>?)]
    )
    func `swap of version 2 does not count memory`(
        memory: Limit<UInt64>?,
        both: Limit<UInt64>?,
        swap: Limit<UInt64>?
    ) throws {
        var limits = MemoryLimits()
        (limits.limit, limits.memoryAndSwap) = (memory, both)
        #expect(try limits.swapOnly() == swap)
    }

    @Test(arguments: [.atMost(100), .unlimited, nil] as [Limit<UInt64>?])
    func `swap without a lower limit of memory makes no sense`(memory: Limit<UInt64>?) {
        var limits = MemoryLimits()
        (limits.limit, limits.memoryAndSwap) = (memory, .atMost(99))
        let error = #expect(throws: ControlGroupError.self) { try limits.swapOnly() }
        #expect(error?.code == .invalid)
        #expect(error?.limit == "memory.swap")
    }

    private static let everything = limits {
        $0.memory.limit = .atMost(1000)
        $0.memory.memoryAndSwap = .atMost(1500)
        $0.memory.reservation = .atMost(500)
        $0.cpu.shares = 1024
        $0.cpu.quota = .atMost(.milliseconds(50))
        $0.cpu.period = .milliseconds(100)
        $0.cpu.burst = .microseconds(7)
        $0.cpu.idle = false
        $0.cpu.processors = "0-1"
        $0.cpu.memoryNodes = "0"
        $0.processes = .atMost(9)
        $0.blockIO.weight = 100
        $0.blockIO.deviceWeights = [.init(.init(major: 8, minor: 0), weight: 10)]
        $0.blockIO.readBytes = [.init(.init(major: 8, minor: 0), rate: .atMost(5))]
        $0.blockIO.writeOperations = [.init(.init(major: 8, minor: 16), rate: .unlimited)]
        $0.hugePages = [HugePageLimit(pageSize: "2MB", limit: .unlimited)]
    }

    @Test func `every limit has its file of version 1`() throws {
        #expect(
            try lines(Self.everything, .one) == [
                "cpuset.cpus=0-1", "cpuset.mems=0", "memory.limit_in_bytes=1000", "memory.memsw.limit_in_bytes=1500",
                "memory.soft_limit_in_bytes=500", "cpu.idle=0", "cpu.shares=1024", "cpu.cfs_burst_us=7",
                "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000", "pids.max=9", "blkio.weight=100",
                "blkio.bfq.weight=100", "blkio.weight_device=8:0 10", "blkio.bfq.weight_device=8:0 10",
                "blkio.throttle.read_bps_device=8:0 5", "blkio.throttle.write_iops_device=8:16 0",
                "hugetlb.2MB.limit_in_bytes=-1", "hugetlb.2MB.rsvd.limit_in_bytes=-1",
            ]
        )
    }

    @Test func `every limit has its file of version 2`() throws {
        #expect(
            try lines(Self.everything, .two) == [
                "cpuset.cpus=0-1", "cpuset.mems=0", "memory.max=1000", "memory.swap.max=500", "memory.low=500",
                "cpu.idle=0", "cpu.weight=100", "cpu.max.burst=7", "cpu.max=50000 100000", "pids.max=9",
                "io.bfq.weight=100", "io.weight=default 910", "io.bfq.weight=8:0 10", "io.weight=8:0 1",
                "io.max=8:0 rbps=5", "io.max=8:16 wiops=max", "hugetlb.2MB.max=max", "hugetlb.2MB.rsvd.max=max",
            ]
        )
    }

    @Test(
        arguments: [
            (Limit<Duration>.unlimited, nil, "cpu.max=max"),
            (.atMost(.milliseconds(1)), nil, "cpu.max=1000"),
            (nil, .milliseconds(20), "cpu.max=- 20000"),
            (.unlimited, .milliseconds(20), "cpu.max=max 20000"),
        ] as [(Limit<Duration>?, Duration?, String)]
    )
    func `a quota and a period share a file of version 2`(
        quota: Limit<Duration>?,
        period: Duration?,
        line: String
    ) throws {
        let asked = limits { ($0.cpu.quota, $0.cpu.period) = (quota, period) }
        #expect(try lines(asked, .two) == [line])
    }

    @Test(arguments: [
        ("memory.swappiness", limits { $0.memory.swappiness = 10 }),
        ("memory.disableOOMKiller", limits { $0.memory.disablesOutOfMemoryKiller = true }),
        ("cpu.realtimeRuntime", limits { $0.cpu.realtimeRuntime = .zero }),
        ("cpu.realtimePeriod", limits { $0.cpu.realtimePeriod = .zero }),
    ])
    func `what version 2 lacks is an error that names the limit`(name: String, limits: ResourceLimits) throws {
        let error = #expect(throws: ControlGroupError.self) { try lines(limits, .two) }
        #expect(error?.code == .unsupported)
        #expect(error?.limit == name)
        #expect(try lines(limits, .one).count == 1)
    }

    @Test(arguments: ["../x", "cgroup.procs", "memory", "", ".x/y"])
    func `a raw key that is no file of a controller is an error`(key: String) {
        let error = #expect(throws: ControlGroupError.self) { try lines(limits { $0.unified = [key: "1"] }, .two) }
        #expect(error?.code == .invalid)
    }

    @Test func `a raw key of a controller of version 1 is an error`() {
        let asked = limits { $0.unified = ["memory.high": "1"] }
        #expect(throws: ControlGroupError.self) { try lines(asked, .one) }
        #expect(throws: Never.self) { try lines(asked, .two) }
    }

    @Test func `without any controller each limit is refused by name, and no limit is not`() throws {
        #expect(try ResourceLimits().steps { _ in nil }.isEmpty)
        let one = [
            "memory.limit": limits { $0.memory.limit = .unlimited },
            "cpu.quota": limits { $0.cpu.quota = .unlimited },
            "cpu.mems": limits { $0.cpu.memoryNodes = "0" },
            "pids.limit": limits { $0.processes = .unlimited },
            "blockIO.weight": limits { $0.blockIO.weight = 10 },
            "hugepageLimits[1GB]": limits { $0.hugePages = [HugePageLimit(pageSize: "1GB", limit: .atMost(1))] },
        ]
        for (name, asked) in one {
            let error = #expect(throws: ControlGroupError.self) { try asked.steps { _ in nil } }
            #expect(error?.code == .unsupported)
            #expect(error?.limit == name)
        }
    }

    @Test func `statistics of block devices are read from both versions`() {
        let one = ControlGroup.blockIO(
            bytes: "8:0 Read 10\n8:0 Write 20\n8:0 Total 30\n7:1 Read 1\nTotal 31\n",
            operations: "8:0 Read 3\n8:0 Write 4\n7:1 Read 5\nTotal 12\n"
        )
        let two = ControlGroup.blockIO(
            unified: "8:0 rbytes=10 wbytes=20 rios=3 wios=4 dbytes=0 dios=0\n7:1 rbytes=1 wbytes=0 rios=5 wios=0\n"
        )
        #expect(one == two)
        #expect(one.map(\.device.description) == ["7:1", "8:0"])
        #expect(one.last?.writtenBytes == 20)
    }
}

@Suite struct `Trees of control groups` {
    private static let pure = """
        22 1 0:21 / /proc rw - proc proc rw
        30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate
        """

    private static let hybrid = """
        31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 master:1 - cgroup cgroup rw,cpu,cpuacct
        35 31 0:32 / /sys/fs/cgroup/mem\\040ory rw - cgroup cgroup rw,memory,release_agent=/x
        40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
        41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
        """

    private static let groups = """
        5:memory:/a/b
        4:cpu,cpuacct:/
        1:name=systemd:/a
        0::/user.slice/x
        """

    @Test func `a machine with version 2 alone has one tree`() {
        #expect(
            ControlGroupMount.all(mountInfo: Self.pure, ownGroups: "0::/user.slice/x\n") == [
                ControlGroupMount(version: .two, controllers: [], mountPoint: "/sys/fs/cgroup", ownBase: "user.slice/x")
            ]
        )
    }

    @Test func `a hybrid machine has a tree for each mount`() {
        let mounts = ControlGroupMount.all(mountInfo: Self.hybrid, ownGroups: Self.groups)
        #expect(mounts.map(\.controllers) == [["cpu", "cpuacct"], ["memory"], ["name=systemd"], []])
        #expect(mounts.map(\.ownBase) == ["", "a/b", "a", "user.slice/x"])
        #expect(mounts[1].mountPoint == "/sys/fs/cgroup/mem ory")
    }

    @Test(
        arguments: [
            ("/docker/1", "/docker/1", ""),
            ("/docker/1", "/docker/1/sub", "sub"),
            ("/docker/1", "/docker/12", nil),
            ("/", "/../other", nil),
            ("/..", "/", nil),
        ] as [(String, String, String?)]
    )
    func `the base is where the mount shows the group of the process`(root: String, own: String, base: String?) {
        let line = "35 31 0:32 \(root) /m rw - cgroup2 cgroup2 rw"
        #expect(ControlGroupMount.all(mountInfo: line, ownGroups: "0::\(own)\n").map(\.ownBase) == [base])
    }

    @Test func `of two mounts of a tree that counts which shows the group of the process`() {
        let text = "35 31 0:32 /x /a rw - cgroup2 cgroup2 rw\n36 31 0:32 / /b rw - cgroup2 cgroup2 rw\n"
        #expect(ControlGroupMount.all(mountInfo: text, ownGroups: "0::/y\n").map(\.mountPoint) == ["/b"])
    }

    @Test func `lines that are no mounts of control groups are passed over`() {
        let text = "\n1 2 3\n35 31 0:32 / /m rw - \n35 31 0:32 / /m rw cgroup2 cgroup2 rw\n"
        #expect(ControlGroupMount.all(mountInfo: text, ownGroups: Self.groups).isEmpty)
        #expect(ControlGroupMount.all(mountInfo: Self.pure, ownGroups: "nonsense").isEmpty)
    }
}
