// SPDX-License-Identifier: Apache-2.0

import Glibc
import Netlink
import NetlinkSupport
import Networks
import TestSupport
import Testing

@Suite struct `Networks of containers` {
    private let host: TestHost
    /// Two containers of one network, and one of another.
    private let (one, two, other): (TestNetwork, TestNetwork, TestNetwork)
    private let networks: [FirewallNetwork]
    private let firewall: Firewall
    private var servers: [MirrorServer] = []

    init() throws {
        host = try TestHost()
        let networks = [try host.makeBridge(1), try host.makeBridge(2)]
        self.networks = networks
        firewall = try Firewall(named: "wharf-test", networks, inNetworkOf: host.host.number)
        (one, two, other) = (try host.connect(2, to: 1), try host.connect(3, to: 1), try host.connect(2, to: 2))
        for network in [one, two, other, host.neighbour] {
            servers.append(try MirrorServer(.tcp, 80, in: network))
        }
        servers.append(try MirrorServer(.udp, 53, in: one))
    }

    private func port(
        _ hostPort: UInt16,
        at address: String? = nil,
        to target: String = "10.1.0.2",
        _ port: UInt16 = 80
    ) throws -> PublishedPort {
        PublishedPort(
            .tcp,
            at: try address.map { try #require(IPAddress($0)) },
            hostPort,
            to: try #require(IPAddress(target)),
            port
        )
    }

    @Test func `reach each other inside, and nothing else of ours`() throws {
        #expect(try two.ask("10.1.0.2", 80, within: 10_000) == "10.1.0.3")
        #expect(try two.ask("fd00:0:1::2", 80, within: 10_000) == "fd00:0:1::3")
        #expect(try other.ask("10.1.0.2", 80) == nil)
        #expect(try other.ask("fd00:0:1::2", 80) == nil)
    }

    @Test func `go out with the address of the host`() throws {
        #expect(try one.ask("192.0.2.2", 80, within: 10_000) == "192.0.2.1")
        #expect(try one.ask("fd00:2::2", 80, within: 10_000) == "fd00:2::1")
    }

    @Test func `are not reached from the link but by published ports`() throws {
        let way = Route(to: try #require(IPPrefix("10.1.0.0/24")), gateway: .v4(0xc000_0201))
        try host.neighbour.route.send(.addRoute(way))
        #expect(try host.neighbour.ask("10.1.0.2", 80) == nil)
        #expect(try host.neighbour.ask("192.0.2.1", 8080) == nil)
        try firewall.publish([
            try port(8080), try port(8080, to: "fd00:0:1::2"), PublishedPort(.udp, 5353, to: .v4(0x0a01_0002), 53),
        ])
        // The container sees who it is.
        #expect(try host.neighbour.ask("192.0.2.1", 8080, within: 10_000) == "192.0.2.2")
        #expect(try host.neighbour.ask("fd00:2::1", 8080, within: 10_000) == "fd00:2::2")
        #expect(try host.neighbour.ask("192.0.2.1", 5353, by: .udp, within: 10_000) == "192.0.2.2")
        #expect(try host.neighbour.ask("10.1.0.2", 80) == nil)
        try firewall.unpublish([try port(8080)])
        #expect(try host.neighbour.ask("192.0.2.1", 8080) == nil)
    }

    @Test func `are reached by published ports from the host and from containers, themselves too`() throws {
        try firewall.publish([try port(8080), PublishedPort(.udp, 5353, to: .v4(0x0a01_0002), 53)])
        #expect(try host.host.ask("127.0.0.1", 8080, within: 10_000) == "10.1.0.1")
        #expect(try host.host.ask("192.0.2.1", 8080, within: 10_000) != nil)
        #expect(try host.host.ask("10.1.0.2", 80, within: 10_000) == "10.1.0.1")
        #expect(try host.host.ask("127.0.0.1", 5353, by: .udp, within: 10_000) == "10.1.0.1")
        for container in [one, two, other] {
            #expect(try container.ask("192.0.2.1", 8080, within: 10_000) == "10.1.0.1")
            #expect(try container.ask("192.0.2.1", 5353, by: .udp, within: 10_000) == "10.1.0.1")
        }
    }

    @Test func `CVE-2020-8558 do not reach what the host has at its loopback alone`() throws {
        let local = try MirrorServer(.tcp, 9000, in: host.host)
        #expect(try one.ask("10.1.0.1", 9000, within: 10_000) == "10.1.0.2")
        // Who says that 127.0.0.1 is the host's, inside and on the link.
        for (network, gateway) in [(one, "10.1.0.1"), (host.neighbour, "192.0.2.1")] {
            let script = """
                echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; ip address del 127.0.0.1/8 dev lo
                ip route add 127.0.0.0/8 via \(gateway)
                """
            _ = try network.output(of: "sh", ["-ec", script])
            #expect(try network.ask("127.0.0.1", 9000) == nil)
        }
        // As a port that is published there is not reached by that either.
        try firewall.publish([try port(8080, at: "127.0.0.1")])
        #expect(try host.neighbour.ask("127.0.0.1", 8080) == nil)
        withExtendedLifetime(local) {}
    }

    @Test func `are published by SCTP as well, for a kernel that has it`() throws {
        try firewall.publish([PublishedPort(.sctp, 5000, to: .v4(0x0a01_0002), 5001)])
        #expect(try host.host.nft("ruleset").contains { $0.contains("5000 : 10.1.0.2 . 5001") })
        try firewall.unpublish([PublishedPort(.sctp, 5000, to: .v4(0x0a01_0002), 5001)])
        #expect(try !host.host.nft("ruleset").contains { $0.contains("5000 : 10.1.0.2") })
    }

    @Test func `are published at one address where that is asked for`() throws {
        try firewall.publish([
            try port(8080, at: "127.0.0.1"), try port(8081, at: "192.0.2.1"), try port(8082, to: "10.2.0.2"),
            try port(8082, at: "127.0.0.1"),
        ])
        #expect(try host.host.ask("127.0.0.1", 8080, within: 10_000) == "10.1.0.1")
        #expect(try host.neighbour.ask("192.0.2.1", 8080) == nil)
        #expect(try host.neighbour.ask("192.0.2.1", 8081, within: 10_000) == "192.0.2.2")
        #expect(try host.host.ask("127.0.0.1", 8081) == nil)
        // The port of one address comes before that of all.
        #expect(try host.host.ask("127.0.0.1", 8082, within: 10_000) == "10.1.0.1")
        #expect(try one.ask("192.0.2.1", 8082, within: 10_000) == "10.2.0.1")
    }

    @Test(arguments: [("10.1.0.2", "192.0.2.1", "192.0.2.2"), ("fd00:0:1::2", "fd00:2::1", "fd00:2::2")])
    func `are published by a thousand ports at the price of one`(
        target: String,
        own: String,
        neighbour: String
    ) throws {
        let (address, place) = (try #require(IPAddress(target)), try #require(IPAddress(own)))
        let more = try [3000, 3555, 3999, 4444].map { try MirrorServer(.tcp, $0, in: one) }
        let range = PublishedPort(.tcp, 3000, to: address, 3000, count: 1000)
        let before = try host.host.nft("ruleset")
        try firewall.publish([range])
        let family = address.isV4 ? "4" : "6"
        let listed = try host.host.nft("map", "inet", "wharf-test", "ranges\(family)")
        #expect(listed.contains { $0.contains("3000-3999 : \(target)") })
        for port in [3000, 3555, 3999] as [UInt16] {
            #expect(try host.neighbour.ask(own, port, within: 10_000) == neighbour)
        }
        #expect(try host.neighbour.ask(own, 4444) == nil)
        try firewall.unpublish([range])
        #expect(try host.neighbour.ask(own, 3555) == nil)

        // At one address, and with other numbers inside.
        let ranges = [
            PublishedPort(.tcp, at: place, 3500, to: address, 3500, count: 100),
            PublishedPort(.tcp, 4000, to: address, 3990, count: 10),
        ]
        try firewall.publish(ranges)
        #expect(try host.neighbour.ask(own, 3555, within: 10_000) == neighbour)
        #expect(try host.neighbour.ask(own, 4009, within: 10_000) == neighbour)
        #expect(try host.neighbour.ask(own, 4010) == nil)
        #expect(throws: NetlinkError.self) {
            try firewall.publish([
                PublishedPort(.tcp, at: place, 3550, to: address, 3550, count: 100)
            ])
        }
        try firewall.unpublish(ranges)
        #expect(try host.host.nft("ruleset") == before)
        withExtendedLifetime(more) {}
    }

    @Test func `do not have a port twice`() throws {
        try firewall.publish([try port(8080)])
        let error = #expect(throws: NetlinkError.self) {
            try firewall.publish([try port(8081), try port(8080, to: "10.2.0.2")])
        }
        #expect(error?.number == EEXIST)
        // Nothing of it was done.
        #expect(try host.neighbour.ask("192.0.2.1", 8081) == nil)
        #expect(try host.neighbour.ask("192.0.2.1", 8080, within: 10_000) == "192.0.2.2")
    }

    @Test func `that are internal have no way in or out`() throws {
        var network = try host.makeBridge(3)
        network.isInternal = true
        try firewall.add(network)
        let (first, second) = (try host.connect(2, to: 3), try host.connect(3, to: 3))
        let server = try MirrorServer(.tcp, 80, in: first)
        #expect(try second.ask("10.3.0.2", 80, within: 10_000) == "10.3.0.3")
        #expect(try first.ask("192.0.2.2", 80) == nil)
        #expect(try first.ask("10.1.0.2", 80) == nil)
        #expect(try one.ask("10.3.0.2", 80) == nil)
        _ = server
    }

    @Test func `that isolate their containers let none reach another`() throws {
        var network = try host.makeBridge(4)
        network.isolatesContainers = true
        try firewall.add(network)
        let first = try host.connect(2, to: 4, isIsolated: true)
        let second = try host.connect(3, to: 4, isIsolated: true)
        let server = try MirrorServer(.tcp, 80, in: first)
        #expect(try second.ask("10.4.0.2", 80) == nil)
        #expect(try second.ask("192.0.2.2", 80, within: 10_000) == "192.0.2.1")
        #expect(try host.host.ask("10.4.0.2", 80, within: 10_000) == "10.4.0.1")
        _ = server
    }

    @Test func `go without a trace`() throws {
        let before = try host.host.output(of: "nft", ["-n", "list", "ruleset"])
        let network = try host.makeBridge(5)
        try firewall.add(network)
        _ = try host.connect(2, to: 5)
        try firewall.publish([try port(8080, to: "10.5.0.2")])
        try firewall.unpublish([try port(8080, to: "10.5.0.2")])
        try firewall.remove(network)
        try host.bridges.disconnect("v5.2")
        try host.bridges.remove("br5")
        #expect(try host.host.output(of: "nft", ["-n", "list", "ruleset"]) == before)
        #expect(!(try host.host.output(of: "ip", ["link"])).contains("br5"))
        try firewall.remove()
        #expect(try host.host.output(of: "nft", ["list", "ruleset"]) == "")
    }

    @Test func `keep their rules when others flush theirs, and get them back whole from the next engine`() throws {
        try firewall.publish([try port(8080)])
        _ = try host.host.run { try Command("/usr/sbin/nft", ["flush", "ruleset"]).run() }
        #expect(try host.neighbour.ask("192.0.2.1", 8080, within: 10_000) == "192.0.2.2")
        #expect(try other.ask("10.1.0.2", 80) == nil)
    }

    @Test func `are what the next engine says they are`() throws {
        let host = try TestHost()
        let network = try host.makeBridge(1)
        do {
            let first = try Firewall(named: "wharf-test", [network], inNetworkOf: host.host.number)
            try first.publish([try port(8080), try port(8081)])
        }
        let container = try host.connect(2, to: 1)
        let server = try MirrorServer(.tcp, 80, in: container)
        // The rules outlive whoever made them.
        #expect(try host.neighbour.ask("192.0.2.1", 8081, within: 10_000) == "192.0.2.2")
        let second = try Firewall(named: "wharf-test", [network], [try port(8080)], inNetworkOf: host.host.number)
        #expect(try host.neighbour.ask("192.0.2.1", 8080, within: 10_000) == "192.0.2.2")
        #expect(try host.neighbour.ask("192.0.2.1", 8081) == nil)
        try second.remove()
        _ = server
    }
}

@Suite struct `A bridge` {
    @Test func `is made once, mended, and removed`() throws {
        let host = try TestHost()
        let network = try host.makeBridge(1)
        _ = try host.makeBridge(1)
        let shown = try host.host.output(of: "ip", ["-o", "addr", "show", "dev", "br1"])
        #expect(shown.contains("10.1.0.1/24") && shown.contains("fd00:0:1::1/64"))
        _ = try host.host.output(of: "ip", ["addr", "del", "10.1.0.1/24", "dev", "br1"])
        _ = try host.makeBridge(1)
        #expect(try host.host.output(of: "ip", ["-o", "addr", "show", "dev", "br1"]).contains("10.1.0.1/24"))
        // With the ends of containers that are at it, and nothing of other bridges.
        _ = try host.makeBridge(2)
        let ends = try [(2, 1), (3, 1), (2, 2)].map { try host.connect($0, to: $1) }
        try host.bridges.remove(network.bridge)
        try host.bridges.remove(network.bridge)
        let left = try host.host.output(of: "ip", ["link"])
        #expect(!left.contains("br1") && !left.contains("v1.2") && !left.contains("v1.3"))
        #expect(left.contains("br2") && left.contains("v2.2"))
        withExtendedLifetime(ends) {}
    }

    @Test func `is not made over what is none, nor with a name that is a path`() throws {
        let host = try TestHost()
        for name in ["eth0", "../../kernel", "..", "much-too-long-for-an-interface"] {
            #expect(throws: NetlinkError.self, "\(name)") {
                try host.bridges.make(BridgeSettings(name, gateways: []))
            }
        }
        #expect(try host.host.output(of: "ip", ["-o", "link"]).split(separator: "\n").count == 2)
    }

    @Test func `leaves nothing of a connection that fails`() throws {
        let host = try TestHost()
        _ = try host.makeBridge(1)
        let container = try TestNetwork.withLoopback()
        let wrong = try #require(IPAddress("10.9.9.9"))
        #expect(throws: NetlinkError.self) {
            try host.bridges.connect(
                container.number,
                to: "br1",
                EndpointSettings("eth0", hostName: "half", addresses: [], gateways: [wrong])
            )
        }
        #expect(!(try host.host.output(of: "ip", ["link"])).contains("half"))
        #expect(try container.output(of: "ip", ["-o", "link"]).split(separator: "\n").count == 1)
        #expect(throws: NetlinkError.self) {
            try host.bridges.connect(
                container.number,
                to: "missing",
                EndpointSettings("eth0", hostName: "half", addresses: [])
            )
        }
    }

    @Test func `has no IPv6 where it has no address of it`() throws {
        let host = try TestHost()
        try host.bridges.make(BridgeSettings("four", gateways: [try #require(IPPrefix("10.7.0.1/24"))]))
        #expect(!(try host.host.output(of: "ip", ["-6", "addr", "show", "dev", "four"])).contains("inet6"))
    }
}
