// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An internet address as a number.
package enum IPAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    case v4(UInt32)
    case v6(UInt128)

    /// Reads the usual text form; nil where it is another text.
    package init?(_ text: String) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self = .v4(UInt32(bigEndian: four.s_addr))
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            self.init(bytes: withUnsafeBytes(of: six, Array.init))
        } else {
            return nil
        }
    }

    /// Reads the bytes as they are sent; nil where they are neither 4 nor 16.
    package init?(bytes: some Collection<UInt8>) {
        let number = bytes.prefix(17).reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
        switch bytes.count {
        case 4: self = .v4(UInt32(truncatingIfNeeded: number))
        case 16: self = .v6(number)
        default: return nil
        }
    }

    /// The address of a kind by its number.
    package init(_ number: UInt128, like other: IPAddress) {
        self = other.isV4 ? .v4(UInt32(truncatingIfNeeded: number)) : .v6(number)
    }

    package var isV4: Bool {
        if case .v4 = self { true } else { false }
    }

    /// The number of the address, as the first byte were the highest.
    package var number: UInt128 {
        switch self {
        case .v4(let number): UInt128(number)
        case .v6(let number): number
        }
    }

    /// The bytes as they are sent.
    package var bytes: [UInt8] {
        switch self {
        case .v4(let number): withUnsafeBytes(of: number.bigEndian, Array.init)
        case .v6(let number): withUnsafeBytes(of: number.bigEndian, Array.init)
        }
    }

    /// How many bits it has.
    package var bitCount: UInt8 { isV4 ? 32 : 128 }

    /// `AF_INET` or `AF_INET6`.
    package var family: UInt8 { UInt8(isV4 ? AF_INET : AF_INET6) }

    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        (left.bitCount, left.number) < (right.bitCount, right.number)
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(Int32(family), bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// An address and how many of its first bits name a network, `10.0.0.1/8` for example.
package struct IPPrefix: Hashable, Sendable, CustomStringConvertible {
    package let address: IPAddress
    /// At most as many bits as the address has.
    package let length: UInt8

    /// A prefix; nil where the length is above that of the address.
    package init?(_ address: IPAddress, length: UInt8) {
        guard length <= address.bitCount else { return nil }
        self.address = address
        self.length = length
    }

    /// Reads `address/length`; nil where it is another text.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let address = IPAddress(String(parts[0])), let length = UInt8(parts[1])
        else { return nil }
        self.init(address, length: length)
    }

    /// The address alone, as a prefix of all its bits.
    package init(_ address: IPAddress) {
        self.address = address
        length = address.bitCount
    }

    /// The network's first address, at which all bits behind the prefix are zero.
    package var first: IPAddress { IPAddress(address.number & ~hostBits, like: address) }

    /// The network's last address, at which all bits behind the prefix are one.
    package var last: IPAddress { IPAddress(address.number | hostBits, like: address) }

    /// The network alone.
    package var network: IPPrefix { IPPrefix(first, length: length) ?? self }

    private var hostBits: UInt128 {
        let count = address.bitCount - length
        return count == 128 ? .max : (1 << UInt128(count)) - 1
    }

    /// Whether an address is in the network.
    package func contains(_ other: IPAddress) -> Bool {
        other.isV4 == address.isV4 && (other.number ^ address.number) & ~hostBits == 0
    }

    /// Whether two networks share an address: then one contains the other.
    package func overlaps(_ other: IPPrefix) -> Bool {
        contains(other.address) || other.contains(address)
    }

    package var description: String { "\(address)/\(length)" }
}

/// The address of an interface in its own network, six bytes for Ethernet.
package struct HardwareAddress: Hashable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    package init(_ bytes: some Collection<UInt8>) {
        self.bytes = Array(bytes)
    }

    /// Reads six bytes as `02:42:0a:00:00:01`; nil where it is another text.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { part in
            part.utf8.count == 2 && part.allSatisfy(\.isHexDigit) ? UInt8(part, radix: 16) : nil
        }
        guard parts.count == 6, bytes.count == 6 else { return nil }
        self.bytes = bytes
    }

    package var description: String {
        bytes.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0\(text)" : text
        }.joined(separator: ":")
    }
}
