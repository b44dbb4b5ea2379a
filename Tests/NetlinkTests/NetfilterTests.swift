// SPDX-License-Identifier: Apache-2.0

import Glibc
import Netlink
import NetlinkSupport
import TestSupport
import Testing

@Suite struct `Tables of nftables` {
    private let network: TestNetwork
    private let table = Table(.inet, "wharf")

    init() throws {
        network = try TestNetwork()
    }

    private func address(_ text: String) throws -> IPAddress {
        try #require(IPAddress(text))
    }

    @Test func `a table is owned by its socket and stays when that goes`() throws {
        do {
            let first = try NetlinkSocket(.netfilter, inNetworkOf: network.number)
            try first.commit([.addTable(table, [.owner, .persist]), .addChain(Chain(table, "forward"))])
            let state = try #require(try network.netfilter.tables().first)
            #expect(state.table == table)
            #expect(state.flags == [.owner, .persist])
            #expect(state.owner == first.port)

            let refused = try #require(throws: NetlinkError.self) {
                try network.netfilter.commit([.deleteTable(table)])
            }
            #expect(refused.number == EPERM)
            #expect(refused.description.hasPrefix("cannot delete table inet wharf: operation not permitted"))
            #expect(refused.description.hasSuffix("what another program owns obeys that alone"))
            _ = try network.output(of: "nft", ["flush", "ruleset"])
        }
        // The programs that other tests start hold the socket for a moment, until they have become what they are to be.
        #expect(try waitUntil { try network.netfilter.tables().first?.owner == nil })
        #expect(try network.netfilter.tables().map(\.table) == [table])
        #expect(try network.nft("chains").contains("chain forward {"))

        try network.netfilter.commit([.addTable(table, [.owner, .persist])])
        #expect(try network.netfilter.tables().first?.owner == network.netfilter.port)
        #expect(try network.netfilter.chains() == [Chain(table, "forward")])
        try network.netfilter.commit([.deleteTable(table)])
        #expect(try network.netfilter.tables().isEmpty)
    }

    @Test func `chains are made, listed, emptied and deleted`() throws {
        let chains = [
            Chain(table, "forward", hook: Chain.Hook(.filter, .forward, priority: 0, drops: true)),
            Chain(table, "prerouting", hook: Chain.Hook(.nat, .prerouting, priority: -100)),
            Chain(table, "postrouting", hook: Chain.Hook(.nat, .postrouting, priority: 100)),
            Chain(table, "raw", hook: Chain.Hook(.filter, .prerouting, priority: -300)),
            Chain(table, "in_web"),
        ]
        try network.netfilter.commit([.addTable(table)] + chains.map(Request.addChain))
        #expect(try network.netfilter.chains() == chains)
        let shown = try network.nft("chains")
        #expect(shown.contains("type filter hook forward priority 0; policy drop;"))
        #expect(shown.contains("type nat hook prerouting priority -100; policy accept;"))
        #expect(shown.contains("type filter hook prerouting priority -300; policy accept;"))

        let rule = Rule(table, "in_web", [.counter, .verdict(.drop)])
        try network.netfilter.commit([.addRule(rule), .addRule(rule)])
        #expect(try network.netfilter.rules(of: table).count == 2)
        try network.netfilter.commit([.flushChain(chains[4])])
        #expect(try network.netfilter.rules(of: table).isEmpty)
        try network.netfilter.commit([.deleteChain(chains[4])])
        #expect(try network.netfilter.chains() == Array(chains[..<4]))
    }

    @Test func `changes are made all or none, and the refused one is named`() throws {
        let error = try #require(throws: NetlinkError.self) {
            try network.netfilter.commit([
                .addTable(table),
                .addChain(Chain(table, "forward")),
                .addRule(Rule(table, "missing", [.verdict(.accept)])),
                .addChain(Chain(table, "after")),
            ])
        }
        #expect(error.index == 2)
        #expect(error.number == ENOENT)
        #expect(
            error.description.hasPrefix(
                "cannot add a rule to chain missing of table inet wharf: no such file or directory"
            )
        )
        #expect(try network.netfilter.tables().isEmpty)
        try network.netfilter.commit([])
    }

    @Test func `every kind of rule is shown as it is meant`() throws {
        let sets = [
            NamedSet(table, "published", key: [.ipv4Address, .protocolNumber, .port]),
            NamedSet(table, "ports", key: [.protocolNumber, .port], to: .values([.ipv4Address, .port])),
            NamedSet(table, "interfaces", key: [.interfaceName], to: .verdicts),
            NamedSet(table, "endpoints", key: [.ipv6Address]),
        ]
        let subnet = try #require(IPPrefix("10.9.0.0/20"))
        let rules: [([Expression], String)] = [
            (
                .connection([.established, .related]) + [.counter, .verdict(.accept)],
                "ct state 0x2,0x4 counter packets 0 bytes 0 accept"
            ),
            (
                .input("web") + .output("web", isEqual: false) + [.verdict(.drop)],
                "iifname \"web\" oifname != \"web\" drop"
            ),
            (
                // A comparison may be shorter than the name: with all that begin like it.
                [.meta(.inputInterface, to: Register(0)), .compare(Register(0), to: Array("wh-".utf8))],
                "iifname \"wh-*\""
            ),
            (
                [.meta(.outputInterface, to: Register(0)), .verdictMap(Register(0), by: "interfaces")],
                "oifname vmap @interfaces"
            ),
            (
                .version(isV4: true) + .load(.destination, isV4: true, to: Register(0))
                    + .loadProtocolAndPort(to: 1) + [.lookup(Register(0), in: "published"), .verdict(.back)],
                "ip daddr . meta l4proto . th dport @published return"
            ),
            (
                .version(isV4: false) + .load(.source, isV4: false, to: Register(0))
                    + [.lookup(Register(0), in: "endpoints", isInverted: true), .verdict(.jump("target"))],
                "ip6 saddr != @endpoints jump target"
            ),
            (
                .isLocal(.destination) + .address(.source, in: subnet, isEqual: false) + [.verdict(.goto("target"))],
                "fib daddr type 2 ip saddr != 10.9.0.0/20 goto target"
            ),
            (
                .address(.destination, in: IPPrefix(try address("fd00::1"))) + .transport(UInt8(IPPROTO_UDP))
                    + [.verdict(.next)],
                "ip6 daddr fd00::1 meta l4proto 17 continue"
            ),
            (
                [.immediate([0, 1, 0, 0], to: Register(4)), .setMark(from: Register(4))],
                "meta mark set 0x00000100"
            ),
        ]
        try network.netfilter.commit(
            [.addTable(table), .addChain(Chain(table, "target")), .addChain(Chain(table, "rules"))]
                + sets.enumerated().map { .addSet($1, id: UInt32($0 + 1)) }
                + rules.map { .addRule(Rule(table, "rules", $0.0, comment: "ours")) }
        )
        let shown = try network.nft("chain", "inet", "wharf", "rules")
        #expect(Array(shown.dropFirst(2).dropLast(2)) == rules.map { $0.1 + " comment \"ours\"" })
        let states = try network.netfilter.rules(of: table)
        #expect(states.map(\.comment) == Array(repeating: "ours", count: rules.count))
        try network.netfilter.commit([.deleteRule(states[0].handle, of: Chain(table, "rules"))])
        try network.netfilter.commit([.addRule(Rule(table, "rules", [.verdict(.drop)], comment: "first"), at: .first)])
        #expect(try network.netfilter.rules(of: table).map(\.comment).first == "first")
        #expect(try network.netfilter.rules(of: table).count == rules.count)
    }

    @Test func `translations of addresses are shown as they are meant`() throws {
        let four = NamedSet(table, "ports", key: [.protocolNumber, .port], to: .values([.ipv4Address, .port]))
        let six = NamedSet(table, "ports6", key: [.protocolNumber, .port], to: .values([.ipv6Address, .port]))
        let prerouting = Chain(table, "prerouting", hook: Chain.Hook(.nat, .prerouting, priority: -100))
        let postrouting = Chain(table, "postrouting", hook: Chain.Hook(.nat, .postrouting, priority: 100))
        try network.netfilter.commit([
            .addTable(table), .addChain(prerouting), .addChain(postrouting), .addSet(four, id: 1), .addSet(six, id: 2),
            .addRule(
                Rule(
                    table,
                    "prerouting",
                    .version(isV4: true) + .loadProtocolAndPort(to: 0) + [
                        .map(Register(0), by: "ports", to: Register(0)),
                        .destinationNAT(address: Register(0), port: Register(1)),
                    ]
                )
            ),
            .addRule(
                Rule(
                    table,
                    "prerouting",
                    .version(isV4: false) + .loadProtocolAndPort(to: 0) + [
                        .map(Register(0), by: "ports6", to: Register(0)),
                        .destinationNAT(isV4: false, address: Register(0), port: Register(4)),
                    ]
                )
            ),
            .addRule(Rule(table, "postrouting", .output("web", isEqual: false) + [.masquerade])),
            .addRule(
                Rule(
                    table,
                    "postrouting",
                    .output("web") + [
                        .immediate(try address("10.9.0.1").bytes, to: Register(0)),
                        .sourceNAT(address: Register(0)),
                    ]
                )
            ),
        ])
        let shown = try network.nft("ruleset")
        #expect(shown.contains("meta nfproto 2 dnat ip to meta l4proto . th dport map @ports"))
        #expect(shown.contains("meta nfproto 10 dnat ip6 to meta l4proto . th dport map @ports6"))
        #expect(shown.contains("oifname != \"web\" masquerade"))
        #expect(shown.contains("oifname \"web\" snat ip to 10.9.0.1"))
    }
}
