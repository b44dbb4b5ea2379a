// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Netlink
import NetlinkSupport
import Networks
import Synchronization
import TestSupport
import Testing

@Suite struct `Names in a container` {
    /// Names for the tests: two replicas, one with both families.
    private static func table() throws -> NameTable {
        var table = NameTable()
        for (name, address) in [
            ("web", "10.1.0.2"), ("web", "10.1.0.3"), ("db", "10.1.0.4"), ("db", "fd00::4"),
            ("My_Alias.net", "10.1.0.4"),
        ] {
            table.add(try #require(DNSName(name)), try #require(IPAddress(address)))
        }
        table.name(try #require(IPAddress("10.1.0.4")), try #require(DNSName("shop-db-1.shop_default")))
        table.add(try #require(IPPrefix("10.1.0.0/24")))
        return table
    }

    private let server: DNSServer

    init() throws { server = try DNSServer() }

    private func serve(_ view: DNSView) throws -> TestNetwork {
        let network = try TestNetwork.withLoopback()
        server.serve("one", on: try network.openSockets(), view)
        return network
    }

    @Test(arguments: ["+notcp", "+tcp"])
    func `have their addresses, whatever their case`(transport: String) throws {
        let network = try serve(DNSView(try Self.table(), forwards: false))
        #expect(try network.dig(transport, "db", "A") == ["10.1.0.4"])
        #expect(try network.dig(transport, "DB.", "AAAA") == ["fd00::4"])
        #expect(try network.dig(transport, "my_alias.NET", "A") == ["10.1.0.4"])
        #expect(try network.dig(transport, "-x", "10.1.0.4") == ["shop-db-1.shop_default."])
        #expect(try Set(network.dig(transport, "web", "A")) == ["10.1.0.2", "10.1.0.3"])
        // A name that is there has no addresses of the other family, and is there all the same.
        #expect(try network.dig(transport, "web", "AAAA") == [])
        #expect(try network.status(transport, "web", "AAAA") == "NOERROR")
        #expect(try network.status(transport, "web", "MX") == "NOERROR")
        #expect(try network.status(transport, "other", "A") == "NXDOMAIN")
        #expect(try network.status(transport, "-x", "10.1.0.77") == "NXDOMAIN")
        #expect(try network.status(transport, "other.test", "A") == "NXDOMAIN")
    }

    @Test func `of replicas change places`() throws {
        let network = try serve(DNSView(try Self.table()))
        let firsts = try Set((0..<8).map { _ in try #require(try network.dig("web", "A").first) })
        #expect(firsts == ["10.1.0.2", "10.1.0.3"])
    }

    @Test func `are answered one after the other on a connection`() throws {
        let network = try serve(DNSView(try Self.table()))
        let answers = try network.dig("+tcp", "+keepopen", "db", "A", "db", "AAAA", "my_alias.net", "A")
        #expect(answers == ["10.1.0.4", "fd00::4", "10.1.0.4"])
    }

    @Test func `are others from the next query on when they change, and nobody's when it ends`() throws {
        let network = try serve(DNSView(NameTable()))
        #expect(try network.status("db", "A") == "NXDOMAIN")
        server.update("one", DNSView(try Self.table()))
        #expect(try network.dig("db", "A") == ["10.1.0.4"])
        server.end("one")
        let outcome = try network.run {
            try Command("/usr/bin/dig", ["@127.0.0.11", "+tcp", "+tries=1", "+time=5", "db"]).run()
        }
        #expect(outcome.end != .exit(0))
        #expect(outcome.output.contains("refused") || outcome.errors.contains("refused"))
    }

    @Test func `are nobody's when this returns that ends all of them`() throws {
        let networks = try [serve(DNSView(Self.table())), try TestNetwork.withLoopback()]
        server.serve("two", on: try networks[1].openSockets(), DNSView(try Self.table()))
        #expect(try networks.map { try $0.openSocketCount() } == [2, 2])
        server.stop()
        #expect(try networks.map { try $0.openSocketCount() } == [0, 0])
        // It serves nobody any more.
        server.serve("two", on: try networks[1].openSockets(), DNSView(try Self.table()))
        server.stop()
        #expect(try networks[1].openSocketCount() == 0)
    }

    @Test func `of many addresses come whole by the connection that a cut answer asks for`() throws {
        var table = NameTable()
        let name = try #require(DNSName("many"))
        for number in 0..<200 { table.add(name, .v4(10 << 24 | UInt32(number))) }
        let network = try serve(DNSView(table))
        #expect(try network.dig("many", "A").count == 200)
        #expect(try network.dig("+ignore", "+noedns", "many", "A").count == 30)
    }
}

@Suite struct `Whoever talks nonsense to the name server` {
    /// Connects to the name server of a network, and sends something.
    private static func connect(_ network: TestNetwork, sending bytes: [UInt8]) throws -> SharedDescriptor {
        let connection = try SharedDescriptor.nameServer(inNetworkOf: network.number, SOCK_STREAM)
        if write(connection.number, bytes, bytes.count) != bytes.count { throw SystemError("write", errno) }
        return connection
    }

    private static func isClosed(_ connection: SharedDescriptor) -> Bool {
        var byte: UInt8 = 0
        return read(connection.number, &byte, 1) <= 0
    }

    @Test func `is left, and others are answered`() throws {
        let server = try DNSServer()
        var table = NameTable()
        table.add(try #require(DNSName("db")), .v4(10 << 24 | 1))
        let (network, neighbour) = (try TestNetwork.withLoopback(), try TestNetwork.withLoopback())
        server.serve("one", on: try network.openSockets(), DNSView(table))
        server.serve("two", on: try neighbour.openSockets(), DNSView(table))
        // A query that never ends, one that is too long, and bytes that are none.
        let halves = try (0..<80).map { _ in try Self.connect(network, sending: [0, 40, 1, 2, 3]) }
        #expect(try neighbour.dig("+tcp", "db", "A") == ["10.0.0.1"])
        #expect(try network.dig("db", "A") == ["10.0.0.1"])
        // Those that came when there were too many are closed already.
        #expect(halves.suffix(16).allSatisfy(Self.isClosed))
        for bytes: [UInt8] in [[0xff, 0xff], [0, 1], [0, 0]] {
            let other = try TestNetwork.withLoopback()
            server.serve("three", on: try other.openSockets(), DNSView(table))
            #expect(Self.isClosed(try Self.connect(other, sending: bytes)))
        }
        _ = halves.map(\.number)
    }

    @Test func `as fast as it can keeps nobody else waiting`() throws {
        let server = try DNSServer()
        var table = NameTable()
        table.add(try #require(DNSName("db")), .v4(10 << 24 | 1))
        let (network, neighbour) = (try TestNetwork.withLoopback(), try TestNetwork.withLoopback())
        server.serve("one", on: try network.openSockets(), DNSView(table))
        server.serve("two", on: try neighbour.openSockets(), DNSView(table))
        let flood = try network.run { try FloodingClient() }
        for _ in 0..<10 { #expect(try neighbour.dig("db", "A") == ["10.0.0.1"]) }
        #expect(flood.sent > 1000)
        flood.end()
    }
}

/// Sends datagrams that are no queries, and some that are, without reading any answer.
private final class FloodingClient: Sendable {
    private let count = Mutex(0)
    private let isOver = Mutex(false)

    /// Begins; the socket is in the network of the calling thread.
    init() throws {
        let number = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if number < 0 { throw SystemError("socket", errno) }
        let socket = SharedDescriptor(Descriptor(owning: number))
        try BlockingCall.start { [self] in
            let messages = [query(), Array(query().prefix(20)), [1, 2, 3], [UInt8](repeating: 0xc0, count: 500)]
            var place = sockaddr_in()
            place.sin_family = sa_family_t(AF_INET)
            place.sin_port = UInt16(53).bigEndian
            place.sin_addr.s_addr = UInt32(0x7f00_000b).bigEndian
            while !isOver.withLock(\.self), sent < 5_000_000 {
                let message = messages[sent % messages.count]
                withUnsafeBytes(of: place) { bytes in
                    bytes.withMemoryRebound(to: sockaddr.self) {
                        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
                        _ = sendto(socket.number, message, message.count, 0, $0.baseAddress, size)
                    }
                }
                count.withLock { $0 += 1 }
            }
        }
    }

    var sent: Int { count.withLock(\.self) }

    func end() { isOver.withLock { $0 = true } }
}

@Suite(.serialized) struct `Names of others` {
    /// Ports that hardly anybody has; the tests run one after the other.
    private static let port: UInt16 = 15_353

    /// A name server on the loopback interface of the host, which knows `other.test`.
    private static func upstream(_ address: String) throws -> Dnsmasq {
        try Dnsmasq(["--listen-address=127.0.0.1", "--port=\(port)", "--address=/other.test/\(address)"])
    }

    private static func server(_ scratch: Scratch, _ text: String) throws -> DNSServer {
        _ = try scratch.write("resolv.conf", bytes: Array(text.utf8))
        return try DNSServer(resolverFile: scratch / "resolv.conf", upstreamPort: port)
    }

    @Test(arguments: ["+notcp", "+tcp"])
    func `are asked whom the host asks`(transport: String) throws {
        let scratch = try Scratch()
        let upstream = try Self.upstream("192.0.2.7")
        let server = try Self.server(scratch, "# of the host\nsearch test\nnameserver 127.0.0.1\n")
        let network = try TestNetwork.withLoopback()
        server.serve("one", on: try network.openSockets(), DNSView(NameTable()))
        #expect(try network.dig(transport, "Other.Test", "A") == ["192.0.2.7"])
        #expect(try network.status(transport, "other", "A") == "NXDOMAIN")
        // A container of internal networks gets nothing from outside.
        server.update("one", DNSView(NameTable(), forwards: false))
        #expect(try network.status(transport, "other.test", "A") == "NXDOMAIN")
        _ = upstream.pid
    }

    @Test(arguments: ["+notcp", "+tcp"])
    func `are asked the next server where one does not answer, and then nobody`(transport: String) throws {
        let scratch = try Scratch()
        let server = try Self.server(scratch, "nameserver ::1\nnameserver 127.0.0.9\nnameserver 127.0.0.1\n")
        let network = try TestNetwork.withLoopback()
        server.serve("one", on: try network.openSockets(), DNSView(NameTable()))
        #expect(try network.status(transport, "other.test", "A") == "SERVFAIL")
        let upstream = try Self.upstream("192.0.2.8")
        #expect(try network.dig(transport, "other.test", "A") == ["192.0.2.8"])
        _ = upstream.pid
    }

    @Test func `are asked others when the file of the host changes, and those that the container names`() throws {
        let scratch = try Scratch()
        let server = try Self.server(scratch, "")
        let network = try TestNetwork.withLoopback()
        server.serve("one", on: try network.openSockets(), DNSView(NameTable()))
        #expect(try network.status("other.test", "A") == "SERVFAIL")
        let upstream = try Self.upstream("192.0.2.9")
        _ = try scratch.write("next", bytes: Array("nameserver 127.0.0.1\n".utf8))
        #expect(rename(scratch / "next", scratch / "resolv.conf") == 0)
        #expect(try network.dig("other.test", "A") == ["192.0.2.9"])
        _ = try scratch.write("next", bytes: [])
        #expect(rename(scratch / "next", scratch / "resolv.conf") == 0)
        #expect(try network.status("other.test", "A") == "SERVFAIL")
        server.update("one", DNSView(NameTable(), servers: [.v4(0x7f00_0001)]))
        #expect(try network.dig("other.test", "A") == ["192.0.2.9"])
        _ = upstream.pid
    }
}
