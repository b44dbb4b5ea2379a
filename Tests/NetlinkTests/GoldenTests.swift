// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import Netlink

/// The bytes of each kind of message, behind its header of type, flags, number and port.
///
/// Other tests show by `ip` and `nft` that they have their effect; these show that they stay as they are, for the kernel takes
/// much that it does not heed.
@Suite struct `The bytes of a request` {
    private let table = Table(.inet, "t")

    private func check(
        _ request: Request,
        _ type: UInt16,
        flags: UInt16 = 1,
        _ bytes: String,
        location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(request.type == type, sourceLocation: location)
        #expect(request.flags == flags, sourceLocation: location)
        let encoded = try request.encoded(sequence: 0, port: 0)
        #expect(hex(encoded[16...]) == bytes.withoutSpaces, "\(request.action)", sourceLocation: location)
    }

    @Test func `about interfaces`() throws {
        let mac = HardwareAddress([2, 0x42, 10, 0, 0, 1])
        try check(
            .createLink(
                .bridge(BridgeOptions(forwardDelay: 0, hasSpanningTree: false, snoopsMulticast: false)),
                LinkSettings(name: "web", isUp: true, mtu: 1400, hardwareAddress: mac)
            ),
            16,
            flags: 0x601,
            """
            00000000 00000000 01000000 01000000 08000300 77656200 08000400 78050000 0a000100 02420a00
            00010000 2c001280 0b000100 62726964 67650000 1c000280 08000100 00000000 08000500 00000000
            05001700 00000000
            """
        )
        try check(
            .createLink(
                .veth(peer: LinkSettings(name: "eth0", network: 9), peerIndex: 2),
                LinkSettings(name: "p", isUp: true, master: 7)
            ),
            16,
            flags: 0x601,
            """
            00000000 00000000 01000000 01000000 06000300 70000000 08000a00 07000000 3c001280 09000100
            76657468 00000000 2c000280 28000100 00000000 02000000 00000000 00000000 09000300 65746830
            00000000 08001c00 09000000
            """
        )
        try check(
            .createLink(.dummy, LinkSettings(name: "d")),
            16,
            flags: 0x601,
            """
            00000000 00000000 00000000 00000000 06000300 64000000 10001280 0a000100 64756d6d 79000000
            """
        )
        try check(
            .createLink(.macvlan(parent: 3, mode: .bridge), LinkSettings(name: "m")),
            16,
            flags: 0x601,
            """
            00000000 00000000 00000000 00000000 06000300 6d000000 08000500 03000000 1c001280 0c000100
            6d616376 6c616e00 0c000280 08000100 04000000
            """
        )
        try check(
            .createLink(.ipvlan(parent: 3, mode: .l3s, sharing: .isolated), LinkSettings(name: "i")),
            16,
            flags: 0x601,
            """
            00000000 00000000 00000000 00000000 06000300 69000000 08000500 03000000 24001280 0b000100
            6970766c 616e0000 14000280 06000100 02000000 06000200 01000000
            """
        )
        try check(
            .createLink(.vlan(parent: 3, id: 50), LinkSettings(name: "a.50")),
            16,
            flags: 0x601,
            """
            00000000 00000000 00000000 00000000 09000300 612e3530 00000000 08000500 03000000 1c001280
            09000100 766c616e 00000000 0c000280 06000100 32000000
            """
        )
        try check(
            .changeLink(
                5,
                LinkSettings(isUp: false, generation: AddressGeneration.none),
                port: BridgePortOptions(isHairpin: true)
            ),
            16,
            """
            00000000 05000000 00000000 01000000 10001a80 0c000a80 05000800 01000000 1c001280 0b000400
            62726964 67650000 0c000580 05000400 01000000
            """
        )
        try check(.deleteLink(5), 17, "00000000050000000000000000000000")
        try check(.deleteLink(named: "web"), 17, "000000000000000000000000000000000800030077656200")
        try check(.deleteLinks(ofGroup: 7), 17, "0000000000000000000000000000000008001b0007000000")
    }

    @Test func `about addresses and routes`() throws {
        let four = InterfaceAddress(interface: 3, prefix: try #require(IPPrefix("10.9.0.2/24")))
        let six = InterfaceAddress(interface: 3, prefix: try #require(IPPrefix("fd00::2/64")), isTrusted: true)
        try check(
            .addAddress(four),
            20,
            flags: 0x601,
            "0218000003000000080002000a090002080001000a090002080004000a0900ff"
        )
        try check(
            .addAddress(six),
            20,
            flags: 0x601,
            """
            0a400000 03000000 14000200 fd000000 00000000 00000000 00000002 14000100 fd000000 00000000
            00000000 00000002 08000800 02000000
            """
        )
        try check(.deleteAddress(four), 21, "0218000003000000080002000a090002080001000a090002")
        let gateway = try #require(IPAddress("10.9.0.1"))
        try check(
            .addRoute(.default(by: gateway, interface: 3, metric: 5)),
            24,
            flags: 0x601,
            """
            02000000 fe040001 00000000 08000500 0a090001 08000400 03000000 08000600 05000000
            """
        )
        let near = Route(to: try #require(IPPrefix("fd01::/48")), interface: 3)
        try check(
            .deleteRoute(near),
            25,
            """
            0a300000 fe040001 00000000 14000100 fd010000 00000000 00000000 00000000 08000400 03000000
            """
        )
    }

    @Test func `about tables, chains and rules`() throws {
        let hook = Chain.Hook(.nat, .prerouting, priority: -100, drops: false)
        try check(
            .addTable(table, [.owner, .persist]),
            0xa00,
            flags: 0x401,
            "0100000006000100740000000800020000000006"
        )
        try check(.deleteTable(table), 0xa02, "010000000600010074000000")
        try check(
            .addChain(Chain(table, "c", hook: hook)),
            0xa03,
            flags: 0x401,
            """
            01000000 06000100 74000000 06000300 63000000 14000480 08000100 00000000 08000200 ffffff9c
            08000500 00000001 08000700 6e617400
            """
        )
        try check(.deleteChain(Chain(table, "c")), 0xa05, "0100000006000100740000000600030063000000")
        try check(.flushChain(Chain(table, "c")), 0xa08, "0100000006000100740000000600020063000000")
        try check(
            .deleteRule(7, of: Chain(table, "c")),
            0xa08,
            "01000000060001007400000006000200630000000c0003000000000000000007"
        )
        try check(
            .addRule(Rule(table, "c", [.counter, .verdict(.jump("d"))], comment: "x")),
            0xa06,
            flags: 0xc01,
            """
            01000000 06000100 74000000 06000200 63000000 68000480 2c000180 0c000100 636f756e 74657200
            1c000280 0c000100 00000000 00000000 0c000200 00000000 00000000 38000180 0e000100 696d6d65
            64696174 65000000 24000280 08000100 00000000 18000280 14000280 08000100 fffffffd 06000200
            64000000 08000700 00027800
            """
        )
        try check(
            .addRule(Rule(table, "c", []), at: .first),
            0xa06,
            flags: 0x401,
            "010000000600010074000000060002006300000004000480"
        )
    }

    @Test func `around changes that are made together`() throws {
        let batch = NetfilterBatch(2)
        try check(batch.begin, 16, "0000000a")
        try check(batch.end, 17, "0000000a")
        #expect(batch.begin.action == "commit 2 changes of nftables")
    }

    @Test func `about sets and elements`() throws {
        let ports = NamedSet(
            table,
            "s",
            key: [.protocolNumber, .port],
            to: .values([.ipv4Address, .port]),
            isInterval: true
        )
        let names = NamedSet(table, "v", key: [.interfaceName], to: .verdicts)
        let endpoint: [DataValue] = [.address(.v4(0x0a09_0002)), .port(80)]
        try check(
            .addSet(ports, id: 3),
            0xa09,
            flags: 0x401,
            """
            01000000 06000100 74000000 06000200 73000000 08000300 0000008c 08000400 0000030d 08000500
            00000008 08000600 000001cd 08000700 00000008 08000a00 00000003 10000d00 00040200 00000104
            02000000 20000980 1c000280 0c000180 08000100 00000001 0c000180 08000100 00000002
            """
        )
        try check(
            .addSet(names),
            0xa09,
            flags: 0x401,
            """
            01000000 06000100 74000000 06000200 76000000 08000300 00000008 08000400 00000029 08000500
            00000010 08000600 ffffff00 08000a00 00000001 0a000d00 00040100 00000000
            """
        )
        try check(.deleteSet(ports), 0xa0b, "0100000006000100740000000600020073000000")
        try check(.flushSet(ports), 0xa0e, "0100000006000100740000000600020073000000")
        let range = SetElement(
            [.protocolNumber(6), .port(80)],
            through: [.protocolNumber(6), .port(81)],
            to: .values(endpoint)
        )
        let added = Request.addElements([range], to: ports)
        try check(
            try #require(added.first),
            0xa0c,
            flags: 0x401,
            """
            01000000 06000100 74000000 06000200 73000000 38000380 34000180 10000180 0c000100 06000000
            00500000 10000a80 0c000100 06000000 00510000 10000280 0c000100 0a090002 00500000
            """
        )
        let deleted = Request.deleteElements([SetElement([.interfaceName("web")], to: .verdict(.drop))], of: names)
        try check(
            try #require(deleted.first),
            0xa0e,
            """
            01000000 06000100 74000000 06000200 76000000 30000380 2c000180 18000180 14000100 77656200
            00000000 00000000 00000000 10000280 0c000280 08000100 00000000
            """
        )
    }

    @Test func `about each step of a rule`() throws {
        let steps: [(Expression, String)] = [
            (
                .meta(.outputInterface, to: Register(0)),
                "090001006d657461000000001400028008000200000000070800010000000008"
            ),
            (.setMark(from: Register(1)), "090001006d657461000000001400028008000200000000030800030000000009"),
            (
                .payload(.transport, offset: 2, length: 2, to: Register(9)),
                """
                0c000100 7061796c 6f616400 24000280 08000100 00000011 08000200 00000002 08000300 00000002
                08000400 00000002
                """
            ),
            (
                .compare(Register(0), isEqual: false, to: [1, 2]),
                """
                08000100 636d7000 20000280 08000100 00000008 08000200 00000001 0c000380 06000100 01020000
                """
            ),
            (
                .mask(Register(0), by: [0xff, 0xf0], to: Register(2)),
                """
                0c000100 62697477 69736500 34000280 08000100 00000008 08000200 0000000a 08000300 00000002
                0c000480 06000100 fff00000 0c000580 06000100 00000000
                """
            ),
            (
                .lookup(Register(0), in: "s", isInverted: true),
                """
                0b000100 6c6f6f6b 75700000 1c000280 06000100 73000000 08000200 00000008 08000500 00000001
                """
            ),
            (
                .map(Register(0), by: "s", to: Register(4)),
                """
                0b000100 6c6f6f6b 75700000 1c000280 06000100 73000000 08000200 00000008 08000300 0000000c
                """
            ),
            (
                .verdictMap(Register(0), by: "s"),
                """
                0b000100 6c6f6f6b 75700000 1c000280 06000100 73000000 08000200 00000008 08000300 00000000
                """
            ),
            (
                .immediate([1, 2, 3, 4], to: Register(0)),
                """
                0e000100 696d6d65 64696174 65000000 18000280 08000100 00000008 0c000280 08000100 01020304
                """
            ),
            (
                .verdict(.back),
                """
                0e000100 696d6d65 64696174 65000000 1c000280 08000100 00000000 10000280 0c000280 08000100
                fffffffb
                """
            ),
            (
                .counter,
                """
                0c000100 636f756e 74657200 1c000280 0c000100 00000000 00000000 0c000200 00000000 00000000
                """
            ),
            (.connection(.status, to: Register(0)), "07000100637400001400028008000200000000020800010000000008"),
            (
                .addressType(.destination, to: Register(0)),
                """
                08000100 66696200 1c000280 08000100 00000008 08000200 00000003 08000300 00000002
                """
            ),
            (
                .destinationNAT(address: Register(0), port: Register(1)),
                """
                08000100 6e617400 24000280 08000100 00000001 08000200 00000002 08000300 00000008 08000500
                00000009
                """
            ),
            (
                .sourceNAT(isV4: false, address: Register(0)),
                """
                08000100 6e617400 1c000280 08000100 00000000 08000200 0000000a 08000300 00000008
                """
            ),
            (.masquerade, "090001006d6173710000000004000280"),
        ]
        for (step, bytes) in steps {
            let request = Request.addRule(Rule(table, "c", [step]))
            // Behind the family's structure, the names, and the heads of the two lists around it.
            #expect(hex(request.attributes.bytes[24...]) == bytes.withoutSpaces, "\(step)")
        }
    }
}
