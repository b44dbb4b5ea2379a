// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Netlink
import NetlinkSupport
import TestSupport
import Testing

/// A source of random numbers that a seed determines (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}

/// Every way to read a message.
private let readers: [(name: String, read: @Sendable (Reply) throws -> Void)] = [
    ("acknowledgement", { _ = try Acknowledgement($0) }),
    ("link", { _ = try Link($0) }),
    ("address", { _ = try InterfaceAddress($0) }),
    ("route", { _ = try Route($0) }),
    ("table", { _ = try TableState($0) }),
    ("chain", { _ = try Chain($0) }),
    ("rule", { _ = try RuleState($0) }),
    ("elements", { _ = try StoredElement.all(in: $0) }),
    ("connection", { _ = try TrackedConnection($0) }),
]

@Suite struct `Answers that make no sense` {
    /// What the kernel really answers, each as a datagram of its own.
    private static func realAnswers() throws -> [[UInt8]] {
        let network = try TestNetwork()
        let table = Table(.inet, "wharf")
        let map = NamedSet(table, "map", key: [.ipv4Address, .port], to: .verdicts, isInterval: true)
        let range = SetElement(
            [.address(.v4(7)), .port(1)],
            through: [.address(.v4(9)), .port(8)],
            to: .verdict(.goto("d"))
        )
        let chain = Chain(table, "c", hook: Chain.Hook(.filter, .input, priority: 0))
        try network.netfilter.commit(
            [
                .addTable(table, [.owner, .persist]), .addChain(chain), .addChain(Chain(table, "d")), .addSet(map),
                .addRule(Rule(table, "c", .connection(.established) + [.verdict(.accept)], comment: "comment")),
            ] + Request.addElements([range], to: map)
        )
        try network.route.send([
            .createLink(.bridge(), LinkSettings(name: "web", isUp: true)),
            .createLink(.veth(peer: LinkSettings(name: "b")), LinkSettings(name: "a")),
            .changeLink(1, LinkSettings(isUp: true)),
            .addAddress(InterfaceAddress(interface: 1, prefix: try #require(IPPrefix("10.9.0.1/24")))),
        ])
        return try network.recordedAnswers(of: map)
    }

    @Test func `are errors and never a crash, whatever changes in them`() throws {
        let answers = try Self.realAnswers()
        #expect(answers.count > 8)
        var generator = SeededGenerator(state: 2026)
        var (understood, refused) = (0, 0)
        for _ in 0..<20_000 {
            guard var bytes = answers.randomElement(using: &generator) else { break }
            mutate(&bytes, with: &generator)
            do {
                for reply in try Reply.split(bytes[...]) {
                    for (_, read) in readers {
                        do {
                            try read(reply)
                            understood += 1
                        } catch is MalformedReply {
                            refused += 1
                        }
                    }
                }
            } catch is MalformedReply {
                refused += 1
            }
        }
        #expect(understood > 1000)
        #expect(refused > 1000)
    }

    @Test func `are told from every shorter one`() throws {
        for bytes in try Self.realAnswers() {
            for size in 0..<bytes.count {
                for (name, read) in readers {
                    var cut = Array(bytes[..<size])
                    // The message's own length tells the truth, so that what is within is cut.
                    if size >= 16 { cut.replaceSubrange(0..<4, with: withUnsafeBytes(of: UInt32(size), Array.init)) }
                    do {
                        for reply in try Reply.split(cut[...]) { try read(reply) }
                    } catch let error as MalformedReply {
                        #expect(!error.description.isEmpty, "\(name)")
                    }
                }
            }
        }
    }

    private func mutate(_ bytes: inout [UInt8], with generator: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            guard let place = bytes.indices.randomElement(using: &generator) else { return }
            switch UInt8.random(in: 0..<5, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: bytes[place] = [0, 1, 3, 4, 0x7f, 0x80, 0xff].randomElement(using: &generator) ?? 0
            case 3: bytes.removeLast(Int.random(in: 0...min(8, bytes.count), using: &generator))
            default: bytes.insert(UInt8.random(in: .min ... .max, using: &generator), at: place)
            }
            // Now and then the outer length is right, so that the change is met further in.
            if bytes.count >= 16, Bool.random(using: &generator) {
                bytes.replaceSubrange(0..<4, with: withUnsafeBytes(of: UInt32(bytes.count), Array.init))
            }
        }
    }
}

extension TestNetwork {
    /// The messages of every list, as bytes.
    fileprivate func recordedAnswers(of map: NamedSet) throws -> [[UInt8]] {
        var name = Attributes()
        name.add(1, text: map.table.name)
        name.add(2, text: map.name)
        let family = nfgenmsg(nfgen_family: map.table.family.rawValue, version: 0, res_id: 0)
        let subsystem = UInt16(NFNL_SUBSYS_NFTABLES) << 8
        var replies: [Reply] = []
        for (type, structure) in [(RTM_GETLINK, 16), (RTM_GETADDR, 8), (RTM_GETROUTE, 12)] {
            replies += try route.dump(request(UInt16(type), [UInt8](repeating: 0, count: structure), Attributes()))
        }
        for message in [NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETRULE, NFT_MSG_GETSET, NFT_MSG_GETSETELEM] {
            let structure = withUnsafeBytes(of: family, Array.init)
            let attributes = message == NFT_MSG_GETSETELEM ? name : Attributes()
            replies += try netfilter.dump(request(subsystem | UInt16(message.rawValue), structure, attributes))
        }
        return replies.map(\.bytes)
    }

    private func request(_ type: UInt16, _ structure: [UInt8], _ attributes: Attributes) -> Request {
        var request = Request(type: type, structure: UInt8(0), attributes: attributes, action: "record")
        request.structure = structure
        return request
    }
}

extension Reply {
    /// The whole message again.
    fileprivate var bytes: [UInt8] {
        let header = nlmsghdr(
            nlmsg_len: UInt32(16 + body.count),
            nlmsg_type: type,
            nlmsg_flags: flags,
            nlmsg_seq: sequence,
            nlmsg_pid: port
        )
        return withUnsafeBytes(of: header, Array.init) + body
    }
}
