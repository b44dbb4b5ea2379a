// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import TestSupport
import Testing

/// A command line and what the `docker` command (28.2.2) asks for.
private struct Recording: Decodable, Sendable, CustomTestStringConvertible {
    var arguments: [String]
    var requests: [Request]

    struct Request: Decodable, Sendable {
        var method: String
        var target: String
        var filters: JSONValue?
        var body: JSONValue?
    }

    var testDescription: String { arguments.joined(separator: " ") }

    static let all: [Recording] = {
        let path = Repository.root + "/Tests/EngineClientTests/Fixtures/networks.json"
        guard let bytes = try? readBytes(path) else { return [] }
        return (try? JSONDecoder().decode([Recording].self, from: Data(bytes))) ?? []
    }()
}

@Suite(.serialized) struct `The commands of networks` {
    @Test func `are recorded`() {
        #expect(Recording.all.count > 20)
    }

    @Test(arguments: Recording.all)
    private func `ask for what docker asks for`(recording: Recording) async throws {
        let count = recording.requests.count
        let result = try await Wharf.run(recording.arguments, of: []) { peer in
            try (0..<count).map { _ in try Self.answer(peer) }
        }
        #expect(result.command.end == .exit(0), "\(result.command.errors)")
        let requests = try #require(result.peer)
        for (request, expected) in zip(requests, recording.requests) {
            let parts = request.firstLine.split(separator: "?filters=").map(String.init)
            #expect(parts[0] == "\(expected.method) /v1.51\(expected.target)")
            if let filters = expected.filters {
                #expect(try JSONValue.read(Self.unescaped(parts[1])) == filters)
            }
            let body = request.split(separator: "\r\n\r\n", maxSplits: 1).dropFirst().first.map(String.init)
            #expect(try body.map(JSONValue.read) == expected.body)
        }
    }

    /// A text without its percent escapes.
    private static func unescaped(_ text: String) -> String {
        let parts = text.split(separator: "%", omittingEmptySubsequences: false)
        var bytes = Array(parts[0].utf8)
        for part in parts.dropFirst() {
            bytes.append(UInt8(part.prefix(2), radix: 16) ?? 0)
            bytes += part.dropFirst(2).utf8
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Answers a request as an engine does that has every network but `nope`.
    private static func answer(_ peer: Peer) throws -> String {
        let conversation = try peer.accept()
        let request = try conversation.request()
        let line = request.firstLine.replacing("/v1.51", with: "")
        let (status, body) =
            switch line {
            case "POST /networks/create": ("201 Created", #"{"Id":"\#(Wharf.id)","Warning":""}"#)
            case "DELETE /networks/nope": ("404 Not Found", #"{"message":"network nope not found"}"#)
            case let line where line.hasPrefix("POST /networks/prune"): ("200 OK", #"{"NetworksDeleted":["a"]}"#)
            case let line where line.hasPrefix("GET /networks/"): ("200 OK", #"{"Name":"a"}"#)
            case let line where line.hasPrefix("GET /networks"): ("200 OK", "[]")
            case let line where line.hasPrefix("DELETE"): ("204 No Content", "")
            default: ("200 OK", "")
            }
        conversation.send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return request
    }

    @Test(arguments: [
        (["create", "a"], "\(Wharf.id)\n"), (["rm", "a", "b"], "a\nb\n"), (["rm", "-f", "nope", "b"], "b\n"),
        (["prune", "-f"], "Deleted Networks:\na\n\n"), (["connect", "a", "web"], ""), (["disconnect", "a", "web"], ""),
    ])
    func `print what docker prints`(arguments: [String], output: String) async throws {
        let count = arguments.first == "rm" ? arguments.count { !$0.hasPrefix("-") } - 1 : 1
        let result = try await Wharf.run(["network"] + arguments, of: []) { peer in
            for _ in 0..<count { _ = try Self.answer(peer) }
        }
        #expect(result.command.end == .exit(0), "\(result.command.errors)")
        #expect(result.command.output == output && result.command.errors == "")
    }

    @Test func `go on after what is missing`() async throws {
        let result = try await Wharf.run(["network", "rm", "nope", "b"], of: []) { peer in
            for _ in 0..<2 { _ = try Self.answer(peer) }
        }
        #expect(result.command.end == .exit(1))
        #expect(result.command.output == "b\n" && result.command.errors == "error: network nope not found\n")
    }

    @Test func `turn IPv4 off where they are told to`() async throws {
        let result = try await Wharf.run(["network", "create", "--ipv4=false", "a"], of: [], Self.answer)
        #expect(result.peer?.contains(#""EnableIPv4":false"#) == true)
    }

    @Test(arguments: [
        (["create"], "needs NETWORK", 125),
        (["create", "--gateway", "10.1.0.1", "a"], "every ip-range or gateway must have a corresponding subnet", 1),
        (["create", "--ip-range", "10.1.0.0/24", "a"], "every ip-range or gateway must have", 1),
        (["create", "--subnet", "10.1.0.0/16", "--gateway", "10.2.0.1", "a"], "no matching subnet for gateway", 1),
        (["create", "--subnet", "10.1.0.0/16", "--gateway", "fd00::1", "a"], "no matching subnet for gateway", 1),
        (["create", "--subnet", "10.1.0.0/16", "--gateway", "bad", "a"], "no matching subnet for gateway bad", 1),
        (["create", "--subnet", "10.1.0.0/20", "--ip-range", "10.1.16.0/24", "a"], "no matching subnet for range", 1),
        (["create", "--subnet", "10.1.0.0/16", "--aux-address", "r=10.2.0.1", "a"], "no matching subnet for aux-", 1),
        (["create", "--aux-address", "r=10.2.0.1", "a"], "no matching subnet for aux-address 10.2.0.1", 1),
        (["create", "--subnet", "10.1.0.0/16,10.1.2.0/24", "a"], "multiple overlapping subnet configuration", 1),
        (["create", "--subnet", "10.1.2.0/24,10.1.0.0/16", "a"], "multiple overlapping subnet configuration", 1),
        (["create", "--subnet", "fd00::/64,fd00::/64", "a"], "multiple overlapping subnet configuration", 1),
        (["create", "--subnet", "10.1.0.0/33,10.2.0.0/16", "a"], "invalid subnet: `10.1.0.0/33`", 1),
        (["create", "--subnet", "bad", "--gateway", "10.1.0.1", "a"], "invalid subnet: `bad`", 1),
        (
            ["create", "--subnet", "10.1.0.0/16,10.2.0.0/16", "--gateway", "10.1.0.1,10.1.0.2", "a"],
            "cannot configure multiple gateways (10.1.0.2, 10.1.0.1) for the same subnet (10.1.0.0/16)", 1
        ),
        (
            ["create", "--subnet", "10.1.0.0/16,10.2.0.0/16", "--ip-range", "10.1.1.0/24,10.1.2.0/24", "a"],
            "cannot configure multiple ranges (10.1.2.0/24, 10.1.1.0/24) on the same subnet (10.1.0.0/16)", 1
        ),
        (["create", "--label", "=x", "a"], "a name, perhaps with `=`", 125),
        (["create", "--driver", "bridge"], "needs NETWORK", 125), (["create", "a", "b"], "unexpected argument", 125),
        (["connect", "a"], "needs NETWORK and CONTAINER", 125),
        (["connect", "--ip", "bad", "a", "web"], "an IPv4 address", 125),
        (["connect", "--ip6", "1.2.3.4", "a", "web"], "an IPv6 address", 125),
        (["connect", "--link-local-ip", "bad", "a", "web"], "an address", 125),
        (["connect", "--driver-opt", "x", "a", "web"], "NAME=VALUE", 125),
        (["connect", "--link", "a:b:c", "a", "web"], "CONTAINER[:ALIAS]", 125),
        (["connect", "--gw-priority", "x", "a", "web"], "a whole number", 125),
        (["disconnect", "a"], "needs NETWORK and CONTAINER", 125), (["rm"], "needs NETWORK", 125),
        (["ls", "x"], "takes no arguments", 125), (["ls", "-f", "bad"], "NAME=VALUE", 125),
        (["inspect"], "needs NETWORK", 125), (["pune"], "did you mean `prune`", 125),
    ])
    func `that make no sense are refused before the engine is asked`(
        arguments: [String],
        words: String,
        status: Int
    ) throws {
        let outcome = try Self.wharf(arguments).run()
        #expect(outcome.end == .exit(status), "\(outcome.errors)")
        #expect(outcome.errors.hasPrefix("error: ") && outcome.errors.contains(words), "\(outcome.errors)")
    }

    @Test(arguments: ["network", "volume", "image", "container"], ["", "n\n", "yess\n"])
    func `and others remove nothing where nobody agrees`(subject: String, answer: String) throws {
        let scratch = try Scratch()
        var command = Self.wharf(["prune"], of: subject)
        command.input = try scratch.write("answer", answer)
        let outcome = try command.run()
        #expect(outcome.end == .exit(0) && outcome.output == "")
        #expect(outcome.errors.hasPrefix("WARNING! This will remove "))
        #expect(outcome.errors.contains("Are you sure you want to continue? [y/N] "))
        #expect(outcome.errors.contains("use `--force`") == answer.isEmpty)
    }

    @Test func `remove what the user agrees to`() async throws {
        let scratch = try Scratch()
        let input = try scratch.write("answer", "Y\n")
        let result = try await Wharf.run(["network", "prune"], of: [], input: input, Self.answer)
        #expect(result.command.output == "Deleted Networks:\na\n\n")
        #expect(
            result.command.errors
                == "WARNING! This will remove all custom networks not used by at least one container.\n"
                + "Are you sure you want to continue? [y/N] "
        )
    }

    /// The command where there is no engine, and none can be started.
    private static func wharf(_ arguments: [String], of subject: String = "network") -> Command {
        Command(
            Binaries.path(of: "wharf"),
            [subject] + arguments,
            environment: ["WHARF_ROOT": "/nonexistent", "WHARF_WHARFD": "/nonexistent"]
        )
    }
}
