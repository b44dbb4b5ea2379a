// SPDX-License-Identifier: Apache-2.0

import Netlink

/// The table of nftables that all networks of an engine share: rules that stay the same, and sets and maps that change.
///
/// A published port is an element of a map, so that a thousand of them cost a packet no more than one.
struct FirewallTable {
    let table: Table

    /// `NF_IP_PRI_RAW`, `NF_IP_PRI_NAT_DST`, `NF_IP_PRI_FILTER` and `NF_IP_PRI_NAT_SRC` of linux/netfilter_ipv4.h.
    private enum Priority {
        static let raw: Int32 = -300
        static let destination: Int32 = -100
        static let filter: Int32 = 0
        static let source: Int32 = 100
    }

    /// What there is once for IPv4 and once for IPv6.
    struct Family {
        let isV4: Bool
        /// The addresses of all networks.
        let networks: NamedSet
        /// The addresses of the networks that leave with the host's address.
        let masqueraded: NamedSet
        /// Protocol and port of the host, at all of its addresses, to address and port of a container.
        let ports: NamedSet
        /// The same at one address of the host.
        let portsAt: NamedSet
        /// Protocol and ports of the host, at all of its addresses, to the address of a container that has the same ports.
        let ranges: NamedSet
        /// The same at one address of the host.
        let rangesAt: NamedSet

        fileprivate init(_ table: Table, isV4: Bool) {
            self.isV4 = isV4
            let (suffix, address) = (isV4 ? "4" : "6", isV4 ? DataType.ipv4Address : .ipv6Address)
            networks = NamedSet(table, "networks\(suffix)", key: [address], isInterval: true)
            masqueraded = NamedSet(table, "masqueraded\(suffix)", key: [address], isInterval: true)
            let target = NamedSet.Content.values([address, .port])
            ports = NamedSet(table, "ports\(suffix)", key: [.protocolNumber, .port], to: target)
            portsAt = NamedSet(table, "ports\(suffix)_at", key: [address, .protocolNumber, .port], to: target)
            let name = "ranges\(suffix)"
            ranges = NamedSet(table, name, key: [.protocolNumber, .port], to: .values([address]), isInterval: true)
            rangesAt = NamedSet(
                table,
                "\(name)_at",
                key: [address, .protocolNumber, .port],
                to: .values([address]),
                isInterval: true
            )
        }

        fileprivate var sets: [NamedSet] { [networks, masqueraded, ports, portsAt, ranges, rangesAt] }

        /// How many registers an address fills.
        fileprivate var width: UInt8 { isV4 ? 1 : 4 }
    }

    let four: Family
    let six: Family
    /// The names of all bridges.
    let bridges: NamedSet
    /// What becomes of packets that leave by a bridge, and of those that came in by one.
    let incoming: NamedSet
    let outgoing: NamedSet

    private let raw: Chain
    private let prerouting: Chain
    private let output: Chain
    private let forward: Chain
    private let postrouting: Chain
    /// What is forwarded between others.
    private let others: Chain

    init(named name: String) {
        table = Table(.inet, name)
        (four, six) = (Family(table, isV4: true), Family(table, isV4: false))
        bridges = NamedSet(table, "bridges", key: [.interfaceName])
        incoming = NamedSet(table, "incoming", key: [.interfaceName], to: .verdicts)
        outgoing = NamedSet(table, "outgoing", key: [.interfaceName], to: .verdicts)
        raw = Chain(table, "guard", hook: .init(.filter, .prerouting, priority: Priority.raw))
        prerouting = Chain(table, "prerouting", hook: .init(.nat, .prerouting, priority: Priority.destination))
        output = Chain(table, "output", hook: .init(.nat, .output, priority: Priority.destination))
        forward = Chain(table, "forward", hook: .init(.filter, .forward, priority: Priority.filter))
        postrouting = Chain(table, "postrouting", hook: .init(.nat, .postrouting, priority: Priority.source))
        others = Chain(table, "others")
    }

    func family(of address: IPAddress) -> Family { address.isV4 ? four : six }

    private var families: [Family] { [four, six] }

    /// Makes the table anew, without any network; what was in it is gone in the same step.
    func rebuilt(_ flags: TableFlags) -> [Request] {
        let sets = [bridges, incoming, outgoing] + families.flatMap(\.sets)
        let chains = [others, raw, prerouting, output, forward, postrouting]
        // One that is there is taken over first, so that it can be deleted.
        let anew: [Request] = [.addTable(table, flags), .deleteTable(table), .addTable(table, flags)]
        let numbered = sets.enumerated().map { Request.addSet($1, id: UInt32($0 + 1)) }
        return anew + numbered + chains.map(Request.addChain) + rules.map { Request.addRule($0) }
    }

    // MARK: Rules

    private var rules: [Rule] {
        guardRules + families.flatMap { translations(in: prerouting, $0) + translations(in: output, $0) }
            + forwardRules + families.flatMap(masquerades)
    }

    /// Nobody on a link reaches a container but by a published port, or this host's loopback addresses (CVE-2020-8558,
    /// CVE-2025-54388).
    private var guardRules: [Rule] {
        let loopback = IPPrefix(.v4(127 << 24), length: 8)
        let isFromElsewhere = [Expression].input("lo", isEqual: false)
        var rules: [Rule] = []
        if let loopback {
            rules.append(
                Rule(table, raw.name, isFromElsewhere + .address(.destination, in: loopback) + [.verdict(.drop)])
            )
        }
        let isOurs = [Expression.meta(.inputInterface, to: Register(0)), .lookup(Register(0), in: bridges.name)]
        rules.append(Rule(table, raw.name, isOurs + [.verdict(.accept)]))
        for family in families {
            let isToContainer =
                .version(isV4: family.isV4) + .load(.destination, isV4: family.isV4, to: Register(0))
                + [.lookup(Register(0), in: family.networks.name)]
            rules.append(Rule(table, raw.name, isFromElsewhere + isToContainer + [.verdict(.drop)]))
        }
        return rules
    }

    /// What goes to a published port of this host goes on to a container: the port of one address before that of all.
    private func translations(in chain: Chain, _ family: Family) -> [Rule] {
        let result = Register(8)
        var isLocal = [Expression].version(isV4: family.isV4) + .isLocal(.destination)
        // What is sent to ::1 cannot leave the host (RFC 4291, section 2.5.3): the port's holder serves it.
        if !family.isV4 { isLocal += .address(.destination, in: IPPrefix(.v6(1)), isEqual: false) }
        let translated = Expression.destinationNAT(
            isV4: family.isV4,
            address: result,
            port: Register(8 + family.width)
        )
        let translatedRange = Expression.destinationNAT(isV4: family.isV4, address: result)
        let specific =
            [Expression].load(.destination, isV4: family.isV4, to: Register(0))
            + .loadProtocolAndPort(to: family.width)
        let general = [Expression].loadProtocolAndPort(to: 0)
        let steps = [
            specific + [.map(Register(0), by: family.portsAt.name, to: result), translated],
            specific + [.map(Register(0), by: family.rangesAt.name, to: result), translatedRange],
            general + [.map(Register(0), by: family.ports.name, to: result), translated],
            general + [.map(Register(0), by: family.ranges.name, to: result), translatedRange],
        ]
        return steps.map { Rule(table, chain.name, isLocal + $0) }
    }

    private var forwardRules: [Rule] {
        [
            Rule(
                table,
                forward.name,
                [.meta(.outputInterface, to: Register(0)), .verdictMap(Register(0), by: incoming.name)]
            ),
            Rule(
                table,
                forward.name,
                [.meta(.inputInterface, to: Register(0)), .verdictMap(Register(0), by: outgoing.name)]
            ),
            // Both end with a verdict for what is ours.
            Rule(table, forward.name, [.verdict(.jump(others.name))]),
        ]
    }

    /// Drops what is forwarded between others, in these versions only.
    func guarding(_ versions: IPVersions) -> [Request] {
        let bridge = DataValue.interfaceName("bridge").bytes
        // What crosses a bridge has come in and leaves by the same one.
        let isBridged: [Expression] = [
            .meta(.inputKind, to: Register(0)), .compare(Register(0), to: bridge),
            .meta(.outputKind, to: Register(0)), .compare(Register(0), to: bridge),
        ]
        var drops: [[Expression]] = []
        if versions.contains(.ipv4) { drops.append(.version(isV4: true) + [.verdict(.drop)]) }
        if versions.contains(.ipv6) { drops.append(.version(isV4: false) + [.verdict(.drop)]) }
        if !drops.isEmpty { drops.insert(isBridged + [.verdict(.back)], at: 0) }
        return [.flushChain(others)] + drops.map { .addRule(Rule(table, others.name, $0)) }
    }

    /// What leaves our networks has the host's address, and so has what comes back into them by a published port: the
    /// answer must take the same way.
    private func masquerades(_ family: Family) -> [Rule] {
        let version = [Expression].version(isV4: family.isV4)
        let source = [Expression].load(.source, isV4: family.isV4, to: Register(0))
        func leaves(toOurs: Bool) -> [Expression] {
            [
                .meta(.outputInterface, to: Register(0)),
                .lookup(Register(0), in: bridges.name, isInverted: !toOurs),
            ]
        }
        let isFromContainer = version + source + [.lookup(Register(0), in: family.networks.name)]
        var rules = [
            Rule(
                table,
                postrouting.name,
                version + source + [.lookup(Register(0), in: family.masqueraded.name)] + leaves(toOurs: false)
                    + [.masquerade]
            ),
            Rule(
                table,
                postrouting.name,
                isFromContainer + Self.isTranslated + leaves(toOurs: true) + [.masquerade]
            ),
        ]
        if family.isV4, let loopback = IPPrefix(.v4(127 << 24), length: 8) {
            rules.append(
                Rule(
                    table,
                    postrouting.name,
                    .address(.source, in: loopback) + leaves(toOurs: true) + [.masquerade]
                )
            )
        }
        return rules
    }

    /// The connection went to another address at first: `IPS_DST_NAT` of linux/netfilter/nf_conntrack_common.h.
    private static let isTranslated: [Expression] = {
        let bit = withUnsafeBytes(of: UInt32(1) << 5, Array.init)
        return [
            .connection(.status, to: Register(0)), .mask(Register(0), by: bit, to: Register(0)),
            .compare(Register(0), isEqual: false, to: [0, 0, 0, 0]),
        ]
    }()

    // MARK: Networks

    private func chains(of network: FirewallNetwork) -> (incoming: Chain, outgoing: Chain) {
        (Chain(table, "in_\(network.bridge)"), Chain(table, "out_\(network.bridge)"))
    }

    /// Adds a network.
    func adding(_ network: FirewallNetwork) -> [Request] {
        let chains = chains(of: network)
        let known = [Expression].connection([.established, .related]) + [.verdict(.accept)]
        let own: NetfilterVerdict = network.isolatesContainers ? .drop : .accept
        let into = [
            known, .input(network.bridge) + [.verdict(own)], Self.isTranslated + [.verdict(.accept)],
            [.verdict(.drop)],
        ]
        let out = network.isInternal ? [known, [.verdict(.drop)]] : [[.verdict(.accept)]]
        return [.addChain(chains.incoming), .addChain(chains.outgoing)]
            + into.map { .addRule(Rule(table, chains.incoming.name, $0)) }
            + out.map { .addRule(Rule(table, chains.outgoing.name, $0)) }
            + elements(of: network).flatMap(Request.addElements)
    }

    /// Removes a network; its published ports are removed before.
    func removing(_ network: FirewallNetwork) -> [Request] {
        let chains = chains(of: network)
        return elements(of: network).flatMap(Request.deleteElements) + [
            .flushChain(chains.incoming), .flushChain(chains.outgoing), .deleteChain(chains.incoming),
            .deleteChain(chains.outgoing),
        ]
    }

    private func elements(of network: FirewallNetwork) -> [([SetElement], NamedSet)] {
        let (key, chains) = ([DataValue.interfaceName(network.bridge)], chains(of: network))
        var elements: [([SetElement], NamedSet)] = [
            ([SetElement(key)], bridges),
            ([SetElement(key, to: .verdict(.jump(chains.incoming.name)))], incoming),
            ([SetElement(key, to: .verdict(.jump(chains.outgoing.name)))], outgoing),
        ]
        for prefix in network.prefixes {
            let family = family(of: prefix.address)
            elements.append(([SetElement(prefix.network)], family.networks))
            let leaves = network.masquerades && !network.isInternal
            if leaves { elements.append(([SetElement(prefix.network)], family.masqueraded)) }
        }
        return elements
    }

    // MARK: Ports

    /// The elements of published ports, by the maps that they belong to.
    func elements(of ports: [PublishedPort]) -> [([SetElement], NamedSet)] {
        var elements: [([SetElement], NamedSet)] = []
        for family in families {
            let own = ports.filter { $0.address.isV4 == family.isV4 }
            let single = own.filter { !$0.isRange }.flatMap(\.single)
            let ranges = own.filter(\.isRange)
            let lists = [
                (single.filter { $0.hostAddress == nil }.map(Self.element), family.ports),
                (single.filter { $0.hostAddress != nil }.map(Self.element), family.portsAt),
                (ranges.filter { $0.hostAddress == nil }.map(Self.range), family.ranges),
                (ranges.filter { $0.hostAddress != nil }.map(Self.range), family.rangesAt),
            ]
            elements += lists.filter { !$0.0.isEmpty }
        }
        return elements
    }

    private static func key(of port: PublishedPort, _ number: UInt16) -> [DataValue] {
        let place = port.hostAddress.map { [DataValue.address($0)] } ?? []
        return place + [.protocolNumber(port.transport.rawValue), .port(number)]
    }

    private static func element(of port: PublishedPort) -> SetElement {
        SetElement(key(of: port, port.hostPort), to: .values([.address(port.address), .port(port.port)]))
    }

    private static func range(of port: PublishedPort) -> SetElement {
        SetElement(
            key(of: port, port.hostPort),
            through: key(of: port, port.hostPort + (port.count - 1)),
            to: .values([.address(port.address)])
        )
    }
}
