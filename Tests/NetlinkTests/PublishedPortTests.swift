// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Netlink
import NetlinkSupport
import TestSupport
import Testing

/// A machine with a bridge, a container on it and a client outside, each a namespace.
private struct PublishedPort {
    let host: TestNetwork
    let container: TestNetwork
    let client: TestNetwork
    let table = Table(.inet, "wharf")
    var ports: NamedSet {
        NamedSet(table, "ports", key: [.protocolNumber, .port], to: .values([.ipv4Address, .port]))
    }

    init() throws {
        (host, container, client) = (try TestNetwork(), try TestNetwork(), try TestNetwork())
        try host.run { try writeFile("/proc/sys/net/ipv4/ip_forward", Array("1".utf8)) }
        try host.route.send([
            .createLink(.bridge(BridgeOptions(forwardDelay: 0)), LinkSettings(name: "web", isUp: true))
        ])
        let bridge = try #require(try host.route.link(named: "web")).index
        try connect(container, by: "port", LinkSettings(isUp: true, master: bridge))
        try connect(client, by: "uplink", LinkSettings(isUp: true))
        let uplink = try #require(try host.route.link(named: "uplink")).index
        try give("10.9.0.1/24", to: bridge, in: host)
        try give("192.0.2.1/24", to: uplink, in: host)
        try give("10.9.0.2/24", to: 2, in: container)
        try give("192.0.2.2/24", to: 2, in: client)
        try container.route.send(.addRoute(.default(by: try #require(IPAddress("10.9.0.1")))))
    }

    private func connect(_ network: TestNetwork, by name: String, _ settings: LinkSettings) throws {
        var settings = settings
        settings.name = name
        let peer = LinkSettings(name: "eth0", network: network.number)
        try host.route.send(.createLink(.veth(peer: peer, peerIndex: 2), settings))
        try network.route.send(.changeLink(2, LinkSettings(isUp: true)))
    }

    private func give(_ prefix: String, to interface: UInt32, in network: TestNetwork) throws {
        let prefix = try #require(IPPrefix(prefix))
        try network.route.send(.addAddress(InterfaceAddress(interface: interface, prefix: prefix)))
    }

    /// Rules as for a network: what is established, goes to the bridge or comes from it passes, a map leads from port to
    /// endpoint, and what leaves the machine has its address.
    func addRules() throws {
        let subnet = try #require(IPPrefix("10.9.0.0/24"))
        let interfaces = NamedSet(table, "interfaces", key: [.interfaceName], to: .verdicts)
        try host.netfilter.commit(
            [
                .addTable(table, [.owner, .persist]),
                .addChain(Chain(table, "forward", hook: Chain.Hook(.filter, .forward, priority: 0, drops: true))),
                .addChain(Chain(table, "prerouting", hook: Chain.Hook(.nat, .prerouting, priority: -100))),
                .addChain(Chain(table, "postrouting", hook: Chain.Hook(.nat, .postrouting, priority: 100))),
                .addSet(ports, id: 1), .addSet(interfaces, id: 2),
                .addRule(Rule(table, "forward", .connection([.established, .related]) + [.verdict(.accept)])),
                .addRule(
                    Rule(
                        table,
                        "forward",
                        [.meta(.outputInterface, to: Register(0)), .verdictMap(Register(0), by: "interfaces")]
                    )
                ),
                .addRule(Rule(table, "forward", .input("web") + [.verdict(.accept)])),
                .addRule(
                    Rule(
                        table,
                        "postrouting",
                        .address(.source, in: subnet) + .output("web", isEqual: false) + [.masquerade]
                    )
                ),
                .addRule(
                    Rule(
                        table,
                        "prerouting",
                        .isLocal(.destination) + .version(isV4: true) + .loadProtocolAndPort(to: 0) + [
                            .map(Register(0), by: "ports", to: Register(0)),
                            .destinationNAT(address: Register(0), port: Register(1)),
                        ]
                    )
                ),
            ] + Request.addElements([SetElement([.interfaceName("web")], to: .verdict(.accept))], to: interfaces)
        )
    }

    /// One published port is one element.
    var element: SetElement {
        let endpoint: [DataValue] = [.address(.v4(0x0a09_0002)), .port(80)]
        return SetElement([.protocolNumber(UInt8(IPPROTO_TCP)), .port(8080)], to: .values(endpoint))
    }
}

/// A stream socket that listens at an address of the calling thread's network, or is connected to one.
private func streamSocket(_ address: UInt32, _ port: UInt16, listens: Bool) throws -> Int32 {
    let socket = Descriptor(owning: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
    // So that a lost packet fails the test rather than stops it.
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(socket.number, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(socket.number, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = address.bigEndian
    let failed = withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            guard listens else { return Glibc.connect(socket.number, pointer, size) != 0 }
            return bind(socket.number, pointer, size) != 0 || listen(socket.number, 8) != 0
        }
    }
    if failed { throw SystemFailure(listens ? "listen at" : "connect to", "port \(port)") }
    return socket.release()
}

/// The address of who connected.
private func peer(of listener: Int32) throws -> UInt32 {
    var name = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let number = withUnsafeMutablePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { accept(listener, $0, &size) }
    }
    if number < 0 { throw SystemFailure("accept", "a connection") }
    close(number)
    return UInt32(bigEndian: name.sin_addr.s_addr)
}

@Suite struct `A published port` {
    @Test func `leads to the container, which sees the client's address`() throws {
        let rig = try PublishedPort()
        try rig.addRules()
        let listener = Descriptor(owning: try rig.container.run { try streamSocket(0x0a09_0002, 80, listens: true) })
        #expect(throws: SystemFailure.self) {
            try rig.client.run { try streamSocket(0xc000_0201, 8080, listens: false) }
        }
        try rig.host.netfilter.commit(Request.addElements([rig.element], to: rig.ports))
        let client = Descriptor(owning: try rig.client.run { try streamSocket(0xc000_0201, 8080, listens: false) })
        #expect(try peer(of: listener.number) == 0xc000_0202)
        _ = client.number

        try rig.host.netfilter.commit(Request.deleteElements([rig.element], of: rig.ports))
        #expect(throws: SystemFailure.self) {
            try rig.client.run { try streamSocket(0xc000_0201, 8080, listens: false) }
        }
    }

    @Test func `has a way out too, by the machine's address`() throws {
        let rig = try PublishedPort()
        let listener = Descriptor(owning: try rig.client.run { try streamSocket(0xc000_0202, 9000, listens: true) })
        try rig.addRules()
        let inside = Descriptor(owning: try rig.container.run { try streamSocket(0xc000_0202, 9000, listens: false) })
        #expect(try peer(of: listener.number) == 0xc000_0201)
        _ = inside.number
    }

    @Test func `leaves connections behind that can be forgotten`() throws {
        let rig = try PublishedPort()
        try rig.addRules()
        try rig.host.netfilter.commit(Request.addElements([rig.element], to: rig.ports))
        let listener = Descriptor(owning: try rig.container.run { try streamSocket(0x0a09_0002, 80, listens: true) })
        let client = Descriptor(owning: try rig.client.run { try streamSocket(0xc000_0201, 8080, listens: false) })
        let all = try rig.host.netfilter.trackedConnections()
        let connection = try #require(all.first { $0.original.destinationPort == 8080 })
        #expect(connection.original.source == IPAddress("192.0.2.2"))
        #expect(connection.original.destination == IPAddress("192.0.2.1"))
        #expect(connection.original.transport == UInt8(IPPROTO_TCP))
        #expect(connection.reply.source == IPAddress("10.9.0.2"))
        #expect(connection.reply.sourcePort == 80)
        #expect(connection.reply.destinationPort == connection.original.sourcePort)
        #expect(try rig.host.output(of: "conntrack", ["-L"]).contains("dport=8080"))

        let endpoint = try #require(IPAddress("10.9.0.2"))
        #expect(try rig.host.netfilter.forgetConnections { $0.reply.source == IPAddress("10.9.0.77") } == 0)
        #expect(try rig.host.netfilter.forgetConnections { $0.reply.source == endpoint } == 1)
        #expect(try !rig.host.output(of: "conntrack", ["-L"]).contains("dport=8080"))
        #expect(try rig.host.netfilter.forgetConnections { $0.reply.source == endpoint } == 0)
        _ = (listener.number, client.number)
    }
}
