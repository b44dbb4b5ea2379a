// SPDX-License-Identifier: Apache-2.0

import Netlink
import NetlinkSupport
import Networks
import TestSupport
import Testing

@Suite struct `Forwarding of a host` {
    private func setting(_ path: String, in network: TestNetwork) throws -> String {
        try network.run {
            var text = try readText("/proc/sys/net/\(path)")
            while text.last?.isWhitespace == true { text.removeLast() }
            return text
        }
    }

    private func set(_ path: String, to value: String, in network: TestNetwork) throws {
        _ = try network.output(of: "sysctl", ["-w", "net/\(path)=\(value)"])
    }

    @Test func `is turned on once, and tells what was off`() throws {
        let network = try TestNetwork.withLoopback()
        try set("ipv4/ip_forward", to: "0", in: network)
        try set("ipv6/conf/all/forwarding", to: "0", in: network)
        #expect(try Forwarding.enable(inNetworkOf: network.number, ipv6: false) == .ipv4)
        #expect(try setting("ipv6/conf/all/forwarding", in: network) == "0")
        #expect(try Forwarding.enable(inNetworkOf: network.number, ipv6: true) == .ipv6)
        #expect(try Forwarding.enable(inNetworkOf: network.number, ipv6: true) == [])
        #expect(try setting("ipv4/ip_forward", in: network) == "1")
        #expect(try setting("ipv6/conf/all/forwarding", in: network) == "1")
    }

    @Test func `leaves router advertisements to interfaces that accept them, but to no bridge of ours`() throws {
        let network = try TestNetwork.withLoopback()
        for name in ["uplink", "deaf", "ours"] {
            try network.route.send(.createLink(.bridge(), LinkSettings(name: name)))
        }
        try set("ipv6/conf/all/forwarding", to: "0", in: network)
        try set("ipv6/conf/uplink/accept_ra", to: "1", in: network)
        try set("ipv6/conf/deaf/accept_ra", to: "0", in: network)
        try set("ipv6/conf/ours/accept_ra", to: "1", in: network)
        let before = try setting("ipv6/conf/default/accept_ra", in: network)
        try Forwarding.enable(inNetworkOf: network.number, ipv6: true, except: ["ours"])
        #expect(try setting("ipv6/conf/uplink/accept_ra", in: network) == "2")
        #expect(try setting("ipv6/conf/deaf/accept_ra", in: network) == "0")
        #expect(try setting("ipv6/conf/ours/accept_ra", in: network) == "1")
        #expect(try setting("ipv6/conf/default/accept_ra", in: network) == before)
    }

    @Test func `is not turned on by a bridge`() throws {
        let network = try TestNetwork.withLoopback()
        try set("ipv4/ip_forward", to: "0", in: network)
        try set("ipv6/conf/all/forwarding", to: "0", in: network)
        let gateways = ["10.1.0.1/24", "fd00:0:1::1/64"].compactMap { IPPrefix($0) }
        try Bridges(inNetworkOf: network.number).make(BridgeSettings("br1", gateways: gateways))
        #expect(try setting("ipv4/ip_forward", in: network) == "0")
        #expect(try setting("ipv6/conf/all/forwarding", in: network) == "0")
    }

    /// A second neighbour, as a container's network that the firewall does not know: 10.9.0.2 and fd00:0:9::2.
    private func connectStranger(to host: TestHost) throws -> TestNetwork {
        let stranger = try TestNetwork.withLoopback()
        let peer = LinkSettings(name: "eth0", network: stranger.number)
        try host.host.route.send(.createLink(.veth(peer: peer, peerIndex: 2), LinkSettings(name: "eth9"), index: 9))
        for (socket, index, last) in [(host.host.route, 9, "1"), (stranger.route, 2, "2")] {
            let prefixes = ["10.9.0.\(last)/24", "fd00:0:9::\(last)/64"].compactMap { IPPrefix($0) }
            let addresses = prefixes.map {
                InterfaceAddress(interface: UInt32(index), prefix: $0, isTrusted: true)
            }
            try socket.send([.changeLink(UInt32(index), LinkSettings(isUp: true))] + addresses.map(Request.addAddress))
        }
        try stranger.route.send(
            ["10.9.0.1", "fd00:0:9::1"].compactMap { IPAddress($0) }.map {
                .addRoute(.default(by: $0))
            }
        )
        try host.neighbour.route.send([
            .addRoute(Route(to: try #require(IPPrefix("10.9.0.0/24")), gateway: .v4(0xc000_0201))),
            .addRoute(Route(to: try #require(IPPrefix("fd00:0:9::/64")), gateway: IPAddress("fd00:2::1"))),
        ])
        return stranger
    }

    @Test func `between others is dropped where it is guarded, and nothing of ours with it`() throws {
        let host = try TestHost()
        let network = try host.makeBridge(1)
        let container = try host.connect(2, to: 1)
        let stranger = try connectStranger(to: host)
        let servers = [
            try MirrorServer(.tcp, 80, in: host.neighbour), try MirrorServer(.tcp, 80, in: container),
        ]
        let port = PublishedPort(.tcp, 8080, to: .v4(0x0a01_0002), 80)
        do {
            let firewall = try Firewall(named: "wharf-test", [network], inNetworkOf: host.host.number)
            try firewall.publish([port])
            #expect(try stranger.ask("192.0.2.2", 80, within: 10_000) == "10.9.0.2")
            #expect(try stranger.ask("fd00:2::2", 80, within: 10_000) == "fd00:0:9::2")

            try firewall.guardForwarding(of: .ipv4)
            #expect(try stranger.ask("192.0.2.2", 80) == nil)
            #expect(try stranger.ask("fd00:2::2", 80, within: 10_000) == "fd00:0:9::2")
            #expect(try container.ask("192.0.2.2", 80, within: 10_000) == "192.0.2.1")
            #expect(try host.neighbour.ask("192.0.2.1", 8080, within: 10_000) == "192.0.2.2")

            try firewall.guardForwarding(of: [.ipv4, .ipv6])
            #expect(try stranger.ask("fd00:2::2", 80) == nil)
            try firewall.guardForwarding(of: [])
            #expect(try stranger.ask("192.0.2.2", 80, within: 10_000) == "10.9.0.2")
        }
        let next = try Firewall(
            named: "wharf-test",
            [network],
            [port],
            inNetworkOf: host.host.number,
            guardsForwarding: [.ipv4, .ipv6]
        )
        #expect(try stranger.ask("192.0.2.2", 80) == nil)
        #expect(try stranger.ask("fd00:2::2", 80) == nil)
        #expect(try host.neighbour.ask("192.0.2.1", 8080, within: 10_000) == "192.0.2.2")
        try next.remove()
        withExtendedLifetime(servers) {}
    }
}
