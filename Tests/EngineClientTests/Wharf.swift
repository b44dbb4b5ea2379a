// SPDX-License-Identifier: Apache-2.0

import Linux
import TestSupport

/// The command line against a peer in place of an engine.
struct Wharf {
    /// The identifier of the container that the peer makes.
    static let id = String(repeating: "c", count: 64)

    /// Runs a command while the peer follows a script.
    ///
    /// - Parameters:
    ///   - arguments: What follows `wharf container`.
    ///   - subject: What stands in place of `container`.
    ///   - input: The file for standard input.
    ///   - folder: The working folder.
    ///   - script: What the peer does after the greeting.
    /// - Returns: The end of the command, and what the script returned; nil where it failed.
    /// - Throws: Where the command cannot be run.
    static func run<Seen: Sendable>(
        _ arguments: [String],
        of subject: [String] = ["container"],
        input: String = "/dev/null",
        in folder: String? = nil,
        _ script: @escaping @Sendable (Peer) throws -> Seen
    ) async throws -> (command: Command.Outcome, peer: Seen?) {
        let words = subject + arguments
        return try await play(script) { peer in
            var command = Command(Binaries.path(of: "wharf"), words, in: folder, environment: environment(peer))
            command.input = input
            return try command.run()
        }
    }

    /// The same in a shell with a terminal of 24 rows and 80 columns.
    static func runInTerminal<Seen: Sendable>(
        _ line: String,
        typing text: String = "",
        _ script: @escaping @Sendable (Peer) throws -> Seen
    ) async throws -> (command: Command.Outcome, peer: Seen?) {
        let scratch = try Scratch()
        let input = try scratch.write("input", text)
        return try await play(script) { peer in
            let shell =
                "stty rows 24 cols 80; a=$(stty -g); \(Binaries.path(of: "wharf")) container \(line); s=$?; "
                + "if [ \"$a\" = \"$(stty -g)\" ]; then echo same mode; fi; exit $s"
            var command = Command("/usr/bin/script", ["-qec", shell, "/dev/null"], environment: environment(peer))
            command.input = input
            return try command.run()
        }
    }

    private static func play<Seen: Sendable>(
        _ script: @escaping @Sendable (Peer) throws -> Seen,
        _ run: @escaping @Sendable (Peer) throws -> Command.Outcome
    ) async throws -> (command: Command.Outcome, peer: Seen?) {
        let peer = try Peer()
        let result = try await peer.play { peer in
            try reply(peer, "200 OK\r\nApi-Version: 1.51", "")
            return try script(peer)
        } client: { _ in
            try run(peer)
        }
        return (try result.client.get(), result.peer)
    }

    private static func environment(_ peer: Peer) -> [String: String] {
        ["WHARF_SOCKET": peer.path, "PATH": "/usr/bin:/bin", "FOO": "bar", "TERM": "dumb"]
    }

    /// Answers the next request.
    @discardableResult
    static func reply(_ peer: Peer, _ status: String, _ body: String = "") throws -> String {
        let conversation = try peer.accept()
        let request = try conversation.request()
        conversation.send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return request
    }

    /// Takes the next request to attach and answers it.
    static func attach(_ peer: Peer) throws -> (request: String, conversation: Conversation) {
        let conversation = try peer.accept()
        let request = try conversation.request()
        conversation.send("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        return (request, conversation)
    }

    /// Takes the next request to wait and answers the head of it.
    static func wait(_ peer: Peer) throws -> (request: String, conversation: Conversation) {
        let conversation = try peer.accept()
        let request = try conversation.request()
        conversation.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        return (request, conversation)
    }

    /// Ends a wait.
    static func finish(_ wait: Conversation, status: Int) {
        let body = #"{"StatusCode":\#(status),"Error":null}"#
        wait.send("\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n")
    }

    /// A frame of output.
    static func frame(_ stream: Character, _ text: String) -> String {
        "\(stream)\0\0\0\0\0\0\(Character(Unicode.Scalar(UInt8(text.utf8.count))))\(text)"
    }
}

extension String {
    /// The method and the target of a request.
    var firstLine: String {
        split(separator: "\r\n").first.map { String($0).replacing(" HTTP/1.1", with: "") } ?? ""
    }
}
