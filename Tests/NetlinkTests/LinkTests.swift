// SPDX-License-Identifier: Apache-2.0

import Glibc
import Netlink
import NetlinkSupport
import TestSupport
import Testing

/// An interface as `ip -j -d link` shows it.
private struct ShownLink: Decodable {
    struct Information: Decodable {
        struct Details: Decodable {
            var forwardDelay: Int?
            var stpState: Int?
            var mcastSnooping: Int?
            var mode: String?
        }

        var infoKind: String?
        var infoData: Details?
        var infoSlaveData: PortDetails?
    }

    struct PortDetails: Decodable {
        var hairpin: Bool
        var isolated: Bool
        var learning: Bool
    }

    var ifindex: UInt32
    var ifname: String
    var flags: [String]
    var mtu: UInt32
    var address: String?
    var master: String?
    var inet6AddrGenMode: String?
    var linkinfo: Information?
}

@Suite struct `Links` {
    private let network: TestNetwork
    private let mac = HardwareAddress([0x02, 0x42, 0x0a, 0x00, 0x00, 0x01])

    init() throws {
        network = try TestNetwork()
    }

    private func shown(_ name: String, in other: TestNetwork? = nil) throws -> ShownLink {
        let links: [ShownLink] = try (other ?? network).ip("link", "show", name)
        return try #require(links.first)
    }

    private func index(of name: String, in other: TestNetwork? = nil) throws -> UInt32 {
        try #require(try (other ?? network).route.link(named: name)).index
    }

    @Test func `a bridge is made as it was asked for`() throws {
        let options = BridgeOptions(forwardDelay: 0, hasSpanningTree: false, snoopsMulticast: false)
        try network.route.send(
            .createLink(
                .bridge(options),
                LinkSettings(name: "web", isUp: true, mtu: 1400, hardwareAddress: mac)
            )
        )
        let link = try shown("web")
        #expect(link.linkinfo?.infoKind == "bridge")
        #expect(link.flags.contains("UP"))
        #expect(link.mtu == 1400)
        #expect(link.address == "02:42:0a:00:00:01")
        let details = try #require(link.linkinfo?.infoData)
        #expect(details.forwardDelay == 0)
        #expect(details.stpState == 0)
        #expect(details.mcastSnooping == 0)

        let read = try #require(try network.route.link(named: "web"))
        #expect(read.index == link.ifindex)
        #expect(read.bridge == options)
        #expect(read.kind == "bridge")
        #expect(read.isUp)
        #expect(read.hardwareAddress == mac)
        #expect(try network.route.link(read.index) == read)
        #expect(try network.route.links().contains(read))
    }

    @Test func `a pair is made with its peer in another namespace, in one message`() throws {
        let container = try TestNetwork()
        try network.route.send(.createLink(.bridge(), LinkSettings(name: "web", isUp: true)))
        let bridge = try index(of: "web")
        let peer = LinkSettings(name: "eth0", hardwareAddress: mac, network: container.number)
        try network.route.send(
            .createLink(.veth(peer: peer, peerIndex: 2), LinkSettings(name: "port", isUp: true, master: bridge))
        )
        let port = try shown("port")
        #expect(port.master == "web")
        #expect(port.linkinfo?.infoKind == "veth")
        let other = try shown("eth0", in: container)
        #expect(other.ifindex == 2)
        #expect(other.address == "02:42:0a:00:00:01")
        let read = try #require(try network.route.link(named: "port"))
        #expect(read.peer == 2)
        #expect(read.peerNetwork != nil)
        #expect(read.master == bridge)
    }

    @Test func `what a container's network needs travels in one send`() throws {
        let container = try TestNetwork()
        let peer = LinkSettings(name: "eth0", network: container.number)
        try network.route.send(.createLink(.veth(peer: peer, peerIndex: 2), LinkSettings(name: "port", isUp: true)))
        let address = try #require(IPPrefix("10.9.0.2/24"))
        try container.route.send([
            .changeLink(1, LinkSettings(isUp: true)),
            .changeLink(2, LinkSettings(isUp: true)),
            .addAddress(InterfaceAddress(interface: 2, prefix: address)),
            .addRoute(.default(by: try #require(IPAddress("10.9.0.1")))),
        ])
        #expect(try shown("lo", in: container).flags.contains("UP"))
        let routes = try container.output(of: "ip", ["route", "show", "default"])
        #expect(routes.hasPrefix("default via 10.9.0.1 dev eth0 proto static"))
    }

    @Test func `an interface can be changed in every way`() throws {
        let container = try TestNetwork()
        try network.route.send([
            .createLink(.bridge(), LinkSettings(name: "web")),
            .createLink(.veth(peer: LinkSettings(name: "b")), LinkSettings(name: "a")),
        ])
        let a = try index(of: "a")
        let bridge = try index(of: "web")
        try network.route.send(
            .changeLink(
                a,
                LinkSettings(
                    isUp: true,
                    mtu: 1300,
                    hardwareAddress: mac,
                    master: bridge,
                    generation: AddressGeneration.none
                )
            )
        )
        try network.route.send(
            .changeLink(a, LinkSettings(), port: BridgePortOptions(isHairpin: true, isIsolated: true, learns: false))
        )
        let changed = try shown("a")
        #expect(changed.flags.contains("UP"))
        #expect(changed.mtu == 1300)
        #expect(changed.address == "02:42:0a:00:00:01")
        #expect(changed.master == "web")
        #expect(changed.inet6AddrGenMode == "none")
        let port = try #require(changed.linkinfo?.infoSlaveData)
        #expect(port.hairpin)
        #expect(port.isolated)
        #expect(!port.learning)
        #expect(try network.route.link(a)?.generation == AddressGeneration.none)

        try network.route.send([
            .changeLink(a, LinkSettings(isUp: false, master: 0)),
            .changeLink(a, LinkSettings(name: "renamed")),
            .changeLink(try index(of: "b"), LinkSettings(network: container.number)),
        ])
        let renamed = try shown("renamed")
        #expect(!renamed.flags.contains("UP"))
        #expect(renamed.master == nil)
        #expect(renamed.ifindex == a)
        #expect(try shown("b", in: container).linkinfo?.infoKind == "veth")
        #expect(try network.route.link(named: "b") == nil)

        try network.route.send([.deleteLink(a), .deleteLink(named: "web")])
        #expect(try network.route.links().map(\.name) == ["lo"])
        #expect(try container.route.link(named: "b") == nil)
    }

    @Test func `those of a group are removed together`() throws {
        try network.route.send([
            .createLink(.bridge(), LinkSettings(name: "web", group: 7)),
            .createLink(.veth(peer: LinkSettings(name: "b")), LinkSettings(name: "a")),
            .createLink(.bridge(), LinkSettings(name: "stays", group: 8)),
        ])
        try network.route.send(.changeLink(try index(of: "a"), LinkSettings(group: 7)))
        #expect(try ["web", "a", "b", "stays"].map { try network.route.link(named: $0)?.group } == [7, 7, 0, 8])
        try network.route.send(.deleteLinks(ofGroup: 7))
        #expect(try network.route.links().map(\.name) == ["lo", "stays"])
        let gone = try #require(throws: NetlinkError.self) { try network.route.send(.deleteLinks(ofGroup: 7)) }
        #expect(gone.number == ENODEV)
    }

    @Test func `an interface of type macvlan stands on another`() throws {
        try network.route.send(.createLink(.veth(peer: LinkSettings(name: "b")), LinkSettings(name: "a", isUp: true)))
        let parent = try index(of: "a")
        try network.route.send(.createLink(.macvlan(parent: parent, mode: .bridge), LinkSettings(name: "upper")))
        let upper = try shown("upper")
        #expect(upper.linkinfo?.infoKind == "macvlan")
        #expect(upper.linkinfo?.infoData?.mode == "bridge")
        #expect(try network.route.link(named: "upper")?.peer == parent)
    }

    @Test func `a refusal names the request and has the kernel's words`() throws {
        let long = String(repeating: "x", count: 16)
        let error = try #require(throws: NetlinkError.self) {
            try network.route.send([
                .createLink(.bridge(), LinkSettings(name: "web")),
                .createLink(.bridge(), LinkSettings(name: long)),
                .createLink(.bridge(), LinkSettings(name: "after")),
            ])
        }
        #expect(error.code == .refused)
        #expect(error.index == 1)
        #expect(error.number == ERANGE)
        #expect(error.offset == 32)
        let text = try #require(error.kernelText)
        #expect(
            error.description == "cannot create bridge \(long): numerical result out of range (\(text)), "
                + "at byte 32 of the request, attribute 3"
        )
        // Each request stands for itself.
        #expect(try network.route.link(named: "web") != nil)
        #expect(try network.route.link(named: "after") != nil)
    }

    @Test func `what is there already, or not there, is told`() throws {
        try network.route.send(.createLink(.bridge(), LinkSettings(name: "web")))
        let twice = try #require(throws: NetlinkError.self) {
            try network.route.send(.createLink(.bridge(), LinkSettings(name: "web")))
        }
        #expect(twice.description == "cannot create bridge web: file exists")
        #expect(try network.route.link(named: "none") == nil)
        #expect(try network.route.link(4711) == nil)
        let gone = try #require(throws: NetlinkError.self) { try network.route.send(.deleteLink(4711)) }
        #expect(gone.number == ENODEV)
    }
}
