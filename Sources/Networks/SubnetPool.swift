// SPDX-License-Identifier: Apache-2.0

package import Netlink

/// Address ranges that subnets of networks are cut from.
package struct SubnetPool: Equatable, Sendable {
    /// A range and the size of what is cut from it.
    package struct Section: Equatable, Sendable {
        package let base: IPPrefix
        /// The length of the prefix of each subnet.
        package let length: UInt8

        /// A range; nil where its subnets would be larger than itself or have too many bits.
        package init?(_ base: IPPrefix, length: UInt8) {
            guard length >= base.length, length <= base.address.bitCount else { return nil }
            self.base = base.network
            self.length = length
        }

        /// The first subnet that overlaps nothing of a list.
        func firstFree(avoiding taken: [IPPrefix]) -> IPPrefix? {
            let obstacles = taken.filter(base.overlaps).map { (first: $0.first.number, last: $0.last.number) }
            // Shifted by 128 it is 0, and one less all bits: the whole of IPv6.
            let mask = (UInt128(1) << UInt128(base.address.bitCount - length)) &- 1
            var start = base.first.number
            for obstacle in obstacles.sorted(by: { $0.first < $1.first }) where obstacle.last >= start {
                // All the others are further on.
                if obstacle.first > start | mask { break }
                // On behind the last subnet that the obstacle touches.
                let end = obstacle.last | mask
                if end >= base.last.number { return nil }
                start = end + 1
            }
            return IPPrefix(IPAddress(start, like: base.address), length: length)
        }
    }

    package var sections: [Section]

    package init(_ sections: [Section]) {
        self.sections = sections
    }

    /// Reads `172.16.0.0/12=24,10.200.0.0/16=26`: ranges, each with the length of the prefixes of its subnets.
    ///
    /// - Parameter text: The text.
    /// - Throws: What of it is no range.
    package init(_ text: String) throws(AddressError) {
        sections = []
        for part in text.split(separator: ",") {
            let words = part.split(separator: "=", omittingEmptySubsequences: false)
            guard words.count == 2, let base = IPPrefix(String(words[0])), let length = UInt8(words[1]),
                let section = Section(base, length: length)
            else {
                throw AddressError(
                    .invalid,
                    "use the address range `\(part.prefix(64))`",
                    reason:
                        "it is not of the form 172.16.0.0/12=24: a range, and the length of the prefixes of its subnets"
                )
            }
            sections.append(section)
        }
    }

    /// The ranges of RFC 1918 that Docker uses too, in pieces of 254 addresses: 4352 networks instead of Docker's 31.
    ///
    /// The range 10.0.0.0/8 is left to the networks of companies.
    package static let standard = SubnetPool(
        [("172.16.0.0/12", 24), ("192.168.0.0/16", 24)].compactMap { base, length in
            IPPrefix(base).flatMap { Section($0, length: length) }
        }
    )

    /// The 65536 IPv6 subnets of one site (RFC 4193, section 3).
    ///
    /// - Parameter identifier: The random number of the site, of which the low 40 bits count.
    /// - Returns: The subnets.
    package static func uniqueLocal(_ identifier: UInt64) -> SubnetPool {
        let number: UInt128 = 0xfd << 120 | UInt128(identifier & 0xff_ffff_ffff) << 80
        let section = IPPrefix(.v6(number), length: 48).flatMap { Section($0, length: 64) }
        return SubnetPool(section.map { [$0] } ?? [])
    }

    /// Chooses the first subnet that is free.
    ///
    /// - Parameter taken: What the machine reaches already, and the subnets of all networks.
    /// - Returns: The subnet.
    /// - Throws: Where every subnet overlaps something.
    package func subnet(avoiding taken: [IPPrefix]) throws(AddressError) -> IPPrefix {
        for section in sections {
            if let subnet = section.firstFree(avoiding: taken) { return subnet }
        }
        let ranges = sections.map { "\($0.base) in pieces of /\($0.length)" }.joined(separator: ", ")
        throw AddressError(
            .exhausted,
            "choose a subnet",
            reason: "all of \(ranges.isEmpty ? "no range" : ranges) is taken by routes, addresses and networks; "
                + "remove networks that nobody uses, or name a subnet"
        )
    }
}

/// What a machine reaches already.
package enum ReachedPrefixes {
    /// Where routes and addresses lead.
    ///
    /// A route that covers more than a 256th of all addresses is a way to the world and not a network: a VPN that takes
    /// everything over has two routes for half of it each.
    ///
    /// - Parameters:
    ///   - routes: The routes of all tables.
    ///   - addresses: The addresses of all interfaces.
    /// - Returns: What new subnets must not overlap.
    package static func of(routes: [Route], addresses: [InterfaceAddress]) -> [IPPrefix] {
        let destinations = routes.map(\.destination).filter { $0.length >= 8 }
        return destinations + addresses.map(\.prefix.network)
    }

    /// Where the routes and addresses of a network namespace lead.
    ///
    /// - Parameter socket: A socket to rtnetlink in it.
    /// - Returns: What new subnets must not overlap.
    /// - Throws: Where the kernel does not tell.
    package static func of(_ socket: NetlinkSocket) throws(NetlinkError) -> [IPPrefix] {
        of(routes: try socket.routes(), addresses: try socket.addresses())
    }
}
