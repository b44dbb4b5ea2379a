// SPDX-License-Identifier: Apache-2.0

import Glibc
import Netlink
import NetlinkSupport
import TestSupport
import Testing

/// A set or map as `nft -j list ruleset` shows it.
private struct ShownSet: Decodable {
    /// A key, or a key with what it leads to, as text.
    enum Element: Decodable {
        case text(String)
        case number(Int)
        case list([Element])
        case object([String: Element])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let number = try? container.decode(Int.self) {
                self = .number(number)
            } else if let list = try? container.decode([Element].self) {
                self = .list(list)
            } else if container.decodeNil() {
                self = .text("null")
            } else {
                self = .object(try container.decode([String: Element].self))
            }
        }

        var description: String {
            switch self {
            case .text(let text): text
            case .number(let number): "\(number)"
            case .list(let list): list.map(\.description).joined(separator: " ")
            case .object(let object): object.map { "\($0.key)(\($0.value.description))" }.joined(separator: " ")
            }
        }
    }

    var name: String
    var type: Element
    var map: Element?
    var flags: [String]?
    var elem: [Element]?

    var elements: Set<String> { Set((elem ?? []).map(\.description)) }
}

@Suite struct `Sets and maps` {
    private let network: TestNetwork
    private let table = Table(.inet, "wharf")

    init() throws {
        network = try TestNetwork()
        try network.netfilter.commit([.addTable(table)])
    }

    private func address(_ text: String) throws -> DataValue {
        .address(try #require(IPAddress(text)))
    }

    private func prefix(_ text: String) throws -> IPPrefix {
        try #require(IPPrefix(text))
    }

    private func shown(_ kind: String = "set") throws -> ShownSet {
        let sets: [ShownSet] = try network.nftObjects(kind)
        return try #require(sets.first)
    }

    @Test func `elements of every type are added, listed and deleted`() throws {
        let mac = HardwareAddress([2, 0x42, 10, 0, 0, 1])
        let examples: [(DataType, DataValue, String)] = [
            (.ipv4Address, try address("10.9.0.2"), "10.9.0.2"),
            (.ipv6Address, try address("fd00::2"), "fd00::2"),
            (.ethernetAddress, .ethernetAddress(mac), "02:42:0a:00:00:01"),
            (.protocolNumber, .protocolNumber(6), "tcp"),
            (.port, .port(8080), "8080"),
            (.mark, .mark(0x1234), "4660"),
            (.interfaceName, .interfaceName("web"), "web"),
        ]
        for (type, value, text) in examples {
            let set = NamedSet(table, "examples", key: [type])
            let element = SetElement([value])
            try network.netfilter.commit([.addSet(set)] + Request.addElements([element], to: set))
            let elements = try shown().elements
            #expect(elements == [text])
            #expect(try network.netfilter.elements(of: set).map(\.key) == [value.bytes])
            try network.netfilter.commit(Request.deleteElements([element], of: set))
            #expect(try network.netfilter.elements(of: set).isEmpty)
            try network.netfilter.commit([.deleteSet(set)])
        }
        #expect(try network.netfilter.setNames(of: table).isEmpty)
    }

    @Test func `a map leads from port to endpoint`() throws {
        let ports = NamedSet(table, "ports", key: [.protocolNumber, .port], to: .values([.ipv4Address, .port]))
        let elements = [
            SetElement([.protocolNumber(6), .port(8080)], to: .values([try address("10.9.0.2"), .port(80)])),
            SetElement([.protocolNumber(17), .port(53)], to: .values([try address("10.9.0.3"), .port(5353)])),
        ]
        try network.netfilter.commit([.addSet(ports)] + Request.addElements(elements, to: ports))
        let map = try shown("map")
        #expect(map.type.description == "inet_proto inet_service")
        #expect(map.map?.description == "ipv4_addr . inet_service")
        #expect(
            map.elements == [
                "concat(tcp 8080) concat(10.9.0.2 80)",
                "concat(udp 53) concat(10.9.0.3 5353)",
            ]
        )
        let stored = try network.netfilter.elements(of: ports)
        #expect(Set(stored.map(\.values)) == [[10, 9, 0, 2, 0, 80, 0, 0], [10, 9, 0, 3, 0x14, 0xe9, 0, 0]])
        // To the same place again is no error; elsewhere is one, and nothing of its batch stays.
        try network.netfilter.commit(Request.addElements(elements, to: ports))
        let other = SetElement(elements[0].key, to: .values([try address("10.9.0.9"), .port(80)]))
        let error = try #require(throws: NetlinkError.self) {
            try network.netfilter.commit(Request.addElements([other], to: ports))
        }
        #expect(error.number == EEXIST)
        #expect(error.action == "add elements to set ports of table inet wharf")
        try network.netfilter.commit([.flushSet(ports)])
        #expect(try network.netfilter.elements(of: ports).isEmpty)
    }

    @Test func `a map leads from interface to verdict`() throws {
        let map = NamedSet(table, "interfaces", key: [.interfaceName], to: .verdicts)
        let verdicts: [NetfilterVerdict] = [.accept, .drop, .back, .next, .jump("in_web"), .goto("in_web")]
        let elements = verdicts.enumerated().map { index, verdict in
            SetElement([.interfaceName("web\(index)")], to: .verdict(verdict))
        }
        try network.netfilter.commit(
            [.addChain(Chain(table, "in_web")), .addSet(map)] + Request.addElements(elements, to: map)
        )
        let shownElements = try shown("map").elements
        #expect(
            shownElements == [
                "web0 accept(null)", "web1 drop(null)", "web2 return(null)", "web3 continue(null)",
                "web4 jump(target(in_web))", "web5 goto(target(in_web))",
            ]
        )
        let stored = try network.netfilter.elements(of: map).sorted { $0.key.lexicographicallyPrecedes($1.key) }
        #expect(stored.map(\.verdict) == verdicts)
    }

    @Test func `an element may stand for a range`() throws {
        let networks = NamedSet(table, "networks", key: [.ipv4Address], isInterval: true)
        let ports = NamedSet(table, "ports", key: [.port], to: .verdicts, isInterval: true)
        let networkElements = [
            SetElement(try prefix("10.9.0.0/16")), SetElement([try address("192.168.0.1")]),
            SetElement([try address("172.16.0.5")], through: [try address("172.16.0.9")]),
        ]
        let portElements = [
            SetElement([.port(1000)], through: [.port(1999)], to: .verdict(.accept)),
            SetElement([.port(2000)], through: [.port(2000)], to: .verdict(.drop)),
            SetElement([.port(60_000)], through: [.port(65_535)], to: .verdict(.accept)),
        ]
        try network.netfilter.commit(
            [.addSet(networks, id: 1), .addSet(ports, id: 2)] + Request.addElements(networkElements, to: networks)
                + Request.addElements(portElements, to: ports)
        )
        let shownNetworks = try shown().elements.map { text in
            // The members of a JSON object have no order.
            text.hasPrefix("prefix") ? "prefix" : text
        }
        #expect(Set(shownNetworks) == ["prefix", "192.168.0.1", "range(172.16.0.5 172.16.0.9)"])
        let text = try network.nft("set", "inet", "wharf", "networks").joined(separator: " ")
        #expect(text.contains("{ 10.9.0.0/16, 172.16.0.5-172.16.0.9, 192.168.0.1 }") || text.contains("10.9.0.0/16"))
        #expect(
            try shown("map").elements == [
                "range(1000 1999) accept(null)", "2000 drop(null)", "range(60000 65535) accept(null)",
            ]
        )
        let ends = try network.netfilter.elements(of: ports).filter(\.isEnd)
        #expect(ends.allSatisfy { $0.verdict == nil })
        try network.netfilter.commit(
            Request.deleteElements([portElements[0], portElements[2]], of: ports)
                + Request.deleteElements([networkElements[0]], of: networks)
        )
        #expect(try shown("map").elements == ["2000 drop(null)"])
        #expect(try shown().elements == ["192.168.0.1", "range(172.16.0.5 172.16.0.9)"])
    }

    @Test func `a part of a concatenated key may be a range`() throws {
        let map = NamedSet(
            table,
            "ranges",
            key: [.ipv4Address, .protocolNumber, .port],
            to: .values([.ipv4Address]),
            isInterval: true
        )
        let zero = try address("0.0.0.0")
        let elements = [
            SetElement(
                [zero, .protocolNumber(6), .port(8000)],
                through: [try address("255.255.255.255"), .protocolNumber(6), .port(8999)],
                to: .values([try address("10.9.0.2")])
            ),
            SetElement([try address("10.0.0.1"), .protocolNumber(17), .port(53)], to: .values([zero])),
        ]
        try network.netfilter.commit([.addSet(map)] + Request.addElements(elements, to: map))
        let text = try network.nft("map", "inet", "wharf", "ranges").joined(separator: " ")
        #expect(text.contains("0.0.0.0/0 . 6 . 8000-8999 : 10.9.0.2"))
        #expect(text.contains("10.0.0.1 . 17 . 53 : 0.0.0.0"))
        let stored = try network.netfilter.elements(of: map)
        #expect(stored.contains { $0.last == [255, 255, 255, 255, 6, 0, 0, 0, 0x23, 0x27, 0, 0] })
        try network.netfilter.commit(Request.deleteElements(elements, of: map))
        #expect(try network.netfilter.elements(of: map).isEmpty)
    }

    @Test func `thousands of elements go in one batch`() throws {
        let ports = NamedSet(table, "ports", key: [.protocolNumber, .port], to: .values([.ipv4Address, .port]))
        let endpoint = try address("10.9.0.2")
        let elements = (1...10_000).map { port in
            SetElement([.protocolNumber(6), .port(UInt16(port))], to: .values([endpoint, .port(UInt16(port))]))
        }
        let requests = Request.addElements(elements, to: ports)
        #expect(requests.count > 1)
        try network.netfilter.commit([.addSet(ports)] + requests)
        #expect(Set(try network.netfilter.elements(of: ports).map(\.key)).count == 10_000)
        try network.netfilter.commit(Request.deleteElements(elements, of: ports))
        #expect(try network.netfilter.elements(of: ports).isEmpty)
    }

    @Test func `a name too long for an interface is refused and not cut`() throws {
        let set = NamedSet(table, "interfaces", key: [.interfaceName])
        try network.netfilter.commit([.addSet(set)])
        let error = try #require(throws: NetlinkError.self) {
            let element = SetElement([.interfaceName(String(repeating: "x", count: 17))])
            try network.netfilter.commit(Request.addElements([element], to: set))
        }
        #expect(error.number == EINVAL)
        #expect(try network.netfilter.elements(of: set).isEmpty)
    }
}
