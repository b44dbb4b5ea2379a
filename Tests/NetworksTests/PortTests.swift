// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Netlink
import NetlinkSupport
import TestSupport
import Testing

@testable import Networks

@Suite struct `A port of the host` {
    private let network: TestNetwork

    init() throws { network = try TestNetwork.withLoopback() }

    private func hold(
        _ port: UInt16,
        at address: String? = nil,
        by transport: TransportProtocol = .tcp
    ) throws -> HeldPort {
        let place = try address.map { try #require(IPAddress($0)) }
        return try HeldPort(transport, at: place, port, inNetworkOf: network.number)
    }

    private func clash(
        _ port: UInt16,
        at address: String? = nil,
        by transport: TransportProtocol = .tcp
    ) throws -> PortClash {
        try #require(throws: PortClash.self) { _ = try hold(port, at: address, by: transport) }
    }

    @Test(arguments: [TransportProtocol.tcp, .udp])
    func `that somebody has is told with who it is, and one near it that is free`(transport: TransportProtocol) throws {
        let server = try MirrorServer(transport, 8080, in: network)
        let clash = try clash(8080, by: transport)
        #expect(clash.holder?.process == getpid())
        #expect(clash.free == 8081)
        #expect(clash.description.hasPrefix("port 8080/\(transport) of the host is in use by "))
        #expect(clash.description.hasSuffix(" (process \(getpid())); 8081 is free"))
        #expect(try self.clash(8080, at: "127.0.0.1", by: transport).holder?.process == getpid())
        _ = server
    }

    @Test func `that this process has is not taken for a copy`() throws {
        // A child inherits it.
        let server = try network.run {
            let number = try SystemError.check(socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0), "socket")
            var place = sockaddr_in6()
            (place.sin6_family, place.sin6_port) = (sa_family_t(AF_INET6), UInt16(8080).bigEndian)
            let size = socklen_t(MemoryLayout<sockaddr_in6>.size)
            let result = withUnsafePointer(to: &place) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, size) }
            }
            try SystemError.check(result, "bind")
            try SystemError.check(listen(number, 1), "listen")
            return SharedDescriptor(Descriptor(owning: number))
        }
        // The kernel goes on behind this number, as it does after the highest one (ns_last_pid, proc(5)).
        try writeFile("/proc/sys/kernel/ns_last_pid", Array("\(getpid() / 2)".utf8))
        let child = try #require(popen("echo $$; exec sleep infinity", "r"))
        var line = [CChar](repeating: 0, count: 32)
        let text = try #require(fgets(&line, 32, child).map { String(cString: $0) })
        let process = try #require(Int32(text.dropLast()))
        defer {
            kill(process, SIGKILL)
            pclose(child)
        }
        try #require(process < getpid())
        let clash = try clash(8080)
        #expect(clash.holder?.process == getpid())
        #expect(!clash.isHeldByCopy)
        _ = server
    }

    @Test func `is nobody else's while it is held, and anybody's afterwards`() throws {
        do {
            let held = try hold(8080)
            #expect(try clash(8080).holder?.process == getpid())
            #expect(try clash(8080, at: "::1").free == 8081)
            // The other protocol is another port.
            _ = try hold(8080, by: .udp)
            _ = consume held
        }
        _ = try hold(8080)
    }

    @Test func `is one socket for both families, but for UDP`() throws {
        let stream = try hold(8080)
        let datagrams = try hold(8080, by: .udp)
        func sockets(_ option: String) throws -> Int {
            try network.output(of: "ss", ["-Hn", option]).split(separator: "\n").count
        }
        #expect(try sockets("-lt") == 1)
        #expect(try sockets("-lu") == 2)
        for address in ["127.0.0.1", "::1", "0.0.0.0", "::"] {
            #expect(throws: PortClash.self) { _ = try hold(8080, at: address) }
            #expect(throws: PortClash.self) { _ = try hold(8080, at: address, by: .udp) }
        }
        _ = consume stream
        _ = consume datagrams
    }

    @Test(arguments: ["127.0.0.1", "::1", "0.0.0.0"]) func `is not to be had where one address has it`(
        address: String
    ) throws {
        let held = try hold(8080, at: address)
        #expect(try clash(8080).holder?.process == getpid())
        _ = consume held
    }

    @Test func `may be held at several addresses`() throws {
        let first = try hold(8080, at: "127.0.0.1")
        let second = try hold(8080, at: "127.0.0.2")
        let third = try hold(8080, at: "::1")
        #expect(try clash(8080, at: "127.0.0.2").address == IPAddress("127.0.0.2"))
        #expect(try clash(8080, at: "::1").description.contains("[::1]:8080/tcp"))
        _ = consume first
        _ = consume second
        _ = consume third
    }

    @Test func `at an address that is not the host's is told in the system's words`() throws {
        let clash = try clash(8080, at: "203.0.113.1")
        #expect(clash.holder == nil)
        #expect(clash.free == nil)
        #expect(
            clash.description == "port 203.0.113.1:8080/tcp of the host cannot be had: cannot assign requested address"
        )
    }

    @Test func `at the end of all ports has its free neighbour below`() throws {
        let held = try hold(65535)
        let free = try #require(try clash(65535).free)
        #expect((65435...65534).contains(free))
        _ = consume held
    }

    @Test func `is read from the kernel's table`() throws {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 101 1 0 100
               1: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 102 1 0 100
               2: 0100007F:1F90 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 103 1 0 100
               3: torn
            """
        func found(_ address: String?, _ port: UInt16) -> [String] {
            PortHolder.sockets(in: table, .tcp, at: address.flatMap { IPAddress($0) }, port)
        }
        #expect(found("127.0.0.1", 8080) == ["101"])
        #expect(found("127.0.0.2", 8080) == [])
        #expect(found(nil, 8080) == ["101"])
        #expect(found("127.0.0.2", 8081) == ["102"])
        #expect(found(nil, 8082) == [])
    }
}
