// SPDX-License-Identifier: Apache-2.0

import Netlink
import NetlinkSupport
import Networks
import TestSupport
import Testing

@Suite struct `Settings of the kernel for one interface` {
    @Test(arguments: [
        "net.ipv4.conf.IFNAME.log_martians=1", "net.ipv4.conf.ifname.forwarding=0", "net.ipv6.conf.IFNAME.accept_ra=2",
        "net.ipv4.neigh.IFNAME.base_reachable_time_ms=5000", "net.mpls.conf.IFNAME.input=1",
    ])
    func `are read as Docker's option has them`(text: String) {
        #expect(InterfaceSetting(text) != nil)
    }

    @Test(arguments: [
        "", "net.ipv4.conf.IFNAME.log_martians", "net.ipv4.conf.IFNAME.log_martians=",
        "net.ipv4.conf.eth0.log_martians=1", "net.ipv4.conf.all.forwarding=1", "net.ipv4.ip_forward=1",
        "net.core.conf.IFNAME.x=1", "kernel.ipv4.conf.IFNAME.x=1",
        "net.ipv4.conf.IFNAME.a.b=1", "net.ipv4.conf.IFNAME.../../core=1", "net.ipv4...IFNAME.x=1",
        "net.ipv4.conf/all.IFNAME.x=1", "net.ipv4.conf.IFNAME.x/y=1", "net.ipv4.conf.IFNAME.log_martians=1\n2",
        "net.ipv4.conf.IFNAME.log_martians=1\0",
    ])
    func `are not taken where they could be anything else`(text: String) {
        #expect(InterfaceSetting(text) == nil)
    }

    @Test func `are those of an interface in its network, and of no other`() throws {
        let container = try TestNetwork()
        _ = try container.output(of: "ip", ["link", "add", "eth0", "type", "veth", "peer", "name", "eth1"])
        let settings = ["net.ipv4.conf.IFNAME.log_martians=1", "net.ipv4.conf.IFNAME.rp_filter=2"]
        try InterfaceSetting.apply(
            settings.compactMap { InterfaceSetting($0) },
            to: "eth0",
            inNetworkOf: container.number
        )
        let script = "cd /proc/sys/net/ipv4/conf; cat eth0/log_martians eth0/rp_filter eth1/log_martians"
        #expect(try container.output(of: "sh", ["-c", script]) == "1\n2\n0\n")
        let missing = try #require(InterfaceSetting("net.ipv4.conf.IFNAME.no_such_thing=1"))
        let error = #expect(throws: NetlinkError.self) {
            try InterfaceSetting.apply([missing], to: "eth0", inNetworkOf: container.number)
        }
        #expect(error?.description.contains("net.ipv4.conf.eth0.no_such_thing") == true)
        #expect(error?.description.contains("the kernel has no such setting") == true)
        let wrong = try #require(InterfaceSetting("net.ipv4.conf.IFNAME.log_martians=many"))
        #expect(throws: NetlinkError.self) {
            try InterfaceSetting.apply([wrong], to: "eth0", inNetworkOf: container.number)
        }
        #expect(throws: NetlinkError.self) {
            try InterfaceSetting.apply([missing], to: "../all", inNetworkOf: container.number)
        }
    }
}
