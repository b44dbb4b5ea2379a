// SPDX-License-Identifier: Apache-2.0

import Netlink
import Testing

@testable import Networks

/// A query for `Web.`, with the options of RFC 6891 where a size is given.
func query(
    _ name: [UInt8] = [3] + Array("Web".utf8) + [0],
    type: UInt8 = 1,
    payload: UInt16? = nil
) -> [UInt8] {
    let options: [UInt8] = payload.map { [0, 0, 41, UInt8($0 >> 8), UInt8($0 & 0xff), 0, 0, 0, 0, 0, 0] } ?? []
    return [0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, payload == nil ? 0 : 1] + name + [0, type, 0, 1] + options
}

@Suite struct `Names of the domain name system` {
    @Test(
        arguments: [
            ("web", [3, 119, 101, 98, 0]), ("WEB.", [3, 119, 101, 98, 0]), ("a.b", [1, 97, 1, 98, 0]),
        ] as [(String, [UInt8])]
    )
    func `are labels in lower case`(text: String, wire: [UInt8]) throws {
        let name = try #require(DNSName(text))
        #expect(name.wire == wire)
        var offset = 0
        #expect(try DNSName(in: wire, at: &offset) == name)
        #expect(offset == wire.count)
    }

    @Test(arguments: ["", ".", "a..b", ".a", String(repeating: "x", count: 64), String(repeating: "abc.", count: 64)])
    func `that are none are refused`(text: String) {
        #expect(DNSName(text) == nil)
    }

    @Test(
        arguments: [
            [3, 119], [0xc0, 0], [0x40, 0], [0x80], [1, 97], [1, 97, 0xc0, 0], [0xc0], [],
            // A pointer ahead, and one to itself.
            [0xc0, 2, 0], [1, 97, 0xc0, 2],
            [UInt8](repeating: 0, count: 0) + (0..<64).flatMap { _ in [3, 97, 98, 99] as [UInt8] } + [0],
        ] as [[UInt8]]
    )
    func `in messages that go wrong are malformed`(bytes: [UInt8]) {
        var offset = 0
        #expect(throws: DNSProblem.malformed) { try DNSName(in: bytes, at: &offset) }
    }

    @Test func `may point back`() throws {
        let bytes: [UInt8] = [1, 97, 0, 2, 98, 99, 0xc0, 0, 7]
        var offset = 3
        #expect(try DNSName(in: bytes, at: &offset) == DNSName("bc.a"))
        #expect(offset == 8)
    }

    @Test(arguments: [
        ("4.3.2.10.in-addr.arpa", "10.2.3.4"),
        ("1.\(String(repeating: "0.", count: 30))f.ip6.arpa", "f000::1"),
    ])
    func `of addresses are read`(name: String, address: String) throws {
        let name = try #require(DNSName(name))
        #expect(IPAddress(reverse: name) == IPAddress(address))
    }

    @Test(arguments: ["3.2.10.in-addr.arpa", "256.3.2.10.in-addr.arpa", "x.3.2.10.in-addr.arpa", "1.ip6.arpa", "arpa"])
    func `of no address are read as none`(name: String) throws {
        #expect(IPAddress(reverse: try #require(DNSName(name))) == nil)
    }
}

@Suite struct `A query` {
    @Test func `is read with its question as it was sent`() throws {
        let read = try DNSQuery(query(payload: 4096))
        #expect(read.id == 0xabcd)
        #expect(read.wantsRecursion)
        #expect(read.question == DNSQuestion(name: try #require(DNSName("web")), type: 1, recordClass: 1))
        #expect(Array(read.questionBytes.prefix(4)) == [3] + Array("Web".utf8))
        #expect(read.hasOptions)
        #expect(read.payloadSize == 1232)
        #expect(try DNSQuery(query()).payloadSize == 512)
        #expect(try DNSQuery(query(payload: 100)).payloadSize == 512)
    }

    @Test func `is answered byte by byte`() throws {
        let four = try #require(IPAddress("10.1.2.3"))
        let answer = try DNSQuery(query(payload: 512)).answer(
            .noError,
            [.address(four)],
            isAuthoritative: true,
            limit: 512
        )
        let header: [UInt8] = [0xab, 0xcd, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 1]
        let question: [UInt8] = [3] + Array("Web".utf8) + [0, 0, 1, 0, 1]
        let record: [UInt8] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 1, 2, 3]
        let options: [UInt8] = [0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0]
        #expect(answer == header + question + record + options)
    }

    @Test func `gets no more than it can take, and is told so`() throws {
        let addresses = (0..<100).map { DNSRecord.address(.v4(10 << 24 | UInt32($0))) }
        let read = try DNSQuery(query())
        let cut = read.answer(.noError, addresses, limit: 512)
        #expect(cut.count <= 512)
        #expect(cut[2] & 2 != 0)
        #expect(cut[7] == UInt8((512 - 12 - read.questionBytes.count) / 16))
        let whole = read.answer(.noError, addresses, limit: 65535)
        #expect(whole[2] & 2 == 0)
        #expect(whole[7] == 100)
    }

    /// A query with one byte changed.
    private static func changed(_ index: Int, to byte: UInt8) -> [UInt8] {
        var bytes = query()
        bytes[index] = byte
        return bytes
    }

    @Test(arguments: [Array(query().prefix(11)), [], changed(2, to: 0x81)])
    func `is not what is too short, or an answer`(bytes: [UInt8]) {
        #expect(throws: DNSProblem.noQuery) { try DNSQuery(bytes) }
    }

    @Test(arguments: [Array(query().prefix(13)), changed(5, to: 2), changed(7, to: 1), changed(12, to: 0x43)])
    func `with wrong counts or a wrong name is malformed`(bytes: [UInt8]) {
        #expect(throws: DNSProblem.malformed) { try DNSQuery(bytes) }
    }

    @Test func `of any bytes is decided on`() throws {
        var generator = Generator(state: 20_261_128)
        var table = NameTable()
        table.add(try #require(DNSName("web")), .v4(1))
        let responder = DNSResponder(DNSView(table))
        let reverse: [UInt8] = [1, 52, 1, 51, 7] + Array("in-addr".utf8) + [4] + Array("arpa".utf8) + [0]
        let seeds = [query(), query(payload: 1232), query(reverse)]
        var answered = 0
        for round in 0..<20_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                switch Int.random(in: 0..<3, using: &generator) {
                case 0:
                    bytes[Int.random(in: bytes.indices, using: &generator)] = .random(in: 0...255, using: &generator)
                case 1: bytes.removeLast(Int.random(in: 0..<bytes.count / 2, using: &generator))
                default: bytes.append(.random(in: 0...255, using: &generator))
                }
            }
            if case .answer(let answer) = responder.decide(on: bytes, turn: round) {
                answered += 1
                #expect(answer.count <= 1232)
                #expect(answer.starts(with: bytes.prefix(2)))
            }
        }
        #expect(answered > 5000)
    }
}

/// Random numbers that are the same each time (splitmix64).
private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
