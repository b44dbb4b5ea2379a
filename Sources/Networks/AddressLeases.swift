// SPDX-License-Identifier: Apache-2.0

package import Netlink

/// The addresses of one subnet and which of them are in use.
package struct AddressLeases: Equatable, Sendable {
    package let subnet: IPPrefix
    /// Where addresses that nobody asked for by name come from.
    package let range: IPPrefix
    package let gateway: IPAddress
    /// The addresses in use, with those that never go to a container.
    package private(set) var taken: Set<IPAddress>
    private let reserved: Set<IPAddress>
    /// The address that was last chosen: one that was given back rests while there are others, for peers and tracked
    /// connections still know its last holder.
    private var previous: IPAddress?

    /// The addresses of a subnet.
    ///
    /// - Parameters:
    ///   - subnet: The subnet, with no bit set behind its prefix.
    ///   - range: The part that addresses are chosen from; nil is all of it.
    ///   - gateway: The address of the bridge; nil is the first that is free.
    ///   - auxiliary: Addresses of others in the subnet, by name.
    /// - Throws: Where something is outside of the subnet or is there twice.
    package init(
        subnet: IPPrefix,
        range: IPPrefix? = nil,
        gateway: IPAddress? = nil,
        auxiliary: [String: IPAddress] = [:]
    ) throws(AddressError) {
        if subnet.network != subnet {
            throw AddressError(
                .invalid,
                "use subnet \(subnet)",
                reason: "it is an address in a network; the network itself is \(subnet.network)"
            )
        }
        let range = range?.network ?? subnet
        if range.length < subnet.length || !subnet.contains(range.address) {
            throw AddressError(.invalid, "use range \(range)", reason: "it is not within the subnet \(subnet)")
        }
        self.subnet = subnet
        self.range = range
        var taken = Self.unusable(in: subnet)
        for (name, address) in auxiliary.sorted(by: { $0.key < $1.key }) {
            try Self.take(address, of: subnet, from: &taken, "use \(address) as auxiliary address \(name)")
        }
        if let gateway {
            try Self.take(gateway, of: subnet, from: &taken, "use \(gateway) as gateway")
            self.gateway = gateway
        } else {
            let first = Self.firstFree(from: subnet.first.number, through: subnet.last.number, subnet, taken)
            guard let first else {
                throw AddressError(
                    .exhausted,
                    "choose a gateway",
                    reason: "the subnet \(subnet) has no address left; it needs to be larger"
                )
            }
            taken.insert(first)
            self.gateway = first
        }
        self.taken = taken
        reserved = taken
    }

    /// The addresses that stand for the network and for all of it: RFC 919, RFC 3021 and RFC 4291, section 2.6.1.
    private static func unusable(in subnet: IPPrefix) -> Set<IPAddress> {
        let hostBits = subnet.address.bitCount - subnet.length
        if hostBits < 2 { return [] }
        return subnet.address.isV4 ? [subnet.first, subnet.last] : [subnet.first]
    }

    private static func take(
        _ address: IPAddress,
        of subnet: IPPrefix,
        from taken: inout Set<IPAddress>,
        _ action: @autoclosure () -> String
    ) throws(AddressError) {
        if !subnet.contains(address) {
            throw AddressError(.invalid, action(), reason: "it is not within the subnet \(subnet)")
        }
        if unusable(in: subnet).contains(address) {
            throw AddressError(.invalid, action(), reason: "it stands for all of the subnet \(subnet)")
        }
        if !taken.insert(address).inserted {
            throw AddressError(.taken, action(), reason: "it is in use already; choose another one")
        }
    }

    private static func firstFree(
        from first: UInt128,
        through last: UInt128,
        _ subnet: IPPrefix,
        _ taken: Set<IPAddress>
    ) -> IPAddress? {
        var number = first
        // At most as many steps as addresses are taken.
        while number <= last {
            let address = IPAddress(number, like: subnet.address)
            if !taken.contains(address) { return address }
            if number == last { return nil }
            number += 1
        }
        return nil
    }

    /// Chooses an address of the range.
    ///
    /// - Parameter former: Addresses that whoever asks had before.
    /// - Returns: One of those that is free; otherwise the next free one behind that which was chosen last, from the start
    ///   again at the end.
    /// - Throws: Where none is left.
    package mutating func lease(preferring former: [IPAddress] = []) throws(AddressError) -> IPAddress {
        if let again = former.first(where: { range.contains($0) && !taken.contains($0) }) {
            taken.insert(again)
            return again
        }
        let (first, last) = (range.first.number, range.last.number)
        let start = previous.map { $0.number < last ? $0.number + 1 : first } ?? first
        let chosen =
            Self.firstFree(from: start, through: last, subnet, taken)
            ?? Self.firstFree(from: first, through: last, subnet, taken)
        guard let chosen else {
            throw AddressError(
                .exhausted,
                "choose an address",
                reason: "all addresses of \(range) are in use; remove containers, or give the network a larger subnet"
            )
        }
        taken.insert(chosen)
        previous = chosen
        return chosen
    }

    /// Takes an address of the subnet that was asked for.
    ///
    /// - Parameter address: The address, in the range or not.
    /// - Throws: Where it is outside of the subnet, stands for all of it, or is in use.
    package mutating func lease(_ address: IPAddress) throws(AddressError) {
        try Self.take(address, of: subnet, from: &taken, "use address \(address)")
    }

    /// Gives an address back; that of the gateway and the auxiliary ones stay.
    package mutating func release(_ address: IPAddress) {
        if !reserved.contains(address) { taken.remove(address) }
    }
}

extension HardwareAddress {
    /// The hardware address that goes with an internet address.
    ///
    /// Whoever gets an address that somebody had before has the same hardware address too, so that nobody's cache of
    /// neighbours is wrong. It is Docker's: 02:42 marks it as given by software.
    package init(for address: IPAddress) {
        self.init([0x02, 0x42] + address.bytes.suffix(4))
    }
}
