// SPDX-License-Identifier: Apache-2.0

import Netlink
import Networks
import Testing

@Suite struct `Addresses of a subnet` {
    private func prefix(_ text: String) throws -> IPPrefix {
        try #require(IPPrefix(text))
    }

    private func address(_ text: String) throws -> IPAddress {
        try #require(IPAddress(text))
    }

    /// So many addresses, one after the other.
    private func lease(_ count: Int, of leases: inout AddressLeases) throws -> [String] {
        var texts: [String] = []
        for _ in 0..<count { texts.append(try leases.lease().description) }
        return texts
    }

    @Test func `the gateway is the first, and containers follow`() throws {
        var four = try AddressLeases(subnet: prefix("10.9.0.0/24"))
        #expect(four.gateway.description == "10.9.0.1")
        #expect(try lease(3, of: &four) == ["10.9.0.2", "10.9.0.3", "10.9.0.4"])
        var six = try AddressLeases(subnet: prefix("fd00:9::/64"))
        #expect(six.gateway.description == "fd00:9::1")
        #expect(try lease(2, of: &six) == ["fd00:9::2", "fd00:9::3"])
    }

    @Test func `what was named is left out`() throws {
        var leases = try AddressLeases(
            subnet: prefix("10.9.0.0/24"),
            gateway: address("10.9.0.4"),
            auxiliary: ["router": address("10.9.0.1"), "printer": address("10.9.0.3")]
        )
        try leases.lease(address("10.9.0.6"))
        #expect(try lease(3, of: &leases) == ["10.9.0.2", "10.9.0.5", "10.9.0.7"])
    }

    @Test func `a range is where addresses come from, but not all that may be named`() throws {
        var leases = try AddressLeases(subnet: prefix("10.9.0.0/16"), range: prefix("10.9.5.0/30"))
        #expect(leases.gateway.description == "10.9.0.1")
        #expect(try lease(4, of: &leases) == ["10.9.5.0", "10.9.5.1", "10.9.5.2", "10.9.5.3"])
        let error = try #require(throws: AddressError.self) { try leases.lease() }
        #expect(error.code == .exhausted)
        #expect(error.description.hasPrefix("cannot choose an address: all addresses of 10.9.5.0/30 are in use;"))
        try leases.lease(address("10.9.77.1"))
    }

    @Test func `an address that was given back rests while there are others`() throws {
        var leases = try AddressLeases(subnet: prefix("10.9.0.0/29"))
        #expect(try lease(2, of: &leases) == ["10.9.0.2", "10.9.0.3"])
        leases.release(try address("10.9.0.2"))
        #expect(try lease(4, of: &leases) == ["10.9.0.4", "10.9.0.5", "10.9.0.6", "10.9.0.2"])
        #expect(throws: AddressError.self) { try leases.lease() }
        leases.release(leases.gateway)
        leases.release(try address("10.9.0.0"))
        leases.release(try address("10.9.0.7"))
        #expect(throws: AddressError.self) { try leases.lease() }
        leases.release(try address("10.9.0.4"))
        #expect(try lease(1, of: &leases) == ["10.9.0.4"])
    }

    @Test func `who had one before has it again where it is free`() throws {
        var leases = try AddressLeases(subnet: prefix("10.9.0.0/24"))
        let first = try leases.lease()
        leases.release(first)
        #expect(try leases.lease(preferring: [address("fd00::9"), first]) == first)
        // Somebody has it.
        #expect(try leases.lease(preferring: [first]) == address("10.9.0.3"))
        // They are no container's.
        for text in ["10.9.0.0", "10.9.0.1", "10.9.0.255", "10.8.0.9"] {
            #expect(try leases.lease(preferring: [address(text)]).description != text)
        }
    }

    @Test(
        arguments: [
            ("10.9.0.0/30", 1), ("10.9.0.0/31", 1), ("255.255.255.252/30", 1), ("fd00::/127", 1), ("fd00::/126", 2),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff8/125", 6),
        ]
    )
    func `a small subnet has few addresses`(subnet: String, count: Int) throws {
        var leases = try AddressLeases(subnet: prefix(subnet))
        #expect(Set(try lease(count, of: &leases)).count == count)
        #expect(throws: AddressError.self) { try leases.lease() }
    }

    @Test func `an address in use, or for all, or of another subnet is refused`() throws {
        var leases = try AddressLeases(subnet: prefix("10.9.0.0/24"))
        try leases.lease(address("10.9.0.9"))
        let cases = [
            ("10.9.0.9", AddressError.Code.taken, "it is in use already; choose another one"),
            ("10.9.0.1", .taken, "it is in use already; choose another one"),
            ("10.9.0.0", .invalid, "it stands for all of the subnet 10.9.0.0/24"),
            ("10.9.0.255", .invalid, "it stands for all of the subnet 10.9.0.0/24"),
            ("10.9.1.0", .invalid, "it is not within the subnet 10.9.0.0/24"),
            ("fd00::1", .invalid, "it is not within the subnet 10.9.0.0/24"),
        ]
        for (text, code, reason) in cases {
            let error = try #require(throws: AddressError.self) { try leases.lease(address(text)) }
            #expect(error == AddressError(code, "use address \(text)", reason: reason))
        }
    }

    @Test func `settings that contradict each other are refused`() throws {
        let subnet = try prefix("10.9.0.0/24")
        let one = try address("10.9.0.1")
        let attempts: [(() throws -> AddressLeases, String)] = [
            (
                { try AddressLeases(subnet: prefix("10.9.0.5/24")) },
                "cannot use subnet 10.9.0.5/24: it is an address in a network; the network itself is 10.9.0.0/24"
            ),
            (
                { try AddressLeases(subnet: subnet, range: prefix("10.9.1.0/25")) },
                "cannot use range 10.9.1.0/25: it is not within the subnet 10.9.0.0/24"
            ),
            (
                { try AddressLeases(subnet: subnet, range: prefix("10.8.0.0/15")) },
                "cannot use range 10.8.0.0/15: it is not within the subnet 10.9.0.0/24"
            ),
            (
                { try AddressLeases(subnet: subnet, gateway: address("10.8.0.1")) },
                "cannot use 10.8.0.1 as gateway: it is not within the subnet 10.9.0.0/24"
            ),
            (
                { try AddressLeases(subnet: subnet, gateway: one, auxiliary: ["a": one]) },
                "cannot use 10.9.0.1 as gateway: it is in use already; choose another one"
            ),
            (
                { try AddressLeases(subnet: subnet, auxiliary: ["a": one, "b": one]) },
                "cannot use 10.9.0.1 as auxiliary address b: it is in use already; choose another one"
            ),
            (
                { try AddressLeases(subnet: prefix("10.9.0.1/32"), auxiliary: ["a": one]) },
                "cannot choose a gateway: the subnet 10.9.0.1/32 has no address left; it needs to be larger"
            ),
        ]
        for (attempt, text) in attempts {
            let error = try #require(throws: AddressError.self) { try attempt() }
            #expect(error.description == text)
        }
    }

    @Test func `a hardware address follows from the address`() throws {
        #expect(HardwareAddress(for: try address("10.9.0.2")).description == "02:42:0a:09:00:02")
        #expect(HardwareAddress(for: try address("fd00::1:2")).description == "02:42:00:01:00:02")
    }
}
