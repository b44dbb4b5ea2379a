// SPDX-License-Identifier: Apache-2.0

import Glibc
import Netlink
import NetlinkSupport
import TestSupport
import Testing

/// An interface as `ip -j -d address` shows it.
private struct ShownInterface: Decodable {
    struct Entry: Decodable {
        var family: String
        var local: String
        var prefixlen: Int
        var broadcast: String?
        var scope: String
        var nodad: Bool?
    }

    var addrInfo: [Entry]
}

/// A route as `ip -j route` shows it.
private struct ShownRoute: Decodable {
    var dst: String
    var gateway: String?
    var dev: String?
    var `protocol`: String?
    var scope: String?
    var metric: UInt32?
    var prefsrc: String?
}

@Suite struct `Addresses and routes` {
    private let network: TestNetwork
    private let bridge: UInt32

    init() throws {
        network = try TestNetwork()
        try network.route.send(.createLink(.bridge(), LinkSettings(name: "web", isUp: true)))
        bridge = try #require(try network.route.link(named: "web")).index
    }

    @Test func `addresses are added, listed and deleted`() throws {
        let four = InterfaceAddress(interface: bridge, prefix: try #require(IPPrefix("10.9.0.1/24")))
        let six = InterfaceAddress(interface: bridge, prefix: try #require(IPPrefix("fd00:9::1/64")), isTrusted: true)
        try network.route.send([.addAddress(four), .addAddress(six)])
        let shown: [ShownInterface] = try network.ip("address", "show", "web")
        let entries = try #require(shown.first).addrInfo
        let first = try #require(entries.first { $0.family == "inet" })
        #expect(first.local == "10.9.0.1")
        #expect(first.prefixlen == 24)
        #expect(first.broadcast == "10.9.0.255")
        #expect(first.scope == "global")
        let second = try #require(entries.first { $0.local == "fd00:9::1" })
        #expect(second.prefixlen == 64)
        #expect(second.nodad == true)
        let listed = try network.route.addresses()
        #expect(listed.contains(four))
        #expect(listed.contains(six))

        let twice = try #require(throws: NetlinkError.self) { try network.route.send(.addAddress(four)) }
        #expect(twice.number == EEXIST)
        #expect(twice.action == "add address 10.9.0.1/24 to interface \(bridge)")
        try network.route.send([.deleteAddress(four), .deleteAddress(six)])
        #expect(try !network.route.addresses().contains { [four.prefix, six.prefix].contains($0.prefix) })
    }

    @Test func `routes are added, listed and deleted`() throws {
        let prefixes = try ["10.9.0.1/24", "fd00:9::1/64"].map { try #require(IPPrefix($0)) }
        try network.route.send(
            prefixes.map { .addAddress(InterfaceAddress(interface: bridge, prefix: $0, isTrusted: true)) }
        )
        let gateway = try #require(IPAddress("10.9.0.254"))
        let routes = [
            Route.default(by: gateway, metric: 7),
            Route(to: try #require(IPPrefix("10.77.0.0/16")), interface: bridge, source: prefixes[0].address),
            Route(to: try #require(IPPrefix("10.78.3.0/24")), gateway: gateway),
            Route.default(by: try #require(IPAddress("fd00:9::ff"))),
            Route(to: try #require(IPPrefix("fd00:10::/48")), interface: bridge, metric: 5),
        ]
        try network.route.send(routes.map(Request.addRoute))
        let four: [ShownRoute] = try network.ip("route", "show")
        let six: [ShownRoute] = try network.ip("-6", "route", "show")
        let byDefault = try #require(four.first { $0.dst == "default" })
        #expect(byDefault.gateway == "10.9.0.254")
        #expect(byDefault.metric == 7)
        #expect(byDefault.protocol == "static")
        let onLink = try #require(four.first { $0.dst == "10.77.0.0/16" })
        #expect(onLink.scope == "link")
        #expect(onLink.dev == "web")
        #expect(onLink.prefsrc == "10.9.0.1")
        #expect(four.first { $0.dst == "10.78.3.0/24" }?.gateway == "10.9.0.254")
        #expect(six.first { $0.dst == "default" }?.gateway == "fd00:9::ff")
        #expect(six.first { $0.dst == "fd00:10::/48" }?.metric == 5)

        let listed = try network.route.routes()
        for route in routes {
            let same = listed.filter { $0.destination == route.destination && $0.gateway == route.gateway }
            #expect(same.count == 1, "\(route.destination)")
            #expect(same.first?.interface == bridge)
        }
        // The kernel's own: what is directly there, and the addresses of this machine in their table.
        #expect(listed.contains { $0.destination == prefixes[0].network && $0.source == prefixes[0].address })
        #expect(listed.contains { $0.destination == IPPrefix(prefixes[0].address) && $0.table == 255 })

        try network.route.send(routes.map(Request.deleteRoute))
        let left = try network.route.routes()
        for route in routes { #expect(!left.contains { $0.destination == route.destination }) }
    }

    @Test func `a route to nowhere is refused with the kernel's words`() throws {
        let gateway = try #require(IPAddress("10.200.0.1"))
        let error = try #require(throws: NetlinkError.self) {
            try network.route.send(.addRoute(.default(by: gateway)))
        }
        #expect(error.number == ENETUNREACH)
        #expect(error.kernelText == "Nexthop has invalid gateway")
        #expect(
            error.description
                == "cannot add the route to 0.0.0.0/0: network is unreachable (Nexthop has invalid gateway)"
        )
    }

    @Test func `a route beyond the tables of one byte is found by its table`() throws {
        var route = Route(to: try #require(IPPrefix("10.80.0.0/16")), interface: bridge)
        route.table = 1000
        try network.route.send(.addRoute(route))
        let shown: [ShownRoute] = try network.ip("route", "show", "table", "1000")
        #expect(shown.map(\.dst) == ["10.80.0.0/16"])
        #expect(try network.route.routes().contains { $0.table == 1000 && $0.destination == route.destination })
    }

    @Test func `hundreds of requests are done and listed`() throws {
        let prefixes = (0..<300).compactMap { IPPrefix("10.\($0 / 100).\($0 % 100).1/24") }
        let addresses = prefixes.map { InterfaceAddress(interface: bridge, prefix: $0) }
        try network.route.send(addresses.map(Request.addAddress))
        #expect(Set(try network.route.addresses().map(\.prefix)).isSuperset(of: prefixes))
        try network.route.send(addresses.map(Request.deleteAddress))
        #expect(Set(try network.route.addresses().map(\.prefix)).isDisjoint(with: prefixes))
    }
}
