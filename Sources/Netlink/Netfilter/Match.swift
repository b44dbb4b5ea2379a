// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// States of a connection, as connection tracking sees them (nft(8), "CONNTRACK EXPRESSIONS").
package struct ConnectionStates: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package static let invalid = Self(rawValue: 1)
    package static let established = Self(rawValue: 2)
    package static let related = Self(rawValue: 4)
    package static let new = Self(rawValue: 8)
}

// The conditions of rules, each as a series of steps. They use the first registers, and need nothing from each other.
extension [Expression] {
    /// The packet came in by an interface.
    package static func input(_ interface: String, isEqual: Bool = true) -> Self {
        [
            .meta(.inputInterface, to: Register(0)),
            .compare(Register(0), isEqual: isEqual, to: DataValue.interfaceName(interface).bytes),
        ]
    }

    /// The packet leaves by an interface.
    package static func output(_ interface: String, isEqual: Bool = true) -> Self {
        [
            .meta(.outputInterface, to: Register(0)),
            .compare(Register(0), isEqual: isEqual, to: DataValue.interfaceName(interface).bytes),
        ]
    }

    /// The packet leaves by an interface whose name begins with a text, as `-o TEXT+` of iptables(8) has it.
    package static func output(startingWith text: String) -> Self {
        [.meta(.outputInterface, to: Register(0)), .compare(Register(0), to: [UInt8](text.utf8))]
    }

    /// The packet belongs to a connection in one of the states.
    package static func connection(_ states: ConnectionStates) -> Self {
        let mask = Swift.withUnsafeBytes(of: states.rawValue, Array<UInt8>.init)
        return [
            .connection(.state, to: Register(0)),
            .mask(Register(0), by: mask, to: Register(0)),
            .compare(Register(0), isEqual: false, to: [0, 0, 0, 0]),
        ]
    }

    /// The packet is of IPv4, or of IPv6: what must be known before its header is read in a table for both.
    package static func version(isV4: Bool) -> Self {
        [
            .meta(.networkProtocol, to: Register(0)),
            .compare(Register(0), to: [UInt8(isV4 ? AF_INET : AF_INET6)]),
        ]
    }

    /// Loads an address of the packet, whose version is known.
    package static func load(_ address: Expression.AddressOf, isV4: Bool, to register: Register) -> Self {
        // The headers of RFC 791 and RFC 8200.
        let offset: UInt32 =
            switch (address, isV4) {
            case (.source, true): 12
            case (.destination, true): 16
            case (.source, false): 8
            case (.destination, false): 24
            }
        return [.payload(.network, offset: offset, length: isV4 ? 4 : 16, to: register)]
    }

    /// An address of the packet is in a network.
    package static func address(
        _ address: Expression.AddressOf,
        in network: IPPrefix,
        isEqual: Bool = true
    ) -> Self {
        let isV4 = network.address.isV4
        var steps = version(isV4: isV4) + load(address, isV4: isV4, to: Register(0))
        if network.length < network.address.bitCount {
            let mask = zip(network.first.bytes, network.last.bytes).map { ~($0 ^ $1) }
            steps.append(.mask(Register(0), by: mask, to: Register(0)))
        }
        return steps + [.compare(Register(0), isEqual: isEqual, to: network.first.bytes)]
    }

    /// An address of the packet is one of this machine.
    package static func isLocal(_ address: Expression.AddressOf) -> Self {
        let local = Swift.withUnsafeBytes(of: UInt32(RTN_LOCAL), Array<UInt8>.init)
        return [.addressType(address, to: Register(0)), .compare(Register(0), to: local)]
    }

    /// The packet's transport protocol, `IPPROTO_TCP` and its like.
    package static func transport(_ number: UInt8) -> Self {
        [.meta(.transportProtocol, to: Register(0)), .compare(Register(0), to: [number])]
    }

    /// Loads protocol and port of the destination into two registers, as the key of a set of both.
    package static func loadProtocolAndPort(to register: UInt8) -> Self {
        [
            .meta(.transportProtocol, to: Register(register)),
            .payload(.transport, offset: 2, length: 2, to: Register(register + 1)),
        ]
    }
}
