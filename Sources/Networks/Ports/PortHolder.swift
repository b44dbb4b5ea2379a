// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Netlink

/// A process that has a port of the host.
package struct PortHolder: Equatable, Sendable, CustomStringConvertible {
    package var process: Int32
    /// What the kernel calls the program, at most fifteen bytes.
    package var name: String

    /// Whether this process has cloned it, or it is gone by now.
    package var isCopyOfThisProcess: Bool {
        let bytes = (try? Descriptor.open("/proc/\(process)/stat", O_RDONLY).contents(limit: 4096)) ?? []
        // The name may have any characters; behind it are the state and the parent (proc(5)).
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return true }
        let fields = String(decoding: bytes[end...], as: UTF8.self).split(separator: " ")
        return fields.count > 2 && Int32(fields[2]) == getpid()
    }

    package var description: String { "\(name) (process \(process))" }

    /// Finds who has a port, in the network of the calling thread.
    ///
    /// Of several processes with one socket it is this one, if it is among them: what it has cloned has a copy until its
    /// execve(2), and may have the lower number.
    ///
    /// - Parameters:
    ///   - transport: The protocol.
    ///   - address: The address at which somebody wants it; nil for all of them.
    ///   - port: The port.
    /// - Returns: Nil where nobody has it, or where that is nobody's of whom this process may know.
    static func find(_ transport: TransportProtocol, at address: IPAddress?, _ port: UInt16) -> PortHolder? {
        let nodes = sockets(transport, at: address, port)
        if nodes.isEmpty { return nil }
        let wanted = Set(nodes.map { "socket:[\($0)]" })
        guard let folder = try? Descriptor.open("/proc", O_RDONLY | O_DIRECTORY), let names = try? folder.entries()
        else {
            return nil
        }
        for process in [getpid()] + names.compactMap({ Int32($0.description) }) where hasOpen(wanted, process) {
            let bytes = (try? Descriptor.open("/proc/\(process)/comm", O_RDONLY).contents(limit: 64)) ?? []
            let words = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            return PortHolder(process: process, name: words.isEmpty ? "a process" : words)
        }
        return nil
    }

    /// Whether a process has one of the sockets open.
    private static func hasOpen(_ wanted: Set<String>, _ process: Int32) -> Bool {
        let path = "/proc/\(process)/fd"
        guard let folder = try? Descriptor.open(path, O_RDONLY | O_DIRECTORY), let entries = try? folder.entries()
        else {
            return false
        }
        var target = [CChar](repeating: 0, count: 64)
        return entries.contains { entry in
            let count = readlink("\(path)/\(entry)", &target, target.count)
            guard count > 0 else { return false }
            return wanted.contains(String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
    }

    /// The numbers of the sockets that are bound to a port (proc_net(5)).
    private static func sockets(_ transport: TransportProtocol, at address: IPAddress?, _ port: UInt16) -> [String] {
        let names =
            switch transport {
            case .tcp: ["tcp", "tcp6"]
            case .udp: ["udp", "udp6"]
            // The kernel lists the ends of associations elsewhere, without the numbers of sockets that only listen.
            case .sctp: [String]()
            }
        return names.flatMap { name -> [String] in
            let path = "/proc/thread-self/net/\(name)"
            guard let bytes = try? Descriptor.open(path, O_RDONLY).contents(limit: 64 << 20) else { return [] }
            return sockets(in: String(decoding: bytes, as: UTF8.self), transport, at: address, port)
        }
    }

    /// The same in the text of such a file.
    static func sockets(
        in text: String,
        _ transport: TransportProtocol,
        at address: IPAddress?,
        _ port: UInt16
    ) -> [String] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            // 0A is TCP_LISTEN; connections of TCP hinder nobody.
            guard fields.count > 9, transport != .tcp || fields[3] == "0A" else { return nil }
            let place = fields[1].split(separator: ":")
            guard place.count == 2, UInt16(place[1], radix: 16) == port, let own = Self.address(place[0]) else {
                return nil
            }
            let isAny = own.number == 0
            // A socket of IPv6 for all addresses has those of IPv4 as well, unless it was told not to.
            guard isAny || address == nil || address?.number == 0 || own == address else { return nil }
            return String(fields[9])
        }
    }

    /// Words of four bytes in the order of the machine.
    private static func address(_ text: Substring) -> IPAddress? {
        var bytes: [UInt8] = []
        var rest = text
        while !rest.isEmpty {
            guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
            withUnsafeBytes(of: word) { bytes += $0 }
            rest = rest.dropFirst(8)
        }
        return IPAddress(bytes: bytes)
    }
}
