// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Linux
import OCI
import Seccomp
import Testing

@testable import Runtime

@Suite struct `Resources of a specification` {
    private func resources(_ json: String) throws -> RuntimeSpec.Resources {
        try JSONDecoder().decode(RuntimeSpec.Resources.self, from: Data(json.utf8))
    }

    @Test func `every limit is mapped`() throws {
        let limits = try ResourceLimits(
            resources(
                """
                {"memory": {"limit": 1048576, "reservation": 4096, "swap": -1, "swappiness": 7, "disableOOMKiller": true,
                            "useHierarchy": true, "kernel": -1, "kernelTCP": 0, "checkBeforeUpdate": false},
                 "cpu": {"shares": 3, "quota": 5000, "period": 100000, "burst": 9, "realtimeRuntime": 11,
                         "realtimePeriod": 13, "cpus": "0-1", "mems": "0", "idle": 1},
                 "pids": {"limit": 17},
                 "blockIO": {"weight": 19, "weightDevice": [{"major": 8, "minor": 1, "weight": 23}],
                             "throttleReadBpsDevice": [{"major": 8, "minor": 2, "rate": 29}],
                             "throttleWriteBpsDevice": [{"major": 8, "minor": 3, "rate": 31}],
                             "throttleReadIOPSDevice": [{"major": 8, "minor": 4, "rate": 37}],
                             "throttleWriteIOPSDevice": [{"major": 8, "minor": 5, "rate": 0}]},
                 "hugepageLimits": [{"pageSize": "2MB", "limit": 41}],
                 "devices": [{"allow": true, "type": "c", "major": 10, "minor": -1, "access": "rm"}, {"allow": false}],
                 "unified": {"memory.high": "43"}}
                """
            )
        )
        var expected = ResourceLimits()
        expected.memory.limit = .atMost(1_048_576)
        expected.memory.reservation = .atMost(4096)
        expected.memory.memoryAndSwap = .unlimited
        expected.memory.swappiness = 7
        expected.memory.disablesOutOfMemoryKiller = true
        expected.memory.refusesLimitBelowUsage = false
        expected.cpu.shares = 3
        expected.cpu.quota = .atMost(.microseconds(5000))
        expected.cpu.period = .milliseconds(100)
        expected.cpu.burst = .microseconds(9)
        expected.cpu.realtimeRuntime = .microseconds(11)
        expected.cpu.realtimePeriod = .microseconds(13)
        (expected.cpu.processors, expected.cpu.memoryNodes, expected.cpu.idle) = ("0-1", "0", true)
        expected.processes = .atMost(17)
        expected.blockIO.weight = 19
        expected.blockIO.deviceWeights = [.init(.init(major: 8, minor: 1), weight: 23)]
        expected.blockIO.readBytes = [.init(.init(major: 8, minor: 2), rate: .atMost(29))]
        expected.blockIO.writeBytes = [.init(.init(major: 8, minor: 3), rate: .atMost(31))]
        expected.blockIO.readOperations = [.init(.init(major: 8, minor: 4), rate: .atMost(37))]
        expected.blockIO.writeOperations = [.init(.init(major: 8, minor: 5), rate: .unlimited)]
        expected.hugePages = [HugePageLimit(pageSize: "2MB", limit: .atMost(41))]
        expected.devices = [
            DeviceRule(allows: true, kind: .character, major: 10, access: [.read, .create]), DeviceRule(allows: false),
        ]
        expected.unified = ["memory.high": "43"]
        #expect(limits == expected)
    }

    @Test func `nothing and zeroes ask for nothing`() throws {
        #expect(try ResourceLimits(resources("{}")) == ResourceLimits())
        let zeroes = try resources(
            """
            {"memory": {"limit": 0, "reservation": 0, "swap": 0}, "cpu": {"shares": 0, "quota": 0, "period": 0},
             "blockIO": {"weight": 0}, "network": {}}
            """
        )
        #expect(try ResourceLimits(zeroes) == ResourceLimits())
        let none = try ResourceLimits(
            resources(#"{"pids": {"limit": 0}, "cpu": {"quota": -1}, "memory": {"limit": -1}}"#)
        )
        #expect(none.processes == .unlimited)
        #expect(none.cpu.quota == .unlimited)
        #expect(none.memory.limit == .unlimited)
    }

    @Test(arguments: [
        (#"{"memory": {"limit": -2}}"#, "memory.limit", "-2 is below -1, which stands for no limit"),
        (#"{"memory": {"swappiness": 101}}"#, "memory.swappiness", "101 is above 100, the largest"),
        (#"{"memory": {"kernel": 5}}"#, "memory.kernel", "have no limit for it alone"),
        (#"{"memory": {"kernelTCP": 5}}"#, "memory.kernelTCP", "have no limit for it alone"),
        (#"{"memory": {"useHierarchy": false}}"#, "memory.useHierarchy", "is always on"),
        (#"{"cpu": {"idle": 2}}"#, "cpu.idle", "2 is neither 0 nor 1"),
        (#"{"cpu": {"period": 9223372036854775808}}"#, "cpu.period", "9223372036854775808 microseconds are too many"),
        (#"{"blockIO": {"leafWeight": 5}}"#, "blockIO.leafWeight", "left Linux"),
        (
            #"{"blockIO": {"weightDevice": [{"major": -1, "minor": 0, "weight": 1}]}}"#, "blockIO.weightDevice[0]",
            "-1:0 is not the number of a device"
        ),
        (#"{"network": {"classID": 5}}"#, "network", "controllers of version 1"),
        (#"{"network": {"priorities": [{"name": "lo", "priority": 1}]}}"#, "network", "controllers of version 1"),
        (#"{"rdma": {"mlx": {"hcaHandles": 3}}}"#, "rdma", "not supported"),
        (#"{"devices": [{"allow": true, "access": "rx"}]}"#, "devices[0].access", "`rx` has other letters"),
        (#"{"devices": [{"allow": true, "major": -2}]}"#, "devices[0].major", "-2 is not a part"),
        (#"{"devices": [{"allow": true}, {"allow": true, "minor": 4294967296}]}"#, "devices[1].minor", "4294967296"),
    ])
    func `what makes no sense is named`(json: String, field: String, words: String) throws {
        let resources = try resources(json)
        let error = #expect(throws: LaunchError.self) { _ = try ResourceLimits(resources) }
        guard case .specification("linux.resources.\(field)", let text)? = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(text.contains(words))
    }
}

@Suite struct `System calls of a specification` {
    private func profile(_ json: String) throws -> SeccompProfile {
        try SeccompProfile(JSONDecoder().decode(RuntimeSpec.Seccomp.self, from: Data(json.utf8)))
    }

    @Test func `a profile is the same as one read from the same text`() throws {
        let json = """
            {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 7, "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
             "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
             "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
                          {"names": ["clone"], "action": "SCMP_ACT_TRACE", "errnoRet": 5,
                           "args": [{"index": 0, "value": 2114060288, "valueTwo": 9, "op": "SCMP_CMP_MASKED_EQ"},
                                    {"index": 5, "value": 18446744073709551615, "op": "SCMP_CMP_NE"}]}]}
            """
        #expect(try profile(json) == SeccompProfile(json: Array(json.utf8)))
    }

    @Test(arguments: [
        (#""listenerPath": "/s""#, "listenerPath", "not supported"),
        (#""listenerMetadata": "m""#, "listenerPath", "not supported"),
        (#""flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]"#, "flags[0]", "for listeners"),
        (#""defaultErrnoRet": 4096"#, "defaultErrnoRet", "4096 is no errno value"),
        (#""syscalls": [{"names": [], "action": "SCMP_ACT_ALLOW"}]"#, "syscalls[0].names", "empty"),
        (#""syscalls": [{"names": ["a"], "action": "SCMP_ACT_NOTIFY"}]"#, "syscalls[0].action", "SCMP_ACT_NOTIFY"),
        (
            #""syscalls": [{"names": ["a"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5000}]"#, "syscalls[0].errnoRet",
            "5000"
        ),
        (
            #""syscalls": [{"names": ["a"], "action": "SCMP_ACT_LOG", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]"#,
            "syscalls[0].args[0].index", "6 is no argument"
        ),
    ])
    func `what cannot be honoured is named`(field: String, place: String, words: String) throws {
        let error = #expect(throws: LaunchError.self) {
            _ = try profile(#"{"defaultAction": "SCMP_ACT_ERRNO", \#(field)}"#)
        }
        guard case .specification("linux.seccomp.\(place)", let text)? = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(text.contains(words))
    }
}

@Suite struct `The paths of a bundle` {
    @Test func `count from the bundle, but for those that are not files of the host`() {
        var specification = RuntimeSpec()
        specification.root = RuntimeSpec.Root(path: "rootfs")
        specification.mounts = [
            RuntimeSpec.Mount(destination: "/a", source: "data", options: ["rbind"]),
            RuntimeSpec.Mount(destination: "/b", type: "bind", source: "/data"),
            RuntimeSpec.Mount(destination: "/c", type: "tmpfs", source: "tmpfs"),
        ]
        let located = specification.located(in: "/bundle")
        #expect(located.root?.path == "/bundle/rootfs")
        #expect(located.mounts.map(\.source) == ["/bundle/data", "/data", "tmpfs"])
    }
}
