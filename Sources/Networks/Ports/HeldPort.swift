// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
package import Netlink

/// A port of the host that is not to be had.
package struct PortClash: Error, Equatable, CustomStringConvertible {
    package var transport: TransportProtocol
    /// Nil for all addresses of the host.
    package var address: IPAddress?
    package var port: UInt16
    /// Nil where it could not be found out.
    package var holder: PortHolder?
    /// A port near it that is free; nil where none was found.
    package var free: UInt16?
    /// What the system answered.
    package var reason: String

    /// Whether it is in use, and only by what this process has cloned: that has a copy of every socket until its execve(2).
    package var isHeldByCopy: Bool {
        reason == SystemError.text(of: EADDRINUSE) && (holder.map(\.isCopyOfThisProcess) ?? true)
    }

    package var description: String {
        let place = address.map { $0.isV4 ? "\($0):\(port)" : "[\($0)]:\(port)" } ?? "\(port)"
        let who = holder.map { "is in use by \($0)" } ?? "cannot be had: \(reason)"
        let near = free.map { "; \($0) is free" } ?? ""
        return "port \(place)/\(transport) of the host \(who)\(near)"
    }
}

/// A port of the host that this process has, so that nobody else gets it while it leads to a container.
///
/// What arrives goes on to the container before it would come here; a ``PortProxy`` serves the rest.
package struct HeldPort: ~Copyable, Sendable {
    private let transport: TransportProtocol
    /// One or two of them: a socket of IPv6 takes what comes by IPv4 as well, unless it is of UDP, whose answers would have
    /// addresses of the other family.
    private let sockets: [SharedDescriptor]

    /// How far from a port that is taken a free one is looked for.
    private static let reach: UInt16 = 100

    /// Takes a port.
    ///
    /// - Parameters:
    ///   - transport: The protocol.
    ///   - address: The address of the host; nil for all of them.
    ///   - port: The port.
    ///   - network: The number of a descriptor of the network; nil for that of the calling thread.
    /// - Throws: ``PortClash`` with who has it, or the error of setns(2).
    package init(
        _ transport: TransportProtocol,
        at address: IPAddress? = nil,
        _ port: UInt16,
        inNetworkOf network: Int32? = nil
    ) throws {
        @Sendable func hold() throws -> [SharedDescriptor] {
            do throws(SystemError) {
                return try Self.bind(transport, address, port)
            } catch {
                throw Self.clash(error, transport, address, port)
            }
        }
        self.transport = transport
        if let network {
            sockets = try BlockingCall.runAndJoin {
                try enterNetwork(network)
                return try hold()
            }
        } else {
            sockets = try hold()
        }
    }

    /// Takes a port back that somebody else has kept; nil where none of the sockets is bound to it.
    ///
    /// - Parameters:
    ///   - transport: The protocol.
    ///   - address: The address of the host; nil for all of them.
    ///   - port: The port.
    ///   - kept: Sockets of this port and of others.
    package init?(
        _ transport: TransportProtocol,
        at address: IPAddress? = nil,
        _ port: UInt16,
        among kept: [KeptSocket]
    ) {
        let own = kept.filter { socket in
            guard socket.transport == transport, socket.port == port else { return false }
            return address.map { $0 == socket.address } ?? (socket.address.number == 0)
        }
        if own.isEmpty { return nil }
        self.transport = transport
        sockets = own.map(\.descriptor)
    }

    /// The numbers of its sockets, as long as it is held.
    package var numbers: [Int32] { sockets.map(\.number) }

    private static func bind(
        _ transport: TransportProtocol,
        _ address: IPAddress?,
        _ port: UInt16
    ) throws(SystemError) -> [SharedDescriptor] {
        if let address { return [SharedDescriptor(try socket(transport, address, port))] }
        let isForBoth = transport != .udp
        let six: SharedDescriptor
        do throws(SystemError) {
            six = SharedDescriptor(try socket(transport, .v6(0), port, isForBoth: isForBoth))
        } catch  where error.call == "socket" {
            // A host without IPv6.
            return [SharedDescriptor(try socket(transport, .v4(0), port))]
        }
        return isForBoth ? [six] : [SharedDescriptor(try socket(transport, .v4(0), port)), six]
    }

    private static func socket(
        _ transport: TransportProtocol,
        _ address: IPAddress,
        _ port: UInt16,
        isForBoth: Bool = false
    ) throws(SystemError) -> Descriptor {
        let type = transport == .udp ? SOCK_DGRAM : SOCK_STREAM
        // Nobody waits at it but in one place for all.
        let flags = Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let number = Glibc.socket(Int32(address.family), flags, Int32(transport.rawValue))
        if number < 0 { throw SystemError("socket", errno, on: "\(transport)") }
        let descriptor = Descriptor(owning: number)
        var (yes, isOnlySix): (Int32, Int32) = (1, isForBoth ? 0 : 1)
        let size = socklen_t(MemoryLayout<Int32>.size)
        // What the host has for others by default is none of ours (net.ipv6.bindv6only).
        if !address.isV4 { setsockopt(number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &isOnlySix, size) }
        // Connections that are over linger for a minute (tcp(7), TIME_WAIT); who listens is in the way all the same.
        if transport != .udp { setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, size) }
        let place = SocketAddress(address, port: port)
        if place.withPointer({ Glibc.bind(number, $0, $1) }) != 0 { throw SystemError("bind", errno, on: "\(address)") }
        // Two that do not listen could have one port.
        if transport != .udp, listen(number, 0) != 0 { throw SystemError("listen", errno, on: "\(address)") }
        return descriptor
    }

    /// What a ``PortProxy`` needs to pass on what arrives at it.
    ///
    /// The port stays taken until both let go of it, this and the proxy.
    ///
    /// - Parameters:
    ///   - address: The address of the container, of either family.
    ///   - port: The port of the container.
    /// - Returns: What leads there.
    package borrowing func leading(to address: IPAddress, port: UInt16) -> ProxiedPort {
        ProxiedPort(sockets: sockets, transport: transport, target: SocketAddress(address, port: port))
    }

    private static func clash(
        _ error: SystemError,
        _ transport: TransportProtocol,
        _ address: IPAddress?,
        _ port: UInt16
    ) -> PortClash {
        var clash = PortClash(
            transport: transport,
            address: address,
            port: port,
            reason: SystemError.text(of: error.number)
        )
        guard error.number == EADDRINUSE else { return clash }
        clash.holder = PortHolder.find(transport, at: address, port)
        let near = port < UInt16.max - reach ? (port + 1)...(port + reach) : (port - reach)...(port - 1)
        clash.free = near.first { isFree(transport, address, $0) }
        return clash
    }

    private static func isFree(_ transport: TransportProtocol, _ address: IPAddress?, _ port: UInt16) -> Bool {
        (try? bind(transport, address, port)) != nil
    }
}
