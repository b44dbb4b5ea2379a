// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

@testable import Seccomp

private func profile(_ json: String) throws(SeccompProfileError) -> SeccompProfile {
    try SeccompProfile(json: Array(json.utf8))
}

@Suite struct `Seccomp profiles as JSON` {
    @Test func `everything that Docker and the OCI specification know is read`() throws {
        let read = try profile(
            #"""
            {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "flags": ["SECCOMP_FILTER_FLAG_LOG"],
             "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
                         {"architecture": "SCMP_ARCH_RISCV64", "subArchitectures": null}],
             "unknown": {"x": [1.5e3, true, "\u00e9\ud83d\ude00\n"]},
             "syscalls": [
              {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW", "args": null, "comment": "x", "includes": {}},
              {"name": "clone", "names": [], "action": "SCMP_ACT_TRACE", "errnoRet": 7,
               "args": [{"index": 5, "value": 18446744073709551615, "valueTwo": 9, "op": "SCMP_CMP_MASKED_EQ"}],
               "includes": {"caps": ["CAP_BPF"], "arches": ["amd64"], "minKernel": "4.8"},
               "excludes": {"caps": ["CAP_CHOWN"]}}]}
            """#
        )
        var expected = SeccompProfile(defaultAction: .errno, defaultErrno: 38)
        expected.flags = ["SECCOMP_FILTER_FLAG_LOG"]
        expected.architectureMap = [
            .init(native: "SCMP_ARCH_X86_64", others: ["SCMP_ARCH_X86"]),
            .init(native: "SCMP_ARCH_RISCV64", others: []),
        ]
        var clone = SeccompProfile.Rule(["clone"], .trace, errno: 7)
        clone.arguments = [.init(5, .maskedEqual, .max, 9)]
        clone.includes.capabilities = ["CAP_BPF"]
        clone.includes.architectures = ["amd64"]
        clone.includes.minimumKernel = KernelRelease(major: 4, minor: 8)
        clone.excludes.capabilities = ["CAP_CHOWN"]
        expected.rules = [.init(["read", "write"]), clone]
        #expect(read == expected)
    }

    @Test(arguments: [
        ("", ""),
        ("[]", ""),
        ("{", ""),
        (#"{"defaultAction": "SCMP_ACT_ALLOW"} x"#, ""),
        (#"{"a": 1, "a": 2}"#, ""),
        (String(repeating: "[", count: 100), ""),
        ("{}", "defaultAction"),
        (#"{"defaultAction": "SCMP_ACT_MAYBE"}"#, "defaultAction"),
        (#"{"defaultAction": 1}"#, "defaultAction"),
        (#"{"defaultAction": "SCMP_ACT_NOTIFY"}"#, "defaultAction"),
        (#"{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 4096}"#, "defaultErrnoRet"),
        (#"{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": -1}"#, "defaultErrnoRet"),
        (#"{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["X"]}"#, "flags[0]"),
        (#"{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/x"}"#, "listenerPath"),
        (#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": [1]}"#, "architectures[0]"),
        (
            #"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["a"], "archMap": [{"architecture": "a"}]}"#,
            "archMap"
        ),
        (#"{"defaultAction": "SCMP_ACT_ALLOW", "archMap": [{}]}"#, "archMap[0].architecture"),
        (#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": {}}"#, "syscalls"),
        (#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{}]}"#, "syscalls[0].names"),
        (#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"]}]}"#, "syscalls[0].action"),
        (
            #"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "name": "b"}]}"#, "syscalls[0].name"
        ),
        (
            #"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_KILL", "args": [{"index": 6}]}]}"#,
            "syscalls[0].args[0].index"
        ),
        (
            #"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_KILL", "args": [{"op": "="}]}]}"#,
            "syscalls[0].args[0].op"
        ),
        (
            #"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_KILL", "includes": {"minKernel": "new"}}]}"#,
            "syscalls[0].includes.minKernel"
        ),
    ])
    func `what is wrong is named with its place`(json: String, field: String) {
        let error = #expect(throws: SeccompProfileError.self) { try profile(json) }
        #expect(error?.field == field)
    }

    @Test func `an unknown architecture is an error that names it`() throws {
        var asked = SeccompProfile(defaultAction: .errno)
        asked.architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_Z80"]
        let error = #expect(throws: SeccompProfileError.self) { try SeccompFilter(asked, for: .init()) }
        #expect(error?.description.contains("z80") == true)
    }
}
