// SPDX-License-Identifier: Apache-2.0

import Glibc
import Netlink
import NetlinkSupport
import Networks
import TestSupport
import Testing

/// Whether the kernel makes an interface of a kind on the interface with number 2.
private func kernelMakes(_ link: NewLink) -> Bool {
    guard let network = try? TestNetwork() else { return false }
    let made: ()? = try? network.route.send([
        .createLink(.veth(peer: LinkSettings(name: "b")), LinkSettings(name: "a"), index: 2),
        .createLink(link, LinkSettings(name: "c")),
    ])
    return made != nil
}

private let hasIPVLAN = kernelMakes(.ipvlan(parent: 2, mode: .l2))
private let hasVLAN = kernelMakes(.vlan(parent: 2, id: 50))

@Suite struct `A container on an interface of the host` {
    /// Its interface `eth0` leads to the neighbour.
    private let host: TestHost
    private let links: ParentLinks
    private let server: MirrorServer

    init() throws {
        host = try TestHost()
        links = try ParentLinks(inNetworkOf: host.host.number)
        server = try MirrorServer(.tcp, 80, in: host.neighbour)
    }

    /// The container 192.0.2.LAST.
    private func connect(
        _ last: Int,
        as sharing: ParentSharing,
        to parent: String = "eth0",
        addresses: [String] = [],
        _ change: (inout EndpointSettings) -> Void = { _ in }
    ) throws -> TestNetwork {
        let container = try TestNetwork.withLoopback()
        var settings = EndpointSettings(
            "eth0",
            hostName: "",
            addresses: (["192.0.2.\(last)/24"] + addresses).compactMap { IPPrefix($0) },
            gateways: [.v4(0xc000_0202)]
        )
        change(&settings)
        try links.connect(container.number, to: parent, as: sharing, settings)
        return container
    }

    @Test(arguments: [(MACVLANMode.bridge, true), (.isolated, false), (.vepa, false)])
    func `is a machine of its own on the link, and one to others as its mode says`(
        mode: MACVLANMode,
        reachesOthers: Bool
    ) throws {
        let one = try connect(10, as: .macvlan(mode), addresses: ["fd00:2::10/64"]) {
            $0.hardwareAddress = HardwareAddress(for: .v4(0xc000_020a))
        }
        let two = try connect(11, as: .macvlan(mode))
        let own = try MirrorServer(.tcp, 80, in: one)
        #expect(try one.ask("192.0.2.2", 80, within: 10_000) == "192.0.2.10")
        #expect(try one.ask("fd00:2::2", 80, within: 10_000) == "fd00:2::10")
        #expect(try host.neighbour.ask("192.0.2.10", 80, within: 10_000) == "192.0.2.2")
        #expect(try two.ask("192.0.2.2", 80, within: 10_000) == "192.0.2.11")
        let answer = try two.ask("192.0.2.10", 80, within: reachesOthers ? 10_000 : 700)
        #expect(answer == (reachesOthers ? "192.0.2.11" : nil))
        // The host is the one whom it does not reach.
        #expect(try host.host.ask("192.0.2.10", 80) == nil)
        let shown = try one.output(of: "ip", ["-d", "link", "show", "eth0"])
        #expect(shown.contains("02:42:c0:00:02:0a"))
        #expect(shown.contains("macvlan mode \(mode == .isolated ? "private" : "\(mode)")"))
        let route = try one.output(of: "ip", ["route", "show", "default"])
        #expect(route.hasPrefix("default via 192.0.2.2 dev eth0"))
        withExtendedLifetime(own) {}
    }

    @Test func `has no IPv6 that nobody gave it`() throws {
        let container = try connect(10, as: .macvlan())
        #expect(!(try container.output(of: "ip", ["-6", "addr", "show", "dev", "eth0"])).contains("inet6"))
    }

    @Test func `may have the interface for itself alone`() throws {
        let one = try connect(10, as: .macvlan(.passThrough))
        #expect(try one.ask("192.0.2.2", 80, within: 10_000) == "192.0.2.10")
        let error = #expect(throws: NetlinkError.self) { _ = try connect(11, as: .macvlan(.bridge)) }
        #expect(error?.description.contains("; eth0 may be a port of a bridge") == true)
        try links.disconnect(one.number, "eth0")
        try links.disconnect(one.number, "eth0")
        #expect(try connect(12, as: .macvlan()).ask("192.0.2.2", 80, within: 10_000) == "192.0.2.12")
    }

    @Test func `leaves nothing where it fails`() throws {
        let container = try TestNetwork.withLoopback()
        let wrong = EndpointSettings("eth0", hostName: "", addresses: [], gateways: [.v4(0x0a09_0909)])
        #expect(throws: NetlinkError.self) {
            try links.connect(container.number, to: "eth0", as: .macvlan(), wrong)
        }
        #expect(throws: NetlinkError.self) {
            try links.connect(container.number, to: "missing", as: .macvlan(), wrong)
        }
        let own = #expect(throws: NetlinkError.self) {
            _ = try connect(10, as: .ipvlan()) { $0.hardwareAddress = HardwareAddress(for: .v4(1)) }
        }
        #expect(own?.description.hasSuffix("leave out the address, or use macvlan") == true)
        #expect(try container.output(of: "ip", ["-o", "link"]).split(separator: "\n").count == 1)
    }

    @Test func `needs an interface that is there, or can be made`() throws {
        #expect(try links.prepare("eth0") == false)
        for name in ["missing", "eth0.", "eth0.0", "eth0.4095", ".50", "eth0.x"] {
            let error = #expect(throws: NetlinkError.self, "\(name)") { try links.prepare(name) }
            #expect(error?.description.contains("such as eth0.50") == true, "\(name)")
        }
        let error = #expect(throws: NetlinkError.self) { try links.prepare("eth7.50") }
        #expect(error?.description.contains("for VLAN 50 there is no interface eth7") == true)
        // No other interface is removed.
        try links.release("eth0")
        try links.release("missing")
        #expect(try host.host.route.link(named: "eth0") != nil)
    }

    @Test func `may have only the others of its network, where nobody names an interface`() throws {
        try links.prepareAlone("dm-0123456789ab")
        try links.prepareAlone("dm-0123456789ab")
        let shown = try host.host.output(of: "ip", ["-br", "addr", "show", "dm-0123456789ab"])
        #expect(shown.contains("UP") || shown.contains("UNKNOWN"), "\(shown)")
        #expect(!shown.contains("fe80"))
        let one = try connect(10, as: .macvlan(), to: "dm-0123456789ab") { $0.gateways = [] }
        let two = try connect(11, as: .macvlan(), to: "dm-0123456789ab") { $0.gateways = [] }
        let own = try MirrorServer(.tcp, 80, in: one)
        #expect(try two.ask("192.0.2.10", 80, within: 10_000) == "192.0.2.11")
        #expect(try two.ask("192.0.2.2", 80) == nil)
        let error = #expect(throws: NetlinkError.self) {
            _ = try host.host.output(of: "ip", ["link", "add", "br7", "type", "bridge"])
            try links.prepareAlone("br7")
        }
        #expect(error?.description.contains("there is another one of that name") == true)
        try links.release("dm-0123456789ab")
        #expect(try host.host.route.links().filter { $0.name.hasPrefix("dm-") }.isEmpty)
        withExtendedLifetime(own) {}
    }

    @Test(.enabled(if: hasVLAN, "this kernel has no VLANs")) func `may be in a VLAN`() throws {
        #expect(try links.prepare("eth0.50"))
        #expect(try links.prepare("eth0.50") == false)
        #expect(
            try host.host.output(of: "ip", ["-d", "link", "show", "eth0.50"]).contains("vlan protocol 802.1Q id 50")
        )
        let container = try connect(10, as: .macvlan(), to: "eth0.50")
        #expect(try container.ask("192.0.2.2", 80) == nil)
        try links.release("eth0.50")
        #expect(try host.host.route.link(named: "eth0.50") == nil)
    }

    @Test(.enabled(if: hasIPVLAN, "this kernel has no ipvlan"), arguments: [IPVLANMode.l2, .l3, .l3s])
    func `may share the hardware address of the host`(mode: IPVLANMode) throws {
        let container = try connect(10, as: .ipvlan(mode))
        #expect(try container.output(of: "ip", ["-d", "link", "show", "eth0"]).contains("mode \(mode)"))
        let route = try container.output(of: "ip", ["route", "show", "default"])
        #expect(route.hasPrefix(mode == .l2 ? "default via 192.0.2.2 dev eth0" : "default dev eth0"))
        if mode == .l2 { #expect(try container.ask("192.0.2.2", 80, within: 10_000) == "192.0.2.10") }
    }
}
