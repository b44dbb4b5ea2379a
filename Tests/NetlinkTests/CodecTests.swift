// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Netlink
import NetlinkSupport
import TestSupport
import Testing

@Suite struct `The codec` {
    /// A message with a structure of one byte.
    private func request(_ attributes: Attributes = Attributes()) -> Request {
        Request(type: 0x1234, flags: 0x400, structure: UInt8(0xaa), attributes: attributes, action: "try")
    }

    @Test func `attributes are filled up to four bytes and nest`() {
        var attributes = Attributes()
        attributes.add(1, UInt8(7))
        attributes.add(2, bigEndian: UInt16(0x0102))
        attributes.add(3, text: "abc")
        attributes.nest(4) { inner in
            inner.add(5, UInt32(0x0102_0304))
            inner.nest(6) { _ in }
        }
        attributes.add(7, structure: [9, 9, 9, 9], Attributes())
        #expect(
            hex(attributes.bytes)
                == """
                0500 0100 07 000000  0600 0200 0102 0000  0800 0300 61626300
                1000 0480  0800 0500 04030201  0400 0680  0800 0700 09090909
                """.withoutSpaces
        )
    }

    @Test func `a message begins with its header and its structure`() throws {
        var attributes = Attributes()
        attributes.add(1, UInt8(7))
        let bytes = try request(attributes).encoded(sequence: 0x0102_0304, port: 5, extraFlags: NLM_F_ACK)
        #expect(hex(bytes) == "1c000000 3412 0504 04030201 05000000 aa000000 0500010007000000".withoutSpaces)
    }

    @Test func `an attribute that is too long is an error`() throws {
        var attributes = Attributes()
        attributes.add(9, bytes: [UInt8](repeating: 0, count: 65_531))
        #expect(attributes.overlong == nil)
        #expect(try request(attributes).encoded(sequence: 1, port: 0).count == 20 + 65_536)
        var outer = Attributes()
        outer.nest(8) { $0.add(9, bytes: [UInt8](repeating: 0, count: 65_532)) }
        let error = try #require(throws: NetlinkError.self) { try request(outer).encoded(sequence: 1, port: 0) }
        #expect(error.code == .overlong)
        #expect(error.description == "cannot try: attribute 9 is longer than the 65535 bytes that a message can tell")

        // Nothing of a series is sent where one of it cannot be.
        let network = try TestNetwork()
        var overlong = Request.deleteLink(1)
        overlong.attributes = outer
        let refused = try #require(throws: NetlinkError.self) {
            try network.route.send([.createLink(.bridge(), LinkSettings(name: "web")), overlong])
        }
        #expect(refused.index == 1)
        #expect(try network.route.link(named: "web") == nil)
    }

    @Test func `a place in a message is told by its attributes`() {
        var attributes = Attributes()
        attributes.add(1, UInt8(7))
        attributes.nest(2) { inner in
            inner.add(3, UInt32(0))
            inner.nest(4) { $0.add(5, UInt64(0)) }
        }
        // The header has 16 bytes, the structure 4.
        let places: [Int: [UInt16]] = [
            0: [], 16: [], 20: [1], 27: [1], 28: [2], 32: [2, 3], 40: [2, 4], 44: [2, 4, 5], 55: [2, 4, 5], 56: [],
            1000: [],
        ]
        for (place, path) in places { #expect(request(attributes).attributePath(at: place) == path, "\(place)") }
    }

    @Test(
        arguments: [
            ([1], "1 bytes are too few for an attribute"),
            ([4, 0, 1], "3 bytes are too few for an attribute"),
            ([3, 0, 1, 0], "attribute 1 has length 3, with 4 bytes left"),
            ([0, 0, 1, 0], "attribute 1 has length 0, with 4 bytes left"),
            ([9, 0, 1, 0, 0, 0, 0, 0], "attribute 1 has length 9, with 8 bytes left"),
            ([0xff, 0xff, 1, 0], "attribute 1 has length 65535, with 4 bytes left"),
            ([5, 0, 1, 0, 7, 0, 0, 0, 8, 0], "2 bytes are too few for an attribute"),
        ] as [([UInt8], String)]
    )
    func `attributes with a wrong length are an error`(bytes: [UInt8], text: String) throws {
        let error = try #require(throws: MalformedReply.self) { try ParsedAttributes(bytes[...]) }
        #expect(error.description == text)
    }

    @Test func `attributes are read as they are written`() throws {
        var attributes = Attributes()
        attributes.add(1, UInt32(7))
        attributes.add(2, bigEndian: UInt32(8))
        attributes.add(3, text: "text")
        attributes.nest(4) { $0.add(1, UInt8(9)) }
        attributes.add(1, UInt32(10))
        // The last one need not be filled up.
        let parsed = try ParsedAttributes((attributes.bytes + [5, 0, 5, 0, 1])[...])
        #expect(try parsed.integer(1, as: UInt32.self) == 10)
        #expect(try parsed.bigEndian(2, as: UInt32.self) == 8)
        #expect(parsed.text(3) == "text")
        #expect(try parsed.nested(4)?.integer(1, as: UInt8.self) == 9)
        #expect(parsed[5].map(Array.init) == [1])
        #expect(parsed.entries.map(\.number) == [1, 2, 3, 4, 1, 5])
        #expect(parsed[6] == nil)
        #expect(throws: MalformedReply("attribute 1 has 4 bytes instead of 2")) {
            try parsed.integer(1, as: UInt16.self)
        }
    }

    @Test(
        arguments: [
            ([1, 2, 3], "3 bytes are too few for a message"),
            ([15, 0, 0, 0] + [UInt8](repeating: 0, count: 12), "a message has length 15, with 16 bytes left"),
            ([17, 0, 0, 0] + [UInt8](repeating: 0, count: 12), "a message has length 17, with 16 bytes left"),
            (
                [255, 255, 255, 255] + [UInt8](repeating: 0, count: 12),
                "a message has length 4294967295, with 16 bytes left"
            ),
        ] as [([UInt8], String)]
    )
    func `a datagram with a wrong length is an error`(bytes: [UInt8], text: String) throws {
        let error = try #require(throws: MalformedReply.self) { try Reply.split(bytes[...]) }
        #expect(error.description == text)
    }

    /// An acknowledgement with the request's header behind the number, and attributes.
    private func acknowledgement(
        _ number: Int32,
        flags: Int32,
        _ attributes: Attributes,
        length: UInt32 = 40
    ) throws -> Reply {
        let size = 36 + attributes.bytes.count
        let outer = nlmsghdr(
            nlmsg_len: UInt32(size),
            nlmsg_type: UInt16(NLMSG_ERROR),
            nlmsg_flags: UInt16(flags),
            nlmsg_seq: 1,
            nlmsg_pid: 2
        )
        let inner = nlmsghdr(nlmsg_len: length, nlmsg_type: 16, nlmsg_flags: 5, nlmsg_seq: 1, nlmsg_pid: 2)
        var bytes = withUnsafeBytes(of: outer, Array.init)
        withUnsafeBytes(of: number) { bytes += $0 }
        withUnsafeBytes(of: inner) { bytes += $0 }
        return try #require(try Reply.split((bytes + attributes.bytes)[...]).first)
    }

    @Test func `an acknowledgement has the kernel's words`() throws {
        var attributes = Attributes()
        attributes.add(1, text: "No such thing")
        attributes.add(2, UInt32(36))
        attributes.add(5, UInt32(3))
        let full = try Acknowledgement(try acknowledgement(-EINVAL, flags: NLM_F_CAPPED | NLM_F_ACK_TLVS, attributes))
        #expect(full.number == EINVAL)
        #expect(full.text == "No such thing")
        #expect(full.offset == 36)
        #expect(full.missing == 3)
        let plain = try Acknowledgement(try acknowledgement(0, flags: NLM_F_CAPPED, attributes))
        #expect(plain.number == 0)
        #expect(plain.text == nil)
        // Without NLM_F_CAPPED the request is there in full.
        let repeated = try acknowledgement(-EINVAL, flags: NLM_F_ACK_TLVS, attributes, length: 16)
        #expect(try Acknowledgement(repeated).text == "No such thing")
    }

    @Test func `an acknowledgement that makes no sense is an error`() throws {
        let none = Attributes()
        for number in [1, -4096, Int32.min] {
            #expect(throws: MalformedReply("\(number) is no error number of the kernel")) {
                try Acknowledgement(try acknowledgement(number, flags: 0, none))
            }
        }
        for length in [1000, UInt32.max] {
            #expect(throws: MalformedReply("an acknowledgement ends before the request that it repeats")) {
                try Acknowledgement(try acknowledgement(-1, flags: NLM_F_ACK_TLVS, none, length: length))
            }
        }
        for size in 0..<4 {
            var reply = try acknowledgement(-1, flags: 0, none)
            reply.body = reply.body.prefix(size)
            #expect(throws: MalformedReply("an acknowledgement has only \(size) bytes")) { try Acknowledgement(reply) }
        }
    }
}

/// Two digits for each byte.
func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

extension String {
    var withoutSpaces: String { filter { !$0.isWhitespace } }
}
