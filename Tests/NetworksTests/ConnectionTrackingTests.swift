// SPDX-License-Identifier: Apache-2.0

import Glibc
import Netlink
import NetlinkSupport
import Networks
import TestSupport
import Testing

/// A socket of UDP that keeps its own port, as clients do that never end.
private final class Client: Sendable {
    private let number: Int32

    init(to address: String, _ port: UInt16, in network: TestNetwork) throws {
        number = try network.run { try TestNetwork.connected(.udp, to: address, port) }
    }

    deinit { close(number) }

    /// What the server has seen; nil where nothing comes back in the time given, in which it asks again now and then.
    func ask(within milliseconds: Int32 = 10_000) -> String? {
        var buffer = [UInt8](repeating: 0, count: 64)
        for _ in 0..<max(1, milliseconds / 1000) {
            // Each call may tell, instead, that an earlier packet found nobody.
            if send(number, "?", 1, 0) != 1, send(number, "?", 1, 0) != 1 { continue }
            var wait = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            while poll(&wait, 1, min(milliseconds, 1000)) == 1 {
                let count = recv(number, &buffer, buffer.count, 0)
                if count > 0 { return String(decoding: buffer.prefix(count), as: UTF8.self) }
            }
        }
        return nil
    }
}

@Suite struct `Tracked connections` {
    private let host: TestHost
    private let firewall: Firewall
    private let tracking: ConnectionTracking

    init() throws {
        host = try TestHost()
        firewall = try Firewall(named: "wharf-test", [try host.makeBridge(1)], inNetworkOf: host.host.number)
        tracking = try ConnectionTracking(inNetworkOf: host.host.number)
    }

    /// What conntrack(8) lists of UDP.
    private func listed(_ family: String) throws -> [String] {
        let text = try host.host.output(of: "conntrack", ["-L", "-p", "udp", "-f", family])
        return text.split(separator: "\n").map(String.init)
    }

    @Test(arguments: [("192.0.2.1", "10.1.0.", "ipv4"), ("fd00:2::1", "fd00:0:1::", "ipv6")])
    func `of a container that has gone are forgotten, so that clients find the next one`(
        at address: String,
        prefix: String,
        family: String
    ) throws {
        let (old, next) = (try #require(IPAddress("\(prefix)2")), try #require(IPAddress("\(prefix)3")))
        let containers = [try host.connect(2, to: 1), try host.connect(3, to: 1)]
        let servers = try containers.map { try MirrorServer(.udp, 53, in: $0) }
        try firewall.publish([PublishedPort(.udp, 5353, to: old, 53)])
        let client = try Client(to: address, 5353, in: host.neighbour)
        let other = try Client(to: "\(prefix)3", 53, in: host.host)
        #expect(client.ask() != nil)
        #expect(other.ask() != nil)
        #expect(try listed(family).count { $0.contains("src=\(prefix)2 ") } == 1)

        try host.bridges.disconnect("v1.2")
        try firewall.unpublish([PublishedPort(.udp, 5353, to: old, 53)])
        try firewall.publish([PublishedPort(.udp, 5353, to: next, 53)])
        #expect(client.ask(within: 700) == nil)
        #expect(try tracking.forget(address: old) == 1)
        #expect(try listed(family).count { $0.contains("=\(prefix)2 ") } == 0)
        #expect(client.ask() != nil)
        // Nobody else's are forgotten, and nothing is left to forget.
        #expect(try listed(family).count { $0.contains("dst=\(prefix)3 ") } > 0)
        #expect(try tracking.forget([old]) == 0)
        withExtendedLifetime(servers) {}
    }

    @Test func `to a port that is published only now lead to the container`() throws {
        let container = try host.connect(2, to: 1)
        let server = try MirrorServer(.udp, 53, in: container)
        let (client, near) = (
            try Client(to: "192.0.2.1", 5353, in: host.neighbour), try Client(to: "127.0.0.1", 5353, in: host.host)
        )
        // Somebody at the host's port that never answers.
        let silent = try HeldPort(.udp, 5353, inNetworkOf: host.host.number)
        #expect(client.ask(within: 700) == nil)
        #expect(near.ask(within: 700) == nil)
        let elsewhere = try Client(to: "192.0.2.2", 5353, in: host.host)
        #expect(elsewhere.ask(within: 700) == nil)
        try firewall.publish([PublishedPort(.udp, 5353, to: .v4(0x0a01_0002), 53)])
        #expect(client.ask(within: 700) == nil)
        #expect(try tracking.forget(.udp, at: .v4(0x7f00_0001), hostPorts: [5353]) == 1)
        #expect(near.ask() == "::ffff:10.1.0.1")
        #expect(try tracking.forget(.udp, hostPorts: [5353]) == 2)
        #expect(client.ask() == "::ffff:192.0.2.2")
        #expect(try listed("ipv4").count { $0.contains("src=192.0.2.1 dst=192.0.2.2 ") } == 1)
        _ = consume silent
        withExtendedLifetime(server) {}
    }

    @Test func `by the thousand are forgotten in one go`() throws {
        let container = try host.connect(2, to: 1)
        let server = try MirrorServer(.udp, 53, in: container)
        // The kernel tracks what is sent, whether or not anybody answers.
        let script = "for port in $(seq 1000 2999); do echo > /dev/udp/10.1.0.2/$port; done"
        _ = try host.host.output(of: "bash", ["-c", script])
        let count = try listed("ipv4").count
        #expect(count > 1500)
        #expect(try tracking.forget(address: .v4(0x0a01_0002)) == count)
        #expect(try listed("ipv4").isEmpty)
        withExtendedLifetime(server) {}
    }
}
