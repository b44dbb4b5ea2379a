// SPDX-License-Identifier: Apache-2.0

import Netlink
import NetlinkSupport
import Networks
import Testing

@Suite struct `Subnets` {
    private func prefixes(_ texts: [String]) throws -> [IPPrefix] {
        try texts.map { try #require(IPPrefix($0)) }
    }

    @Test(
        arguments: [
            ([], "172.16.0.0/24"),
            (["172.16.0.0/24"], "172.16.1.0/24"),
            (["172.16.0.7/32", "172.16.1.0/25"], "172.16.2.0/24"),
            (["172.16.0.0/16"], "172.17.0.0/24"),
            (["172.16.0.0/12"], "192.168.0.0/24"),
            (["172.0.0.0/8", "192.168.0.0/23", "192.168.3.0/30"], "192.168.2.0/24"),
            (["172.16.2.0/24", "172.16.0.0/23"], "172.16.3.0/24"),
            (["172.16.1.0/24"], "172.16.0.0/24"),
            (["10.0.0.0/8", "fd00::/8", "::/0"], "172.16.0.0/24"),
        ] as [([String], String)]
    )
    func `the first that overlaps nothing is chosen`(taken: [String], expected: String) throws {
        #expect(try SubnetPool.standard.subnet(avoiding: prefixes(taken)).description == expected)
    }

    @Test func `thousands of networks fit, none of which overlaps another`() throws {
        var taken: [IPPrefix] = []
        for _ in 0..<600 { taken.append(try SubnetPool.standard.subnet(avoiding: taken)) }
        for (index, subnet) in taken.enumerated() {
            #expect(!taken[..<index].contains(where: subnet.overlaps))
        }
        #expect(taken.last?.description == "172.18.87.0/24")
    }

    @Test func `a range that is used up is an error that says what to do`() throws {
        let base = try #require(IPPrefix("255.255.255.0/24"))
        let pool = SubnetPool([try #require(SubnetPool.Section(base, length: 26))])
        var taken: [IPPrefix] = []
        for _ in 0..<4 { taken.append(try pool.subnet(avoiding: taken)) }
        #expect(taken.map(\.description) == [0, 64, 128, 192].map { "255.255.255.\($0)/26" })
        let error = try #require(throws: AddressError.self) { try pool.subnet(avoiding: taken) }
        #expect(error.code == .exhausted)
        #expect(
            error.description == "cannot choose a subnet: all of 255.255.255.0/24 in pieces of /26 is taken by routes, "
                + "addresses and networks; remove networks that nobody uses, or name a subnet"
        )
        #expect(throws: AddressError.self) { try SubnetPool([]).subnet(avoiding: []) }
    }

    @Test func `every size of range and piece works`() throws {
        for text in ["0.0.0.0/0", "255.255.255.255/32", "::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"] {
            let base = try #require(IPPrefix(text))
            for length in base.length...base.address.bitCount {
                let pool = SubnetPool([try #require(SubnetPool.Section(base, length: length))])
                let subnet = try pool.subnet(avoiding: [])
                #expect(subnet.first == base.first)
                #expect(subnet.length == length)
                #expect(throws: AddressError.self) { try pool.subnet(avoiding: [base]) }
                // The search goes to the very end of all addresses, and not beyond.
                let next = try? pool.subnet(avoiding: [subnet])
                #expect((next == nil) == (length == base.length))
                let atStart = try? pool.subnet(avoiding: [IPPrefix(base.last)])
                #expect(atStart == (length == base.length ? nil : subnet))
            }
            #expect(SubnetPool.Section(base, length: 129) == nil)
        }
        #expect(SubnetPool.Section(try #require(IPPrefix("10.0.0.0/8")), length: 7) == nil)
    }

    @Test func `a choice is the one that a search through all subnets makes`() throws {
        let base = try #require(IPPrefix("255.255.0.0/16"))
        var number: UInt64 = 2026
        func random(_ bound: UInt64) -> UInt64 {
            number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (number >> 33) % bound
        }
        for _ in 0..<200 {
            let length = UInt8(16 + random(9))
            let pool = SubnetPool([try #require(SubnetPool.Section(base, length: length))])
            let taken = (0..<random(40)).compactMap { _ in
                IPPrefix(.v4(0xffff_0000 | UInt32(random(0x1_0000))), length: UInt8(17 + random(16)))
            }
            let all = (UInt32(0)..<1 << UInt32(length - 16)).compactMap {
                IPPrefix(.v4(0xffff_0000 | $0 << UInt32(32 - length)), length: length)
            }
            let expected = all.first { !taken.contains(where: $0.overlaps) }
            #expect((try? pool.subnet(avoiding: taken)) == expected)
        }
    }

    @Test func `a site has subnets of IPv6 of its own`() throws {
        let pool = SubnetPool.uniqueLocal(0xffff_ff12_3456_789a)
        let first = try pool.subnet(avoiding: [])
        #expect(first.description == "fd12:3456:789a::/64")
        #expect(try pool.subnet(avoiding: [first]).description == "fd12:3456:789a:1::/64")
    }

    @Test func `what the machine reaches is avoided`() throws {
        let network = try TestNetwork()
        try network.route.send([
            .createLink(.bridge(), LinkSettings(name: "web", isUp: true)),
            .createLink(.bridge(), LinkSettings(name: "other", isUp: true)),
        ])
        let web = try #require(try network.route.link(named: "web")).index
        let other = try #require(try network.route.link(named: "other")).index
        try network.route.send([
            .addAddress(InterfaceAddress(interface: web, prefix: try #require(IPPrefix("172.16.0.1/24")))),
            .addRoute(Route(to: try #require(IPPrefix("172.16.1.0/25")), interface: other)),
            .addRoute(Route(to: try #require(IPPrefix("172.16.2.77/32")), interface: other)),
            // A VPN for everything.
            .addRoute(Route(to: try #require(IPPrefix("0.0.0.0/1")), interface: other)),
            .addRoute(Route(to: try #require(IPPrefix("128.0.0.0/1")), interface: other)),
            .addRoute(.default(by: try #require(IPAddress("172.16.0.2")))),
        ])
        let reached = try ReachedPrefixes.of(network.route)
        #expect(try SubnetPool.standard.subnet(avoiding: reached).description == "172.16.3.0/24")
    }
}
