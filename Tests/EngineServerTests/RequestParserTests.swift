// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineServer
import Testing

/// What a parser made of bytes: one line for each head, body and end.
private func parts(_ pieces: [[UInt8]], limits: ServerLimits = ServerLimits()) throws -> [String] {
    var parser = RequestParser(limits: limits)
    var found: [String] = []
    var body: [UInt8] = []
    for piece in pieces {
        parser.feed(piece)
        while let part = try parser.next() {
            switch part {
            case .head(let head): found.append("\(head.method) \(head.path.joined(separator: "|"))")
            case .body(let bytes): body += bytes
            case .end:
                found.append(String(decoding: body, as: UTF8.self))
                body = []
            }
        }
    }
    return found
}

private let twoRequests =
    "POST /a/b%2Fc?x=1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    + "3\r\nabc\r\nA;name=value\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n"
    + "\r\nPUT /d HTTP/1.1\r\nHost: x\r\ncontent-length: 2\r\n\r\nhi"

@Suite struct `Requests` {
    @Test(arguments: [1, 2, 3, 5, 17, 1000])
    func `requests are read however they are cut`(size: Int) throws {
        let bytes = Array(twoRequests.utf8)
        let pieces = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
        #expect(try parts(pieces) == ["POST a|b/c", "abc0123456789", "PUT d", "hi"])
    }

    @Test func `what follows a request is left alone`() throws {
        var parser = RequestParser(limits: ServerLimits())
        parser.feed(Array("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}\u{1}\u{2}raw".utf8))
        while let part = try parser.next(), part != .end {}
        #expect(parser.takeRest() == Array("\u{1}\u{2}raw".utf8))
        #expect(parser.takeRest() == [])
        #expect(parser.isBetweenRequests)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\n\n", 400), ("GET  / HTTP/1.1\r\n\r\n", 400), ("GET /\r\n\r\n", 400),
        ("G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400), ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        ("GET / FTP/1.1\r\nHost: x\r\n\r\n", 400), ("GET x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400), ("GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n", 400), ("GET /\u{1} HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nA: b\u{0}c\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: x\r\nExpect: cake\r\n\r\n", 417),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400),
    ])
    func `what is no request is refused`(text: String, status: Int) throws {
        let problem = #expect(throws: RequestProblem.self) { try parts([Array(text.utf8)]) }
        #expect(problem?.status == status)
    }

    @Test func `a head has its limits`() throws {
        var limits = ServerLimits()
        limits.head = 100
        limits.fields = 3
        let long = "GET /\(String(repeating: "a", count: 200))"
        #expect(throws: RequestProblem(431, "the head of the request is longer than 100 bytes")) {
            try parts([Array(long.utf8)], limits: limits)
        }
        let many = "GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n"
        #expect(throws: RequestProblem(431, "the request has more than 3 fields")) {
            try parts([Array(many.utf8)], limits: limits)
        }
        // Pieces by pieces, so that no single one is too long.
        let drip = ["GET / HTTP/1.1\r\nHost: x\r\n"] + (0..<20).map { "Field-\($0): value\r\n" }
        #expect(throws: RequestProblem.self) { try parts(drip.map { Array($0.utf8) }, limits: limits) }
    }

    @Test(arguments: [
        ("/v1.41/_ping", ["_ping"], APIVersion(1, 41)), ("/_ping", ["_ping"], .current),
        ("http://host/v1.24/info", ["info"], APIVersion(1, 24)), ("/volumes/v1.2", ["volumes", "v1.2"], .current),
        ("/v1/x", ["v1", "x"], .current), ("http://host?x=1", [""], .current),
    ])
    func `the version is taken off the path`(target: String, path: [String], version: APIVersion) throws {
        var parser = RequestParser(limits: ServerLimits())
        parser.feed(Array("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        guard case .head(let head) = try parser.next() else {
            Issue.record("there is a head")
            return
        }
        #expect(head.path == path)
        #expect(head.version == version)
    }

    @Test(arguments: [
        ("1.1", "", true), ("1.1", "Connection: close\r\n", false), ("1.1", "Connection: a, Close\r\n", false),
        ("1.0", "", false), ("1.0", "Connection: keep-alive\r\n", true),
    ])
    func `a connection is kept as the client says`(version: String, fields: String, isKept: Bool) throws {
        var parser = RequestParser(limits: ServerLimits())
        parser.feed(Array("GET / HTTP/\(version)\r\nHost: x\r\n\(fields)\r\n".utf8))
        guard case .head(let head) = try parser.next() else {
            Issue.record("there is a head")
            return
        }
        #expect(head.keepsAlive == isKept)
    }
}
