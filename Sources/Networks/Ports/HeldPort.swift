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
    let transport: TransportProtocol
    private let four: Descriptor?
    private let six: Descriptor?

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
        let numbers = try BlockingCall.runAndJoin { () throws -> [Int32] in
            if let network { try enterNetwork(network) }
            do throws(SystemError) {
                return try Self.bind(transport, address, port)
            } catch {
                throw Self.clash(error, transport, address, port)
            }
        }
        self.transport = transport
        four = numbers[0] < 0 ? nil : Descriptor(owning: numbers[0])
        six = numbers[1] < 0 ? nil : Descriptor(owning: numbers[1])
    }

    /// The numbers of the sockets for IPv4 and IPv6; -1 for none.
    private static func bind(
        _ transport: TransportProtocol,
        _ address: IPAddress?,
        _ port: UInt16
    ) throws(SystemError) -> [Int32] {
        if let address {
            let number = try socket(transport, address, port).release()
            return address.isV4 ? [number, -1] : [-1, number]
        }
        let four = try socket(transport, .v4(0), port)
        do throws(SystemError) {
            let six = try socket(transport, .v6(0), port)
            return [four.release(), six.release()]
        } catch  where error.call == "socket" {
            // A host without IPv6.
            return [four.release(), -1]
        }
    }

    private static func socket(
        _ transport: TransportProtocol,
        _ address: IPAddress,
        _ port: UInt16
    ) throws(SystemError) -> Descriptor {
        let type = transport == .udp ? SOCK_DGRAM : SOCK_STREAM
        let flags = Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let number = Glibc.socket(Int32(address.family), flags, Int32(transport.rawValue))
        if number < 0 { throw SystemError("socket", errno, on: "\(transport)") }
        let descriptor = Descriptor(owning: number)
        var yes: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        if !address.isV4 { setsockopt(number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &yes, size) }
        // Connections that are over linger for a minute (tcp(7), TIME_WAIT); who listens is in the way all the same.
        if transport != .udp { setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, size) }
        let place = SocketAddress(address, port: port)
        if place.withPointer({ Glibc.bind(number, $0, $1) }) != 0 { throw SystemError("bind", errno, on: "\(address)") }
        // Two that do not listen could have one port.
        if transport != .udp, listen(number, 0) != 0 { throw SystemError("listen", errno, on: "\(address)") }
        return descriptor
    }

    /// The sockets once more, for whoever serves them; those of IPv4 and IPv6 are of one port.
    ///
    /// - Returns: One or two of them.
    /// - Throws: The error of fcntl(2).
    borrowing func sharedSockets() throws(SystemError) -> [SharedDescriptor] {
        var sockets: [SharedDescriptor] = []
        if let copy = try four?.duplicate() { sockets.append(SharedDescriptor(copy)) }
        if let copy = try six?.duplicate() { sockets.append(SharedDescriptor(copy)) }
        return sockets
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
        guard let numbers = try? bind(transport, address, port) else { return false }
        for number in numbers where number >= 0 { close(number) }
        return true
    }
}
