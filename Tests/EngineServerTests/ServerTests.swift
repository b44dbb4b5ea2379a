// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineServer
import Glibc
import Linux
import Synchronization
import TestSupport
import Testing

private let echo = Route("POST", "echo") { request, response in
    let value = try await request.json([String: String].self, absent: ["none": "1"])
    try await response.send(json: value)
}

private let hello = Route("GET", "hello/{name*}") { request, response in
    try await response.send(200, type: "text/plain", body: Array("hello \(request["name"])".utf8))
}

@Suite struct `The server` {
    @Test func `requests follow each other on one connection`() async throws {
        try await TestServer.run([hello, echo]) { server in
            let client = try server.connect()
            // All at once, so that the second is there while the first is answered.
            let body = "{\"a\":\"b\"}"
            try await client.send(
                request("GET", "/v1.41/hello/a/b%2Fc")
                    + "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json; charset=utf-8\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
                    + request("GET", "/hello/last", "Connection: close")
            )
            let first = try await client.answer()
            #expect(first.head.hasPrefix("HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\n"))
            #expect(first.head.contains("\r\nServer: \(ProductVersion.server)\r\n"))
            #expect(first.head.contains("\r\nOstype: linux\r\n"))
            #expect(first.body == "hello a/b/c")
            #expect(try await client.answer().body == "{\"a\":\"b\"}\n")
            #expect(try await client.receiveAll().hasSuffix("Connection: close\r\n\r\nhello last"))
        }
    }

    @Test(arguments: [
        (request("GET", "/missing"), 404, "page not found"), (request("DELETE", "/hello/x"), 404, "page not found"),
        (
            request("GET", "/v1.99/hello/x"), 400,
            "client version 1.99 is too new. Maximum supported API version is 1.51"
        ),
        (
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 400,
            "Content-Type specified (text/plain) must be 'application/json'"
        ),
        (
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
            400,
            "cannot read `a` in the body: it is not of type String"
        ),
        (
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n", 413,
            "the body of the request is larger than 8388608 bytes"
        ),
        ("garbage\r\n\r\n", 400, "the first line of the request is not `METHOD TARGET HTTP/1.1`"),
    ])
    func `errors are JSON with a message`(text: String, status: Int, message: String) async throws {
        try await TestServer.run([hello, echo]) { server in
            let client = try server.connect()
            let (head, body) = try await client.exchange(text)
            #expect(head.hasPrefix("HTTP/1.1 \(status) "))
            #expect(body == "{\"message\":\"\(message)\"}\n")
        }
    }

    @Test func `a chunked body has the same limit`() async throws {
        var limits = ServerLimits()
        limits.json = 1000
        try await TestServer.run([echo], limits: limits) { server in
            let client = try server.connect()
            let chunk = "1f4\r\n\(String(repeating: " ", count: 500))\r\n"
            try await client.send(
                "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + chunk + chunk + chunk
            )
            #expect(try await client.answer().head.hasPrefix("HTTP/1.1 413 "))
            #expect(try await client.receiveAll() == "")
        }
    }

    @Test func `no body may stand for a default`() async throws {
        try await TestServer.run([echo]) { server in
            let answer = try await server.connect().exchange("POST /echo HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(answer.body == "{\"none\":\"1\"}\n")
        }
    }

    @Test func `a body is awaited with leave to send it`() async throws {
        try await TestServer.run([echo]) { server in
            let client = try server.connect()
            try await client.send(
                "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
                    + "Content-Length: 2\r\n\r\n"
            )
            #expect(try await client.receive(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            try await client.send("{}")
            #expect(try await client.answer().body == "{}\n")
        }
    }

    @Test func `a failure of the engine is told and written down`() async throws {
        let route = Route("GET", "fail") { _, _ in throw SystemError("read", 5, on: "x") }
        try await TestServer.run([route]) { server in
            let (head, body) = try await server.connect().exchange(request("GET", "/fail"))
            #expect(head.hasPrefix("HTTP/1.1 500 "))
            #expect(body == "{\"message\":\"read x: input/output error\"}\n")
            #expect(server.log.values == ["GET /fail: read x: input/output error"])
        }
    }

    @Test func `answers to HEAD and 304 have no body`() async throws {
        let routes = [
            Route("HEAD", "a") { _, response in try await response.send(200, body: [1, 2, 3]) },
            Route("POST", "b") { _, _ in throw EngineError(.notModified, "it runs") },
            hello,
        ]
        try await TestServer.run(routes) { server in
            let client = try server.connect()
            try await client.send(request("HEAD", "/a") + request("POST", "/b") + request("GET", "/hello/x"))
            #expect(try await client.receive(through: "\r\n\r\n").contains("Content-Length: 3\r\n"))
            #expect(try await client.receive(through: "\r\n\r\n").hasPrefix("HTTP/1.1 304 Not Modified\r\n"))
            #expect(try await client.answer().body == "hello x")
        }
    }

    @Test func `a stream of pieces is flushed at once, and ends the connection for HTTP 1_0`() async throws {
        let go = Latch()
        let route = Route("GET", "stream") { _, response in
            try await response.begin(type: "text/plain")
            try await go.wait()
            try await response.write(piece: Array("one".utf8))
        }
        try await TestServer.run([route]) { server in
            let modern = try server.connect()
            try await modern.send(request("GET", "/stream"))
            #expect(try await modern.receive(through: "\r\n\r\n").contains("Transfer-Encoding: chunked\r\n"))
            let old = try server.connect()
            try await old.send("GET /stream HTTP/1.0\r\n\r\n")
            #expect(try await old.receive(through: "\r\n\r\n").contains("Connection: close\r\n"))
            go.open()
            #expect(try await modern.receive(through: "0\r\n\r\n") == "3\r\none\r\n0\r\n\r\n")
            #expect(try await old.receiveAll() == "one")
        }
    }

    @Test func `a client that does not read costs no memory, and nothing is made for it`() async throws {
        let made = Collected<Int>()
        let route = Route("GET", "endless", endsWithClient: true) { _, response in
            try await response.begin(type: "text/plain")
            while true {
                made.add(1)
                try await response.write(piece: [UInt8](repeating: 0x61, count: 65536))
            }
        }
        try await TestServer.run([route, hello]) { server in
            do {
                let slow = try server.connect()
                try await slow.send(request("GET", "/endless"))
                _ = try await slow.receive(through: "\r\n\r\n")
                // The server goes on for others meanwhile, as often as it likes.
                for _ in 0..<50 {
                    _ = try await server.connect().exchange(request("GET", "/hello/x", "Connection: close"))
                }
                #expect(made.values.count < 20)
                // The last of them may still be on its way out.
                while server.server.activity.open > 1 { await Task.yield() }
                #expect(server.server.activity.open == 1)
            }
            // The client has gone: so has what was made for it.
            while server.server.activity.open > 0 { await Task.yield() }
        }
    }

    @Test func `a wait ends with its client, a change does not`() async throws {
        let (waiting, changing, changed) = (Latch(), Latch(), Latch())
        let ended = Latch()
        let routes = [
            Route("POST", "wait", endsWithClient: true) { _, response in
                try await response.begin(type: "text/plain")
                waiting.open()
                defer { ended.open() }
                try await Latch().wait()
            },
            Route("POST", "change") { _, response in
                changing.open()
                try await ended.wait()
                #expect(!Task.isCancelled)
                changed.open()
                try await response.send(204)
            },
        ]
        try await TestServer.run(routes) { server in
            do {
                let (first, second) = (try server.connect(), try server.connect())
                try await first.send(request("POST", "/wait"))
                try await second.send(request("POST", "/change"))
                try await waiting.wait()
                try await changing.wait()
            }
            try await ended.wait()
            try await changed.wait()
        }
    }

    @Test func `a client that has said everything still gets its answer`() async throws {
        let go = Latch()
        let route = Route("GET", "later", endsWithClient: true) { _, response in
            try await response.begin(type: "text/plain")
            try await go.wait()
            try await response.write(piece: Array("later".utf8))
        }
        try await TestServer.run([route]) { server in
            let client = try server.connect()
            try await client.send(request("GET", "/later"))
            client.endOutput()
            _ = try await client.receive(through: "\r\n\r\n")
            go.open()
            #expect(try await client.receiveAll() == "5\r\nlater\r\n0\r\n\r\n")
        }
    }

    @Test func `there is a limit to connections, which is told`() async throws {
        var limits = ServerLimits()
        limits.connections = 2
        try await TestServer.run([hello], limits: limits) { server in
            let (first, second) = (try server.connect(), try server.connect())
            _ = try await first.exchange(request("GET", "/hello/x"))
            _ = try await second.exchange(request("GET", "/hello/x"))
            let answer = try await server.connect().receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 503 "))
            #expect(answer.contains("2 connections, which is the limit"))
            #expect(try await first.exchange(request("GET", "/hello/y")).body == "hello y")
        }
    }

    @Test func `the end of the server answers what has arrived`() async throws {
        let (begun, go) = (Latch(), Latch())
        let route = Route("POST", "slow") { _, response in
            begun.open()
            try await go.wait()
            try await response.send(204)
        }
        try await TestServer.run([route, hello]) { server in
            let (busy, idle, new) = (try server.connect(), try server.connect(), try server.connect())
            _ = try await idle.exchange(request("GET", "/hello/x"))
            try await busy.send(request("POST", "/slow"))
            try await begun.wait()
            // It has connected and sent, and may not have been looked at.
            try await new.send(request("GET", "/hello/new"))
            server.server.stop()
            #expect(try await idle.receiveAll() == "")
            #expect(try await new.receiveAll().hasSuffix("hello new"))
            go.open()
            #expect(try await busy.receiveAll().hasPrefix("HTTP/1.1 204 "))
        }
    }

    @Test func `the socket is for its user alone`() async throws {
        try await TestServer.run([hello]) { server in
            var status = stat()
            #expect(lstat(server.path, &status) == 0)
            #expect(status.st_mode == S_IFSOCK | 0o600)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "becomes another user")) func `another user is refused`() async throws {
        try await TestServer.run([hello]) { server in
            chmod(server.path, 0o666)
            chmod(String(server.path[..<(server.path.lastIndex(of: "/") ?? server.path.endIndex)]), 0o711)
            let outcome = try await run(
                "/usr/bin/setpriv",
                ["--reuid=65534", "--clear-groups", "curl", "-s", "--unix-socket", server.path, "http://x/hello/x"]
            )
            #expect(outcome.output.contains("does not serve user 65534"), "\(outcome)")
        }
    }
}
