// SPDX-License-Identifier: Apache-2.0

import Netlink
import NetlinkSupport
import Networks
import TestSupport
import Testing

@Suite struct `A watch over networks` {
    private let network: TestNetwork

    init() throws { network = try TestNetwork.withLoopback() }

    private func nft(_ words: String) throws {
        _ = try network.output(of: "nft", words.split(separator: " ").map(String.init))
    }

    @Test func `tells which links have gone, and no others`() async throws {
        for name in ["br1", "br2", "br3"] {
            try network.route.send(.createLink(.bridge(), LinkSettings(name: name, isUp: true)))
        }
        let container = try TestNetwork.withLoopback()
        let bridges = try Bridges(inNetworkOf: network.number)
        try bridges.connect(container.number, to: "br2", EndpointSettings("eth0", hostName: "v2", addresses: []))
        let watch = try NetworkWatch(inNetworkOf: network.number)
        var changes = watch.changes.makeAsyncIterator()
        // A port that leaves its bridge has not gone.
        _ = try network.output(of: "ip", ["link", "set", "v2", "nomaster"])
        _ = try network.output(of: "ip", ["link", "del", "br1"])
        #expect(await changes.next() == .linkGone("br1"))
        _ = try network.output(of: "ip", ["link", "set", "br2", "down"])
        _ = try network.output(of: "ip", ["link", "del", "v2"])
        #expect(await changes.next() == .linkGone("v2"))
        // One that goes to another namespace has gone as well: a pair's end, for a bridge stays where it is.
        let peer = LinkSettings(name: "pair", network: container.number)
        try network.route.send(.createLink(.veth(peer: peer), LinkSettings(name: "end")))
        let index = try #require(try network.route.link(named: "end")?.index)
        try network.route.send(.changeLink(index, LinkSettings(network: container.number)))
        #expect(await changes.next() == .linkGone("end"))
    }

    @Test func `tells which tables others have changed`() async throws {
        let firewall = try Firewall(named: "wharf-test", inNetworkOf: network.number)
        let watch = try NetworkWatch(inNetworkOf: network.number, ignoring: [firewall.port])
        var changes = watch.changes.makeAsyncIterator()
        let bridge = FirewallNetwork(bridge: "br1", prefixes: [try #require(IPPrefix("10.1.0.0/24"))])
        // Our own changes are not told.
        try firewall.add(bridge)
        try firewall.publish([PublishedPort(.tcp, 8080, to: .v4(0x0a01_0002), 80)])
        try nft("add table ip filter")
        #expect(await changes.next() == .table(Table(.ipv4, "filter")))
        try nft("add chain ip filter DOCKER-USER")
        #expect(await changes.next() == .table(Table(.ipv4, "filter")))
        // A table without an owner, as an older kernel has ours.
        try nft("add table inet wharf-old")
        try nft("add chain inet wharf-old forward")
        try nft("add rule inet wharf-old forward accept")
        for _ in 0..<3 { #expect(await changes.next() == .table(Table(.inet, "wharf-old"))) }
        try nft("flush table inet wharf-old")
        #expect(await changes.next() == .table(Table(.inet, "wharf-old")))
        try nft("delete table inet wharf-old")
        #expect(await changes.next() == .table(Table(.inet, "wharf-old")))
        try firewall.remove()
        try nft("delete table ip filter")
        #expect(await changes.next() == .table(Table(.ipv4, "filter")))
    }

    @Test func `hears that it has missed something, and goes on hearing`() throws {
        let listener = try NetlinkListener(.links, inNetworkOf: network.number, roomForBytes: 4096)
        for index in 0..<50 {
            try network.route.send([
                .createLink(.bridge(), LinkSettings(name: "br\(index)")), .deleteLink(named: "br\(index)"),
            ])
        }
        var hasLost = false
        while let heard = try listener.receive() {
            if heard == .loss { hasLost = true }
        }
        #expect(hasLost)
        try network.route.send([.createLink(.bridge(), LinkSettings(name: "last")), .deleteLink(named: "last")])
        var gone: [String] = []
        while case .messages(let messages) = try listener.receive() {
            gone += try messages.compactMap { try Link.gone($0) }
        }
        #expect(gone == ["last"])
    }

    @Test func `ends when it is given up`() async throws {
        var watch: NetworkWatch? = try NetworkWatch(inNetworkOf: network.number)
        let changes = try #require(watch).changes
        watch = nil
        for await _ in changes {}
    }
}
