// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import TestSupport
import Testing

private let fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

@Suite struct `A connection` {
    @Test func `that the engine closes unread is tried once more`() async throws {
        let result = try await Peer().play { peer in
            // An unread request resets the connection.
            _ = try peer.accept().byte()
            let second = try peer.accept()
            let request = try second.request()
            second.send(fine)
            return request
        } client: { client in
            try client.post("/containers/\("x")/start")
        }
        #expect(throws: Never.self) { try result.client.get() }
        #expect(result.peer?.hasPrefix("POST /v1.51/containers/x/start HTTP/1.1\r\n") == true)
    }

    @Test func `that ends after a question is tried once more`() async throws {
        let result = try await Peer().answer(["", fine]) { try $0.getBytes("/x") }
        #expect(try result.client.get() == Array("ok".utf8))
    }

    @Test func `that ends after a request for a change is not`() async throws {
        let result = try await Peer().answer(["", fine]) { try $0.post("/x") }
        #expect(throws: ClientError.self) { try result.client.get() }
        // The second answer was never asked for.
        #expect(result.peer == nil)
    }

    @Test func `becomes a stream of bytes with what came early`() async throws {
        let result = try await Peer().play { peer in
            let conversation = try peer.accept()
            let request = try conversation.request()
            conversation.send("HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nearly ")
            conversation.send("late")
            let input = conversation.rest()
            conversation.send(" last")
            return request + input
        } client: { client in
            let stream = try client.attach(to: "x", AttachQuery())
            _ = try stream.socket.send(Array("typed".utf8)[...])
            try stream.socket.finishSending()
            var bytes = stream.early
            while try stream.socket.receive(appendingTo: &bytes, atMost: 100) != 0 {}
            return String(decoding: bytes, as: UTF8.self) + " " + stream.contentType
        }
        #expect(try result.client.get() == "early late last application/vnd.docker.raw-stream")
        let seen = try #require(result.peer)
        #expect(seen.hasPrefix("POST /v1.51/containers/x/attach?stream=1&stdout=1&stderr=1 HTTP/1.1\r\n"))
        #expect(seen.contains("\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"))
        #expect(seen.hasSuffix("\r\n\r\ntyped"))
    }

    @Test(arguments: [
        ("HTTP/1.1 404 X\r\nContent-Length: 17\r\n\r\n{\"message\":\"no\"} ", "no"),
        (fine, "the engine's answer cannot be understood: it has the status 200 and not 101 for `/exec/x/start`"),
    ])
    func `that does not become a stream is an error`(answer: String, message: String) async throws {
        let result = try await Peer().answer([answer]) { client in
            _ = try client.startExec("x", ExecStartRequest()).early
        }
        guard case .failure(let error) = result.client else {
            Issue.record("there is no error")
            return
        }
        #expect("\(error)" == message)
    }

    @Test func `carries a body from a descriptor in chunks`() async throws {
        let text = String(repeating: "0123456789", count: 20_000)
        let scratch = try Scratch()
        let path = try scratch.write("tar", text)
        let result = try await Peer().answer([fine]) { client in
            let file = try Descriptor.open(path, O_RDONLY)
            var response = try client.loadImages(from: file.number, quiet: true)
            return try response.bytes()
        }
        #expect(try result.client.get() == Array("ok".utf8))
        let request = try #require(result.peer?.first)
        #expect(request.hasPrefix("POST /v1.51/images/load?quiet=1 HTTP/1.1\r\n"))
        #expect(request.contains("\r\nContent-Type: application/x-tar\r\n"))
        #expect(request.hasSuffix("\r\n\r\n" + text))
    }

    @Test func `stops to send an endless body when the engine refuses it`() async throws {
        let result = try await Peer().play { peer in
            let conversation = try peer.accept()
            for _ in 0..<10_000 { _ = conversation.byte() }
            conversation.send("HTTP/1.1 400 Bad\r\nContent-Length: 22\r\n\r\n{\"message\":\"too much\"}")
            // It reads no more, but does not close before the client has the answer.
            return conversation.rest().isEmpty
        } client: { client in
            let zeros = try Descriptor.open("/dev/zero", O_RDONLY)
            _ = try client.loadImages(from: zeros.number, quiet: false).head
        }
        #expect(throws: EngineError(.badParameter, "too much")) { try result.client.get() }
    }

    @Test func `does not end a body that cannot be read`() async throws {
        let result = try await Peer().play { peer in
            try peer.accept().rest()
        } client: { client in
            let folder = try Descriptor.open("/", O_RDONLY)
            _ = try client.loadImages(from: folder.number, quiet: false).head
        }
        guard case .failure(let error as ClientError) = result.client else {
            Issue.record("there is no error")
            return
        }
        #expect(error.code == .unreadableBody)
        #expect(result.peer?.hasSuffix("0\r\n\r\n") == false)
    }

    @Test(arguments: [
        ("/nonexistent/wharf.sock", ClientError.Code.notRunning, "no engine listens on /nonexistent/wharf.sock"),
        ("/" + String(repeating: "x", count: 200), .unreachable, "has 201 bytes, 107 fit"),
        ("/dev/null", .notRunning, "no engine listens on /dev/null"),
        ("/dev/null/x", .notRunning, "not a directory"),
    ])
    func `that cannot be made says why`(path: String, code: ClientError.Code, words: String) {
        let error = #expect(throws: ClientError.self) { try EngineClient(socket: path).post("/x") }
        #expect(error?.code == code)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
}

@Suite struct `A request` {
    @Test(arguments: [
        ("web", "/v1.51/containers/web/json"),
        ("a b/c?d#e%", "/v1.51/containers/a%20b%2Fc%3Fd%23e%25/json"),
        ("..", "/v1.51/containers/%2E%2E/json"),
        ("ä\r\nX: y", "/v1.51/containers/%C3%A4%0D%0AX%3A%20y/json"),
    ])
    func `keeps a name in its place`(name: String, target: String) async throws {
        let result = try await Peer().answer([fine]) { try $0.rawContainer(name) }
        #expect(result.peer?.first?.hasPrefix("GET \(target) HTTP/1.1\r\n") == true)
    }

    @Test func `keeps the slashes of an image's name`() async throws {
        let result = try await Peer().answer([fine]) { try $0.rawImage("127.0.0.1:5001/a/b:1") }
        #expect(result.peer?.first?.hasPrefix("GET /v1.51/images/127.0.0.1:5001/a/b:1/json HTTP/1.1\r\n") == true)
    }

    @Test func `encodes its query`() async throws {
        let result = try await Peer().answer(["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"]) { client in
            try client.listContainers(showsAll: true, Filters(["label": ["a=b&c"]])).count
        }
        #expect(try result.client.get() == 0)
        let query = "all=1&filters=%7B%22label%22%3A%7B%22a%3Db%26c%22%3Atrue%7D%7D"
        #expect(result.peer?.first?.hasPrefix("GET /v1.51/containers/json?\(query) HTTP/1.1\r\n") == true)
    }

    @Test func `with an empty name is not sent`() {
        #expect(throws: EngineError(.badParameter, "a name or an identifier is empty")) {
            try EngineClient(socket: "/nonexistent").removeContainer("")
        }
    }
}
