// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Testing

private let head = "HTTP/1.1 200 OK\r\n"
private let chunked = head + "Transfer-Encoding: chunked\r\n\r\n"

@Suite struct `An answer` {
    @Test(arguments: [
        (head + "Content-Length: 5\r\n\r\nhello", "hello"),
        (head + "content-length:5 \r\n\r\nhello and more", "hello"),
        (head + "Content-Length: 0\r\n\r\n", ""),
        (head + "\r\nuntil the end", "until the end"),
        ("HTTP/1.0 200\r\n\r\nold", "old"),
        ("HTTP/1.1 200 OK\n\nbare line breaks", "bare line breaks"),
        ("HTTP/1.1 100 Continue\r\n\r\n" + head + "Content-Length: 2\r\n\r\nok", "ok"),
        (chunked + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"),
        (chunked + "A;name=value;x=\"y\"\r\n0123456789\r\n000\r\nTrailer: x\r\n\r\n", "0123456789"),
        (chunked + "1 \r\nx\r\n0 ; end\r\n\r\n", "x"),
        (head + "Transfer-Encoding: CHUNKED\r\nContent-Length: 3\r\n\r\n1\r\nx\r\n0\r\n\r\n", "x"),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n", ""),
    ])
    func `is read however its bytes arrive`(answer: String, body: String) async throws {
        let result = try await Peer().answer([answer]) { try $0.getBytes("/x") }
        #expect(try String(decoding: result.client.get(), as: UTF8.self) == body)
    }

    @Test(arguments: [
        (head + "Content-Length: 5\r\n\r\nhell", ClientError.Code.truncated),
        (chunked + "5\r\nhell", .truncated),
        (chunked + "5\r\nhello\r\n", .truncated),
        (chunked + "5\r\nhello\r\n0\r\n", .truncated),
        (chunked, .truncated),
        ("HTTP/1.1 200 OK\r\nContent-Le", .truncated),
        ("HTTP/1.1 200", .truncated),
        (chunked + "5\r\nhello too long\r\n0\r\n\r\n", .malformed),
        (chunked + "\r\n", .malformed),
        (chunked + "-5\r\nhello\r\n", .malformed),
        (chunked + "0x5\r\nhello\r\n", .malformed),
        (chunked + "ffffffffffffffff\r\nhello\r\n", .malformed),
        (chunked + String(repeating: "0", count: 5000), .malformed),
        (head + "Content-Length: five\r\n\r\nhello", .malformed),
        (head + "Content-Length: -5\r\n\r\nhello", .malformed),
        (head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", .malformed),
        (head + "Transfer-Encoding: gzip, chunked\r\n\r\n", .malformed),
        (head + ": no name\r\n\r\n", .malformed),
        (head + "no colon\r\n\r\n", .malformed),
        (head + " folded: x\r\n\r\n", .malformed),
        (head + "X: " + String(repeating: "x", count: 70_000) + "\r\n\r\n", .malformed),
        (head + String(repeating: "X: y\r\n", count: 300) + "\r\n", .malformed),
        (String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 300), .malformed),
        ("SSH-2.0-OpenSSH_9.2\r\n", .malformed),
        ("HTTP/2 200\r\n\r\n", .malformed),
        ("HTTP/1.1 20 OK\r\n\r\n", .malformed),
        ("HTTP/1.1 +20 OK\r\n\r\n", .malformed),
        ("\u{1}\u{2}\u{3}\n", .malformed),
    ])
    func `that is cut off or makes no sense is an error`(answer: String, code: ClientError.Code) async throws {
        let result = try await Peer().answer([answer]) { try $0.getBytes("/x") }
        #expect(throws: (any Error).self) { try result.client.get() }
        guard case .failure(let error as ClientError) = result.client else {
            Issue.record("\(result.client)")
            return
        }
        #expect(error.code == code, "\(error)")
    }

    @Test func `to a question for its head has no body`() async throws {
        let answer = "HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nOstype: linux\r\nContent-Length: 2\r\n\r\n"
        let result = try await Peer().answer([answer]) { try $0.ping() }
        #expect(try result.client.get().apiVersion == .current)
        #expect(result.peer?[0].hasPrefix("HEAD /_ping HTTP/1.1\r\n") == true)
    }

    @Test(arguments: [
        ("404 Not Found", #"{"message":"No such container: x"}"#, EngineError.noSuchContainer("x")),
        ("409 Conflict", "{\"message\":\"in use\"}\n", EngineError(.conflict, "in use")),
        (
            "400 Bad", #"{"message":"exec: \"x\": executable file not found in $PATH"}"#,
            EngineError(.commandNotFound, "exec: \"x\": executable file not found in $PATH")
        ),
        ("500 Oh", "plain text\n\n", EngineError(.failed, "plain text")),
        ("503 No", "", EngineError(.unavailable, "the engine answered `/x` with the status 503")),
        ("304 Not Modified", "", EngineError(.notModified, "the object is in that state already")),
    ])
    func `that tells of a refusal is the engine's error`(line: String, body: String, error: EngineError) async throws {
        let answer = "HTTP/1.1 \(line)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let result = try await Peer().answer([answer]) { try $0.getBytes("/x") }
        #expect(throws: error) { try result.client.get() }
    }

    @Test func `gives its lines as they come`() async throws {
        let lines = "{\"stream\":\"a\"}\r\n\n{\"stream\":\"b\"}\n{\"stream\":\"c\"}"
        let body = lines.utf8.map { "1\r\n\(Character(Unicode.Scalar($0)))\r\n" }.joined()
        let result = try await Peer().answer([chunked + body + "0\r\n\r\n"]) { client in
            var response = try client.send(Request(.get, "/events"))
            var texts: [String] = []
            while let line = try response.nextValue(ProgressLine.self) { texts.append(line.stream ?? "") }
            return texts
        }
        #expect(try result.client.get() == ["a", "b", "c"])
    }

    @Test func `that is no JSON says so`() async throws {
        let result = try await Peer().answer([head + "Content-Length: 4\r\n\r\n[1,2"]) { try $0.version() }
        guard case .failure(let error as ClientError) = result.client else {
            Issue.record("\(result.client)")
            return
        }
        #expect(error.code == .malformed)
    }
}
