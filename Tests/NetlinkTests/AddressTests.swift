// SPDX-License-Identifier: Apache-2.0

import Netlink
import Testing

@Suite struct `Internet addresses` {
    @Test(arguments: ["0.0.0.0", "10.9.0.1", "255.255.255.255", "::", "::1", "fd00:9::1", "2001:db8::ff00:42:8329"])
    func `a text is read and written`(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == text)
        #expect(IPAddress(bytes: address.bytes) == address)
        #expect(IPAddress(address.number, like: address) == address)
        #expect(address.bytes.count * 8 == Int(address.bitCount))
    }

    @Test(arguments: ["", "10.9.0", "10.9.0.256", "10.9.0.1/24", "fd00:::", "web"])
    func `another text is no address`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `only four and sixteen bytes are an address`() {
        for count in 0..<40 where count != 4 && count != 16 {
            #expect(IPAddress(bytes: [UInt8](repeating: 1, count: count)) == nil)
        }
    }

    @Test(
        arguments: [
            ("10.9.3.7/20", "10.9.0.0", "10.9.15.255"),
            ("10.9.3.7/32", "10.9.3.7", "10.9.3.7"),
            ("10.9.3.7/0", "0.0.0.0", "255.255.255.255"),
            ("fd00::5/64", "fd00::", "fd00::ffff:ffff:ffff:ffff"),
            ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("fd00::5/128", "fd00::5", "fd00::5"),
        ]
    )
    func `a network has a first and a last address`(text: String, first: String, last: String) throws {
        let prefix = try #require(IPPrefix(text))
        #expect(prefix.description == text)
        #expect(prefix.first.description == first)
        #expect(prefix.last.description == last)
        #expect(prefix.contains(prefix.first))
        #expect(prefix.contains(prefix.last))
    }

    @Test(arguments: [
        "10.9.0.0", "10.9.0.0/33", "fd00::/129", "10.9.0.0/", "10.9.0.0/+8", "10.9.0.0/8/8", "/8", "10.0.0.0/256",
    ])
    func `another text is no network`(text: String) {
        #expect(IPPrefix(text) == nil)
    }

    @Test(
        arguments: [
            ("10.0.0.0/8", "10.9.0.0/16", true),
            ("10.9.0.0/16", "10.0.0.0/8", true),
            ("10.9.0.0/16", "10.10.0.0/16", false),
            ("0.0.0.0/0", "::/0", false),
            ("fd00::/64", "fd00::1/128", true),
            ("10.9.0.255/32", "10.9.0.0/24", true),
        ]
    )
    func `networks overlap where one holds the other`(left: String, right: String, overlaps: Bool) throws {
        let (left, right) = (try #require(IPPrefix(left)), try #require(IPPrefix(right)))
        #expect(left.overlaps(right) == overlaps)
        #expect(right.overlaps(left) == overlaps)
    }

    @Test func `a hardware address is read and written`() throws {
        let address = try #require(HardwareAddress("02:42:0a:00:FF:01"))
        #expect(address.bytes == [0x02, 0x42, 0x0a, 0, 0xff, 1])
        #expect(address.description == "02:42:0a:00:ff:01")
        for text in [
            "", "02:42:0a:00:ff", "02:42:0a:00:ff:01:02", "2:42:0a:00:ff:01", "+2:42:0a:00:ff:01", "0x:42:0a:00:ff:01",
        ] {
            #expect(HardwareAddress(text) == nil, "\(text)")
        }
    }
}
