// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux
package import Netlink

/// The sockets in a container's network at which it is answered.
///
/// They are in the container's network and not at the gateway: no firewall of the host is between, port 53 of the host may
/// be anybody's, and the socket tells who asks.
package struct DNSSockets: ~Copyable, Sendable {
    let datagrams: Descriptor
    let listener: Descriptor

    /// Sockets that were opened before and kept by somebody else.
    ///
    /// - Parameters:
    ///   - datagrams: The socket of UDP.
    ///   - listener: That of TCP.
    package init(datagrams: consuming Descriptor, listener: consuming Descriptor) {
        self.datagrams = datagrams
        self.listener = listener
    }

    /// Where images and compose files expect it.
    package static let address = IPAddress.v4(127 << 24 | 11)
    package static let port: UInt16 = 53

    /// How many connections may wait to be accepted.
    private static let backlog: Int32 = 64

    /// Opens the sockets in a network.
    ///
    /// - Parameters:
    ///   - network: The number of a descriptor that setns(2) takes: a network namespace, or a pidfd.
    ///   - address: Where they listen; the network's loopback interface is up.
    ///   - port: The port, the same for UDP and TCP.
    /// - Returns: The sockets.
    /// - Throws: The error of setns(2), socket(2), bind(2) or listen(2): `EADDRINUSE` where something listens there.
    package static func open(
        inNetworkOf network: Int32,
        at address: IPAddress = address,
        port: UInt16 = port
    ) throws -> DNSSockets {
        let opened = try BlockingCall.runAndJoin { () throws -> Opened in
            try enterNetwork(network)
            return try Opened(address, port)
        }
        return DNSSockets(
            datagrams: Descriptor(owning: opened.datagrams),
            listener: Descriptor(owning: opened.listener)
        )
    }

    /// Opens the sockets at another port, where what is sent to the usual one comes: for a container that serves names itself,
    /// at all of its addresses.
    ///
    /// - Parameter network: The number of a descriptor that setns(2) takes: a network namespace, or a pidfd.
    /// - Returns: The sockets.
    /// - Throws: The error of setns(2), socket(2), bind(2) or listen(2), or what the kernel refused.
    package static func openAside(inNetworkOf network: Int32) throws -> DNSSockets {
        var attempts = 16
        while true {
            // Ports that nobody has by right (RFC 6335, section 6).
            let port = UInt16.random(in: 49_152...65_535)
            do {
                let sockets = try open(inNetworkOf: network, port: port)
                try divert(to: port, inNetworkOf: network)
                return sockets
            } catch let error as SystemError where error.number == EADDRINUSE && attempts > 0 {
                attempts -= 1
            }
        }
    }

    /// Has what programs of a network send to the usual port come to another one.
    private static func divert(to other: UInt16, inNetworkOf network: Int32) throws(NetlinkError) {
        func bytes(_ port: UInt16) -> [UInt8] { withUnsafeBytes(of: port.bigEndian, Array.init) }
        let table = Table(.ipv4, "wharf-names")
        // `NF_IP_PRI_NAT_DST` of linux/netfilter_ipv4.h.
        let chain = Chain(table, "output", hook: .init(.nat, .output, priority: -100))
        let rules = [TransportProtocol.udp, .tcp].map { transport in
            Rule(
                table,
                chain.name,
                .address(.destination, in: IPPrefix(address)) + .transport(transport.rawValue) + [
                    .payload(.transport, offset: 2, length: 2, to: Register(0)),
                    .compare(Register(0), to: bytes(port)), .immediate(address.bytes, to: Register(0)),
                    .immediate(bytes(other), to: Register(1)),
                    .destinationNAT(address: Register(0), port: Register(1)),
                ]
            )
        }
        // The engine before may have had another port.
        let anew: [Request] = [.addTable(table), .deleteTable(table), .addTable(table), .addChain(chain)]
        try NetlinkSocket(.netfilter, inNetworkOf: network).commit(anew + rules.map { .addRule($0) })
    }

    /// The numbers of sockets that were opened on another thread, to be owned by whoever gets them.
    private struct Opened: Sendable {
        let datagrams: Int32
        let listener: Int32

        init(_ address: IPAddress, _ port: UInt16) throws(SystemError) {
            let place = SocketAddress(address, port: port)
            let first = try Self.bound(SOCK_DGRAM, address, place)
            let second = try Self.bound(SOCK_STREAM, address, place)
            if listen(second.number, backlog) != 0 { throw SystemError("listen", errno, on: "\(address)") }
            (datagrams, listener) = (first.release(), second.release())
        }

        private static func bound(
            _ type: __socket_type,
            _ address: IPAddress,
            _ place: SocketAddress
        ) throws(SystemError) -> Descriptor {
            let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            let number = socket(Int32(address.family), Int32(type.rawValue) | flags, 0)
            if number < 0 { throw SystemError("socket", errno, on: "\(address)") }
            let descriptor = Descriptor(owning: number)
            var yes: Int32 = 1
            // What was connected before lingers for a minute (tcp(7), TIME_WAIT).
            setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
            if place.withPointer({ bind(number, $0, $1) }) != 0 { throw SystemError("bind", errno, on: "\(address)") }
            return descriptor
        }
    }
}
