// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Netlink
import NetlinkSupport
import Networks
import Synchronization
import TestSupport
import Testing

/// A host with a container that has IPv4 only.
private struct ProxiedHost {
    let host: TestHost
    let container: TestNetwork
    let proxy: PortProxy

    init(datagramPatience: Duration = .seconds(90), most: Int? = nil) throws {
        host = try TestHost()
        _ = try host.makeBridge(1)
        container = try TestNetwork.withLoopback()
        try host.bridges.connect(
            container.number,
            to: "br1",
            EndpointSettings(
                "eth0",
                hostName: "v1.2",
                addresses: ["10.1.0.2/24"].compactMap { IPPrefix($0) },
                gateways: ["10.1.0.1"].compactMap { IPAddress($0) }
            )
        )
        proxy = try PortProxy(inNetworkOf: host.host.number, datagramPatience: datagramPatience, most: most)
    }

    /// Serves a port of the host, which leads to a port of the container.
    func serve(
        _ port: UInt16,
        by transport: TransportProtocol = .tcp,
        to target: UInt16 = 80,
        at address: String = "10.1.0.2"
    ) throws -> PortProxy.Token {
        let held = try HeldPort(transport, port, inNetworkOf: host.host.number)
        return try proxy.serve([held.leading(to: try #require(IPAddress(address)), port: target)])
    }
}

private let million: [UInt8] = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }

@Suite struct `A proxied port` {
    @Test(arguments: [TransportProtocol.tcp, .udp])
    func `leads from every address of the host to a container with IPv4 only`(transport: TransportProtocol) throws {
        let proxied = try ProxiedHost()
        let server = try MirrorServer(transport, 80, in: proxied.container)
        _ = try proxied.serve(8080, by: transport)
        let (host, neighbour) = (proxied.host.host, proxied.host.neighbour)
        for address in ["::1", "127.0.0.1", "fd00:2::1", "192.0.2.1", "fd00:0:1::1"] {
            #expect(try host.ask(address, 8080, by: transport, within: 10_000) == "10.1.0.1", "\(address)")
        }
        for address in ["fd00:2::1", "192.0.2.1"] {
            #expect(try neighbour.ask(address, 8080, by: transport, within: 10_000) == "10.1.0.1", "\(address)")
        }
        withExtendedLifetime(server) {}
    }

    @Test func `gets what no rule takes to the container, and nothing else`() throws {
        let host = try TestHost()
        let firewall = try Firewall(named: "wharf-test", [try host.makeBridge(1)], inNetworkOf: host.host.number)
        let container = try host.connect(2, to: 1)
        let server = try MirrorServer(.tcp, 80, in: container)
        let proxy = try PortProxy(inNetworkOf: host.host.number)
        let held = try HeldPort(.tcp, 8080, inNetworkOf: host.host.number)
        let (four, six) = (try #require(IPAddress("10.1.0.2")), try #require(IPAddress("fd00:0:1::2")))
        try firewall.publish([PublishedPort(.tcp, 8080, to: four, 80), PublishedPort(.tcp, 8080, to: six, 80)])
        _ = try proxy.serve([held.leading(to: six, port: 80)])
        // The client is who it is where a rule leads there.
        #expect(try host.neighbour.ask("192.0.2.1", 8080, within: 10_000) == "192.0.2.2")
        #expect(try host.neighbour.ask("fd00:2::1", 8080, within: 10_000) == "fd00:2::2")
        #expect(try host.host.ask("127.0.0.1", 8080, within: 10_000) == "10.1.0.1")
        #expect(try host.host.ask("::1", 8080, within: 10_000) == "fd00:0:1::1")
        withExtendedLifetime(server) {}
    }

    @Test func `passes on all bytes both ways, and each end by itself`() throws {
        let proxied = try ProxiedHost()
        let server = try TestServer(80, in: proxied.container) { stream in
            // It answers only when it knows that it has all.
            guard let bytes = stream.receiveAll() else { return }
            stream.send(bytes.reversed())
        }
        _ = try proxied.serve(8080)
        for _ in 0..<3 {
            let client = try TestStream(to: "::1", 8080, in: proxied.host.host)
            #expect(client.send(million))
            client.finish()
            #expect(client.receiveAll() == million.reversed())
        }
        withExtendedLifetime(server) {}
    }

    @Test func `passes on what the server says after it has heard the end, in the client's own time`() throws {
        let proxied = try ProxiedHost()
        let server = try TestServer(80, in: proxied.container) { stream in
            // It has said all and gone before the client reads anything.
            if stream.receiveAll() != nil { stream.send(million) }
        }
        _ = try proxied.serve(8080)
        let slow = try (0..<3).map { _ in try TestStream(to: "::1", 8080, in: proxied.host.host) }
        for client in slow { client.finish() }
        let other = try TestStream(to: "::1", 8080, in: proxied.host.host)
        other.finish()
        #expect(other.receiveAll() == million)
        for client in slow { #expect(client.receiveAll() == million) }
        withExtendedLifetime(server) {}
    }

    @Test func `lets nobody wait for one who does not read`() throws {
        let proxied = try ProxiedHost()
        let server = try TestServer(80, in: proxied.container) { stream in
            while let bytes = stream.receive(), !bytes.isEmpty, stream.send(bytes) {}
        }
        _ = try proxied.serve(8080)
        let stalled = try TestStream(to: "::1", 8080, in: proxied.host.host)
        // Until all buffers on the way are full: there is an end to them.
        _ = fcntl(stalled.number, F_SETFL, O_NONBLOCK)
        var sent = 0
        var wait = pollfd(fd: stalled.number, events: Int16(POLLOUT), revents: 0)
        while poll(&wait, 1, 300) == 1, sent < 1 << 28 {
            let count = Glibc.send(stalled.number, million, million.count, Int32(MSG_NOSIGNAL))
            if count > 0 { sent += count }
        }
        #expect(sent < 1 << 28)
        let client = try TestStream(to: "::1", 8080, in: proxied.host.host)
        client.send(Array(million.prefix(1000)))
        client.finish()
        #expect(client.receiveAll() == Array(million.prefix(1000)))
        withExtendedLifetime((server, stalled)) {}
    }

    @Test func `serves five hundred at once`() throws {
        let proxied = try ProxiedHost()
        let server = try TestServer(80, in: proxied.container) { stream in
            while let bytes = stream.receive(), !bytes.isEmpty, stream.send(bytes) {}
        }
        _ = try proxied.serve(8080)
        let clients = try (0..<500).map { _ in try TestStream(to: "::1", 8080, in: proxied.host.host) }
        for (index, client) in clients.enumerated() { client.send(Array("client \(index)".utf8)) }
        for client in clients { client.finish() }
        for (index, client) in clients.enumerated().reversed() {
            #expect(client.receiveAll() == Array("client \(index)".utf8))
        }
        withExtendedLifetime(server) {}
    }

    @Test func `lets no more in than there may be, and those who wait when others have gone`() throws {
        let proxied = try ProxiedHost(most: 4)
        let server = try TestServer(80, in: proxied.container) { stream in
            stream.send([1])
            _ = stream.receiveAll()
        }
        let first = try proxied.serve(8080)
        _ = try proxied.serve(8081)
        let early = try (0..<4).map { _ in try TestStream(to: "::1", 8080, in: proxied.host.host) }
        for client in early { #expect(client.receive() == [1]) }
        let late = [
            try TestStream(to: "::1", 8080, in: proxied.host.host),
            try TestStream(to: "::1", 8081, in: proxied.host.host),
        ]
        var waits = late.map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
        #expect(poll(&waits, 2, 300) == 0)
        early[0].finish()
        #expect(early[0].receiveAll() == [])
        #expect(poll(&waits, 2, 10_000) == 1)
        // Others go with their port.
        proxied.proxy.end(first)
        #expect(late[1].receive() == [1])
        #expect(early[1].receiveAll() == nil)
        withExtendedLifetime(server) {}
    }

    @Test func `forgets a client of UDP for another one where there are many`() throws {
        let proxied = try ProxiedHost(most: 2)
        let server = try MirrorServer(.udp, 53, in: proxied.container)
        _ = try proxied.serve(5353, by: .udp, to: 53)
        for _ in 0..<5 {
            #expect(try proxied.host.neighbour.ask("fd00:2::1", 5353, by: .udp, within: 10_000) == "10.1.0.1")
        }
        let sockets = try proxied.host.host.output(of: "ss", ["-Huan", "dst", "10.1.0.2"])
        #expect(sockets.split(separator: "\n").count == 2)
        withExtendedLifetime(server) {}
    }

    @Test func `is reset where the container does not listen`() throws {
        let proxied = try ProxiedHost()
        _ = try proxied.serve(8080)
        // That may come before the client knows that it was let in.
        let client = try? TestStream(to: "::1", 8080, in: proxied.host.host)
        #expect(client?.receiveAll() == nil)
    }

    @Test func `tells the client that the container has broken off`() throws {
        let proxied = try ProxiedHost()
        let server = try TestServer(80, in: proxied.container) { stream in
            stream.send([1, 2, 3])
            _ = stream.receive(1)
            // With something unread the end is a reset.
            stream.send([4])
        }
        _ = try proxied.serve(8080)
        let client = try TestStream(to: "::1", 8080, in: proxied.host.host)
        #expect(client.receive() == [1, 2, 3])
        client.send([0, 0, 0])
        #expect(client.receiveAll() == nil)
        withExtendedLifetime(server) {}
    }

    @Test func `is free after its end, and its connections are no more`() throws {
        let proxied = try ProxiedHost()
        let server = try TestServer(80, in: proxied.container) { stream in
            stream.send([1])
            _ = stream.receiveAll()
        }
        let (first, second) = (try proxied.serve(8080), try proxied.serve(8081))
        let client = try TestStream(to: "::1", 8080, in: proxied.host.host)
        let other = try TestStream(to: "::1", 8081, in: proxied.host.host)
        #expect(client.receive() == [1])
        #expect(other.receive() == [1])
        // Nobody gave the port up but the proxy.
        #expect(throws: PortClash.self) { _ = try HeldPort(.tcp, 8080, inNetworkOf: proxied.host.host.number) }
        proxied.proxy.end(first)
        _ = try HeldPort(.tcp, 8080, inNetworkOf: proxied.host.host.number)
        #expect(client.receiveAll() == nil)
        other.finish()
        #expect(other.receiveAll() == [])
        proxied.proxy.end(second)
        proxied.proxy.end(second)
        withExtendedLifetime(server) {}
    }

    @Test func `is one of a thousand that begin and end together`() throws {
        let proxied = try ProxiedHost()
        let server = try MirrorServer(.tcp, 80, in: proxied.container)
        let network = proxied.host.host.number
        func hold(_ port: UInt16) throws -> ProxiedPort {
            try HeldPort(.tcp, port, inNetworkOf: network).leading(to: .v4(0x0a01_0002), port: 80)
        }
        let other = try proxied.serve(8080)
        let token = try proxied.proxy.serve((0..<1000).map { try hold(20_000 + $0) })
        for port in [20_000, 20_999, 8080] as [UInt16] {
            #expect(try proxied.host.host.ask("::1", port, within: 10_000) == "10.1.0.1")
        }
        proxied.proxy.end(token)
        #expect(try proxied.host.host.ask("::1", 20_000) == nil)
        #expect(try proxied.host.host.ask("::1", 8080, within: 10_000) == "10.1.0.1")
        _ = try hold(20_000)
        proxied.proxy.end(other)
        withExtendedLifetime(server) {}
    }

    @Test func `answers each client of UDP, and again one that has been silent for long`() throws {
        let proxied = try ProxiedHost(datagramPatience: .seconds(2))
        let server = try MirrorServer(.udp, 53, in: proxied.container)
        let token = try proxied.serve(5353, by: .udp, to: 53)
        for _ in 0..<40 {
            #expect(try proxied.host.neighbour.ask("fd00:2::1", 5353, by: .udp, within: 10_000) == "10.1.0.1")
        }
        let before = try proxied.host.host.output(of: "ss", ["-Huan", "dst", "10.1.0.2"])
        #expect(!before.isEmpty)
        // The clients expire without anybody's doing.
        let isGone = try waitUntil { try proxied.host.host.output(of: "ss", ["-Huan", "dst", "10.1.0.2"]).isEmpty }
        #expect(isGone)
        #expect(try proxied.host.neighbour.ask("fd00:2::1", 5353, by: .udp, within: 10_000) == "10.1.0.1")
        proxied.proxy.end(token)
        #expect(try proxied.host.neighbour.ask("fd00:2::1", 5353, by: .udp) == nil)
        withExtendedLifetime(server) {}
    }

    @Test func `answers from the address that was asked`() throws {
        let proxied = try ProxiedHost()
        let host = proxied.host.host
        for (address, length) in [("192.0.2.77", 24), ("fd00:2::77", 64)] {
            let prefix = try #require(IPPrefix("\(address)/\(length)"))
            try host.route.send(.addAddress(InterfaceAddress(interface: 2, prefix: prefix, isTrusted: true)))
        }
        let server = try MirrorServer(.udp, 53, in: proxied.container)
        _ = try proxied.serve(5353, by: .udp, to: 53)
        for address in ["192.0.2.1", "192.0.2.77", "fd00:2::1", "fd00:2::77"] {
            #expect(try proxied.host.neighbour.ask(address, 5353, by: .udp, within: 10_000) == "10.1.0.1", "\(address)")
        }
        withExtendedLifetime(server) {}
    }

    @Test func `is nobody's when this returns that stops the proxy`() throws {
        let proxied = try ProxiedHost()
        let host = proxied.host.host
        let before = try host.openSocketCount()
        _ = try proxied.serve(8080)
        let token = try proxied.serve(5353, by: .udp)
        #expect(try host.openSocketCount() > before)
        proxied.proxy.stop()
        #expect(try host.openSocketCount() == before)
        // Nobody waits for what has ended.
        proxied.proxy.end(token)
        proxied.proxy.stop()
    }

    @Test func `ends with its proxy`() throws {
        let proxied = try ProxiedHost()
        do {
            let proxy = try PortProxy(inNetworkOf: proxied.host.host.number)
            let held = try HeldPort(.tcp, 8080, inNetworkOf: proxied.host.host.number)
            _ = try proxy.serve([held.leading(to: .v4(0x0a01_0002), port: 80)])
        }
        #expect(try waitUntil { (try? HeldPort(.tcp, 8080, inNetworkOf: proxied.host.host.number)) != nil })
    }
}
