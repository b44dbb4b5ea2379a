// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Netlink
import NetlinkSupport
import Networks
import Synchronization
import TestSupport

/// Tells everybody who talks to it which address they come from.
final class MirrorServer: Sendable {
    private let socket: SharedDescriptor
    private let isOver = Mutex(false)

    /// Listens at all addresses of a network.
    init(_ transport: TransportProtocol, _ port: UInt16, in network: TestNetwork) throws {
        let number = try network.run {
            let type = transport == .udp ? SOCK_DGRAM : SOCK_STREAM
            let number = Glibc.socket(AF_INET6, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            if number < 0 { throw SystemError("socket", errno) }
            var place = sockaddr_in6()
            place.sin6_family = sa_family_t(AF_INET6)
            place.sin6_port = port.bigEndian
            let result = withUnsafeBytes(of: place) { bytes in
                bytes.withMemoryRebound(to: sockaddr.self) {
                    bind(number, $0.baseAddress, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
            if result != 0 { throw SystemError("bind", errno) }
            if transport != .udp, listen(number, 16) != 0 { throw SystemError("listen", errno) }
            return number
        }
        // The thread looks now and then whether anybody still wants it.
        var pause = timeval(tv_sec: 0, tv_usec: 50_000)
        setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &pause, socklen_t(MemoryLayout<timeval>.size))
        let socket = SharedDescriptor(Descriptor(owning: number))
        self.socket = socket
        try BlockingCall.start { [weak self] in
            while self?.serve(transport, socket.number) == true {}
        }
    }

    deinit { isOver.withLock { $0 = true } }

    /// Serves one client, if there is one; false at the end.
    private func serve(_ transport: TransportProtocol, _ number: Int32) -> Bool {
        var sender = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        var byte: UInt8 = 0
        let result = withUnsafeMutableBytes(of: &sender) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                transport == .udp
                    ? Int32(recvfrom(number, &byte, 1, 0, $0.baseAddress, &length))
                    : accept(number, $0.baseAddress, &length)
            }
        }
        if result < 0 { return !isOver.withLock(\.self) }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(AF_INET6, &sender.sin6_addr, &text, socklen_t(text.count))
        let answer = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        if transport == .udp {
            withUnsafeBytes(of: sender) { bytes in
                bytes.withMemoryRebound(to: sockaddr.self) {
                    _ = sendto(number, answer, answer.count, 0, $0.baseAddress, length)
                }
            }
        } else {
            send(result, answer, answer.count, Int32(MSG_NOSIGNAL))
            close(result)
        }
        return true
    }
}

extension TestNetwork {
    /// Asks a ``MirrorServer`` from this network.
    ///
    /// - Parameters:
    ///   - address: Where.
    ///   - port: The port.
    ///   - transport: The protocol.
    ///   - milliseconds: How long to wait for each step.
    /// - Returns: The address that it has seen; nil where nothing came back, which takes a while where packets are dropped.
    /// - Throws: Why it cannot ask.
    func ask(
        _ address: String,
        _ port: UInt16,
        by transport: TransportProtocol = .tcp,
        within milliseconds: Int32 = 700
    ) throws -> String? {
        try run {
            guard let number = try? Self.connected(transport, to: address, port, within: milliseconds) else {
                return nil
            }
            defer { close(number) }
            if transport == .udp, send(number, "?", 1, 0) != 1 { return nil }
            var wait = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            guard poll(&wait, 1, milliseconds) == 1 else { return nil }
            var buffer = [UInt8](repeating: 0, count: 64)
            let count = recv(number, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            let text = String(decoding: buffer.prefix(count), as: UTF8.self)
            return text.hasPrefix("::ffff:") ? String(text.dropFirst(7)) : text
        }
    }

    /// A connected socket in the network of the calling thread, which does not wait; its number is the caller's to close.
    static func connected(
        _ transport: TransportProtocol,
        to address: String,
        _ port: UInt16,
        within milliseconds: Int32 = 10_000
    ) throws -> Int32 {
        let isV4 = address.contains(".")
        let type = transport == .udp ? SOCK_DGRAM : SOCK_STREAM
        let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let number = Glibc.socket(isV4 ? AF_INET : AF_INET6, Int32(type.rawValue) | flags, 0)
        if number < 0 { throw SystemError("socket", errno) }
        if try connect(number, address, port, isV4: isV4, milliseconds) { return number }
        close(number)
        throw SystemError("connect", ECONNREFUSED, on: address)
    }

    private static func connect(
        _ number: Int32,
        _ address: String,
        _ port: UInt16,
        isV4: Bool,
        _ milliseconds: Int32
    ) throws -> Bool {
        var (four, six) = (sockaddr_in(), sockaddr_in6())
        (four.sin_family, four.sin_port) = (sa_family_t(AF_INET), port.bigEndian)
        (six.sin6_family, six.sin6_port) = (sa_family_t(AF_INET6), port.bigEndian)
        inet_pton(AF_INET, address, &four.sin_addr)
        inet_pton(AF_INET6, address, &six.sin6_addr)
        func connect(_ bytes: UnsafeRawBufferPointer) -> Int32 {
            bytes.withMemoryRebound(to: sockaddr.self) {
                Glibc.connect(number, $0.baseAddress, socklen_t(bytes.count))
            }
        }
        let result = isV4 ? withUnsafeBytes(of: four, connect) : withUnsafeBytes(of: six, connect)
        if result == 0 { return true }
        guard errno == EINPROGRESS else { return false }
        var wait = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        guard poll(&wait, 1, milliseconds) == 1 else { return false }
        var failure: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(number, SOL_SOCKET, SO_ERROR, &failure, &length)
        return failure == 0
    }
}

/// A host of a test's own with a neighbour on its link, and networks of containers.
///
/// The host is 192.0.2.1 and fd00:2::1, the neighbour 192.0.2.2 and fd00:2::2.
struct TestHost {
    let host: TestNetwork
    let neighbour: TestNetwork
    let bridges: Bridges

    init() throws {
        (host, neighbour) = (try TestNetwork.withLoopback(), try TestNetwork.withLoopback())
        bridges = try Bridges(inNetworkOf: host.number)
        try Forwarding.enable(inNetworkOf: host.number, ipv6: true)
        // A router sends nothing on before the address of its link is proven, which takes a second.
        try host.run { try writeFile("/proc/sys/net/ipv6/conf/default/accept_dad", Array("0".utf8)) }
        let (here, there) = (host.route, neighbour.route)
        let peer = LinkSettings(name: "eth0", network: neighbour.number)
        try here.send(.createLink(.veth(peer: peer, peerIndex: 2), LinkSettings(name: "eth0"), index: 2))
        for (socket, last) in [(here, "1"), (there, "2")] {
            let addresses = ["192.0.2.\(last)/24", "fd00:2::\(last)/64"].compactMap { IPPrefix($0) }
            try socket.send(
                [.changeLink(2, LinkSettings(isUp: true))]
                    + addresses.map { .addAddress(InterfaceAddress(interface: 2, prefix: $0, isTrusted: true)) }
            )
        }
    }

    /// Makes the bridge of a network, 10.N.0.0/24 and fd00:0:N::/64.
    func makeBridge(_ number: Int) throws -> FirewallNetwork {
        let gateways = ["10.\(number).0.1/24", "fd00:0:\(number)::1/64"].compactMap { IPPrefix($0) }
        try bridges.make(BridgeSettings("br\(number)", gateways: gateways))
        return FirewallNetwork(bridge: "br\(number)", prefixes: gateways)
    }

    /// Connects another container with a network, as 10.N.0.LAST and fd00:0:N::LAST.
    func connect(_ last: Int, to number: Int, isIsolated: Bool = false) throws -> TestNetwork {
        let container = try TestNetwork.withLoopback()
        try bridges.connect(
            container.number,
            to: "br\(number)",
            EndpointSettings(
                "eth0",
                hostName: "v\(number).\(last)",
                addresses: ["10.\(number).0.\(last)/24", "fd00:0:\(number)::\(last)/64"].compactMap { IPPrefix($0) },
                gateways: ["10.\(number).0.1", "fd00:0:\(number)::1"].compactMap { IPAddress($0) },
                isIsolated: isIsolated
            )
        )
        return container
    }
}
