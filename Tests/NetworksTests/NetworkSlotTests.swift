// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Netlink
import NetlinkSupport
import Networks
import TestSupport
import Testing

@Suite struct `A slot` {
    private let host: TestNetwork
    private let bridges: Bridges

    init() throws {
        host = try TestNetwork.withLoopback()
        bridges = try Bridges(inNetworkOf: host.number)
        let gateways = ["10.1.0.1/24", "fd00:0:1::1/64"].compactMap { IPPrefix($0) }
        try bridges.make(BridgeSettings("br1", gateways: gateways))
    }

    /// What `ip` and `bridge` say of an end, without what no two ends have the same.
    private func description(_ container: Int32, _ interface: String, _ hostName: String) throws -> String {
        let script = """
            nsenter --net=/proc/\(getpid())/fd/\(container) sh -ec '
            ip -j -d addr | jq -c ".[] | del(.link_index, .link_netnsid, .link, .parentdev)"
            ip route; ip -6 route | sort; cd /proc/sys/net/ipv6/conf
            grep . default/disable_ipv6 \(interface)/disable_ipv6 \(interface)/accept_ra'
            ip -j -d link show \(hostName) | jq -c '.[] | del(.ifindex, .ifname, .link_index, .link_netnsid, .address,
            .linkinfo.info_slave_data.id, .linkinfo.info_slave_data.no, .linkinfo.info_slave_data.designated_port,
            .linkinfo.info_slave_data.hold_timer)'
            ip -o addr show \(hostName) | wc -l
            """
        return try host.output(of: "sh", ["-ec", script])
    }

    private static let likely = EndpointSettings(
        "eth0",
        hostName: "",
        addresses: ["10.1.0.2/24"].compactMap { IPPrefix($0) },
        hardwareAddress: HardwareAddress("02:42:0a:01:00:02"),
        gateways: ["10.1.0.1"].compactMap { IPAddress($0) }
    )

    private static let unlikely = EndpointSettings(
        "front0",
        hostName: "",
        addresses: ["10.1.0.3/24", "fd00:0:1::3/64", "169.254.3.4/16"].compactMap { IPPrefix($0) },
        hardwareAddress: HardwareAddress("02:42:0a:01:00:03"),
        mtu: 1400,
        gateways: ["10.1.0.1", "fd00:0:1::1"].compactMap { IPAddress($0) },
        isIsolated: true
    )

    @Test(arguments: [likely, unlikely])
    func `becomes what is made for a container that is there`(settings: EndpointSettings) throws {
        var (own, other) = (settings, settings)
        (own.hostName, other.hostName) = ("slot", "plain")
        let slot = try bridges.prepareSlot(hostName: "slot", mtu: nil)
        try bridges.connect(slot, to: "br1", own)
        let container = try TestNetwork.withLoopback()
        try bridges.connect(container.number, to: "br1", other)
        // One of two that are alike is there at a time: they have the same addresses.
        let made = try description(slot.number, settings.name, "slot")
        let expected = try description(container.number, settings.name, "plain")
        #expect(made == expected)
        #expect(made.contains(settings.name))
        let target = settings.addresses.map(\.address.description)[0]
        try bridges.disconnect("plain")
        _ = try host.output(of: "busybox", ["ping", "-c", "1", "-W", "10", target])
    }

    @Test func `answers names where a container asks, once`() throws {
        let slot = try bridges.prepareSlot(hostName: "slot", mtu: nil)
        func names() -> SharedDNSSockets? {
            guard let sockets = slot.takeNames() else { return nil }
            return SharedDNSSockets(sockets)
        }
        let taken = names()
        #expect(taken != nil)
        #expect(names() == nil)
        let refusal = #expect(throws: SystemError.self) {
            _ = SharedDNSSockets(try DNSSockets.open(inNetworkOf: slot.number))
        }
        #expect(refusal?.number == EADDRINUSE)
        withExtendedLifetime(taken) {}
    }

    @Test func `is connected with nothing before, and has nothing on the host after`() throws {
        var slot: NetworkSlot? = try bridges.prepareSlot(hostName: "slot", mtu: 1400)
        let end = try #require(try host.route.link(named: "slot"))
        #expect(!end.isUp && end.master == nil && end.mtu == 1400)
        // A bridge that is not there takes the interface along: a container gets another one.
        let connected = try #require(slot)
        let refusal = #expect(throws: NetlinkError.self) { try bridges.connect(connected, to: "br2", Self.likely) }
        #expect(refusal?.number == ENODEV)
        #expect(try host.route.link(named: "slot") == nil)
        slot = try bridges.prepareSlot(hostName: "slot", mtu: nil)
        #expect(slot != nil)
        slot = nil
        // The kernel takes it away when it has the time.
        #expect(try waitUntil { try host.route.link(named: "slot") == nil })
    }
}
