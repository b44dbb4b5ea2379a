// SPDX-License-Identifier: Apache-2.0

import Linux
import TestSupport
import Testing

@Suite struct `Capabilities` {
    @Test func `numbers and names are those of the kernel's header`() throws {
        var defined: [String: UInt8] = [:]
        for line in try readText("/usr/include/linux/capability.h").split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard words.count == 3, words[0] == "#define", words[1].hasPrefix("CAP_"), let number = UInt8(words[2])
            else { continue }
            defined[String(words[1])] = number
        }
        #expect(defined.count == 41)
        #expect(defined == Dictionary(uniqueKeysWithValues: Capability.allCases.map { ($0.name, $0.rawValue) }))
    }

    @Test(arguments: ["NET_ADMIN", "CAP_NET_ADMIN", "cap_net_admin", "Net_Admin"])
    func `a name is found in any case and with or without its prefix`(name: String) throws {
        #expect(try Capability(named: name) == .netAdmin)
    }

    @Test(arguments: ["", "CAP_", "CAP_CAP_CHOWN", "NETADMIN", "ALL", " CHOWN"])
    func `another name is an error that repeats it`(name: String) {
        #expect(throws: UnknownCapability(name: name)) { try Capability(named: name) }
    }

    @Test func `the default is Docker's fourteen`() {
        #expect(CapabilitySet.containerDefault.rawValue == 0xa804_25fb)
        #expect(CapabilitySet.containerDefault.capabilities.count == 14)
        #expect(CapabilitySet.all.rawValue == 0x1ff_ffff_ffff)
    }

    @Test(
        arguments: [
            ([], [], CapabilitySet.containerDefault),
            (["sys_admin"], [], CapabilitySet.containerDefault.union(CapabilitySet([.sysAdmin]))),
            ([], ["CHOWN"], CapabilitySet.containerDefault.subtracting(CapabilitySet([.chown]))),
            (["chown"], ["CHOWN"], CapabilitySet.containerDefault),
            (["NET_ADMIN"], ["all"], CapabilitySet([.netAdmin])),
            ([], ["ALL"], []),
            (["ALL"], [], CapabilitySet.all),
            (["all"], ["cap_bpf"], CapabilitySet.all.subtracting(CapabilitySet([.bpf]))),
            (["ALL"], ["ALL"], CapabilitySet.all),
        ] as [([String], [String], CapabilitySet)]
    )
    func `added and dropped names make a set as Docker does`(
        added: [String],
        dropped: [String],
        expected: CapabilitySet
    ) throws {
        #expect(try CapabilitySet.container(adding: added, dropping: dropped) == expected)
    }

    @Test func `the sets of this thread are those that the kernel shows`() throws {
        let status = try readText("/proc/thread-self/status").split(separator: "\n")
        let effective = try #require(status.first { $0.hasPrefix("CapEff:") }?.split(separator: "\t").last)
        #expect(try CapabilitySet.ofThisThread().effective.rawValue == UInt64(effective, radix: 16))
    }
}
