// SPDX-License-Identifier: Apache-2.0

import Engine
import EngineAPI
import Glibc
import Linux
import Synchronization
import TestSupport
import Testing

@testable import EngineServer

/// A process of the test's own: what it writes comes from the test, and what it reads goes there.
private final class Process: InputSink, Sendable {
    let input = Collected<[UInt8]>()
    let inputEnded = Latch()
    let detached = Latch()
    /// Whether it was the keys, for each time that it was detached.
    let departures = Collected<Bool>()
    /// Opened for the input to be taken.
    let reads = Latch()
    private let pieces: AsyncStream<OutputPiece>
    private let source: AsyncStream<OutputPiece>.Continuation

    init(reads: Bool = true) {
        (pieces, source) = AsyncStream.makeStream()
        if reads { self.reads.open() }
    }

    func write(_ stream: StandardStream, _ text: String) { source.yield(OutputPiece(stream, Array(text.utf8))) }
    func exit() { source.finish() }

    func write(_ bytes: [UInt8]) async throws {
        try await reads.wait()
        input.add(bytes)
    }

    func close() async { inputEnded.open() }

    var text: String { String(decoding: input.values.flatMap(\.self), as: UTF8.self) }

    func attachment(hasTerminal: Bool = false, takesInput: Bool = true) -> EngineAttachment {
        let iterator = Mutex(pieces)
        let output = OutputStream {
            let stream = iterator.withLock(\.self)
            for await piece in stream { return piece }
            return nil
        }
        return EngineAttachment(hasTerminal: hasTerminal, output: output, input: takesInput ? self : nil) {
            self.departures.add($0)
            self.detached.open()
        }
    }
}

private func attachRoute(_ attachment: EngineAttachment, keys: String? = nil) -> Route {
    Route("POST", "attach", endsWithClient: true) { request, response in
        try await request.finishBody()
        try await response.handOver(type: request.streamType(hasTerminal: attachment.hasTerminal))
        let session = AttachedSession(
            attachment: attachment,
            source: request.source,
            writer: response,
            keys: try DetachKeys(keys)
        )
        try await session.run()
    }
}

private let upgrade = ["Connection: Upgrade", "Upgrade: tcp"]

private func attachRequest(_ fields: [String], body: String = "") -> String {
    let type = body.isEmpty ? [] : ["Content-Type: application/json", "Content-Length: \(body.utf8.count)"]
    return "POST /attach HTTP/1.1\r\nHost: x\r\n" + (fields + type).map { $0 + "\r\n" }.joined() + "\r\n" + body
}

@Suite struct `Attached streams` {
    @Test(arguments: [true, false], [true, false])
    func `bytes go both ways, from those sent early on`(isUpgrade: Bool, hasBody: Bool) async throws {
        let process = Process()
        try await TestServer.run([attachRoute(process.attachment())]) { server in
            let client = try server.connect()
            let request = attachRequest(isUpgrade ? upgrade : [], body: hasBody ? "{\"Detach\":false}" : "")
            // What follows looks like a request, and is none.
            try await client.send(request + "GET /early HTTP/1.1\r\n\r\n")
            let head = try await client.receive(through: "\r\n\r\n")
            #expect(head.hasPrefix(isUpgrade ? "HTTP/1.1 101 UPGRADED\r\n" : "HTTP/1.1 200 OK\r\n"))
            #expect(head.contains("Upgrade: tcp\r\n") == isUpgrade)
            #expect(head.contains("Content-Type: application/vnd.docker.multiplexed-stream\r\n"))
            #expect(!head.contains("Transfer-Encoding"))
            process.write(.output, "out")
            process.write(.errors, "err")
            #expect(
                try await client.receive(count: 22) == [1, 0, 0, 0, 0, 0, 0, 3] + Array("out".utf8) + [
                    2, 0, 0, 0, 0, 0, 0, 3,
                ] + Array("err".utf8)
            )
            try await client.send(" and more")
            client.endOutput()
            try await process.inputEnded.wait()
            #expect(process.text == "GET /early HTTP/1.1\r\n\r\n and more")
            // The input has ended, and the output goes on.
            process.write(.output, "last")
            process.exit()
            #expect(try await client.receiveAll() == "\u{1}\0\0\0\0\0\0\u{4}last")
            try await process.detached.wait()
            #expect(process.departures.values == [false])
        }
    }

    @Test func `the end of the process ends the connection while the client still could write`() async throws {
        let process = Process(reads: false)
        try await TestServer.run([attachRoute(process.attachment(hasTerminal: true))]) { server in
            let client = try server.connect()
            try await client.send(attachRequest(upgrade) + "typed")
            #expect(try await client.receive(through: "\r\n\r\n").contains("raw-stream"))
            process.write(.output, "bye")
            process.exit()
            // An end, and no reset, although input is left that nobody has read.
            try? await client.send("more")
            #expect(try await client.receiveAll() == "bye")
        }
    }

    @Test func `detach keys end the connection of a terminal`() async throws {
        let process = Process()
        try await TestServer.run([attachRoute(process.attachment(hasTerminal: true))]) { server in
            let client = try server.connect()
            try await client.send(attachRequest(upgrade) + "a\u{10}")
            _ = try await client.receive(through: "\r\n\r\n")
            try await client.send("\u{11}never")
            #expect(try await client.receiveAll() == "")
            try await process.detached.wait()
            #expect(process.departures.values == [true])
            #expect(process.text == "a")
            #expect(!process.inputEnded.isOpen)
        }
    }

    @Test func `without a terminal the keys are bytes like others`() async throws {
        let process = Process()
        try await TestServer.run([attachRoute(process.attachment())]) { server in
            let client = try server.connect()
            try await client.send(attachRequest(upgrade) + "\u{10}\u{11}b")
            client.endOutput()
            try await process.inputEnded.wait()
            #expect(process.text == "\u{10}\u{11}b")
        }
    }

    @Test func `a process that does not read makes the client wait`() async throws {
        let process = Process(reads: false)
        try await TestServer.run([attachRoute(process.attachment())]) { server in
            let client = try server.connect()
            try await client.send(attachRequest(upgrade))
            _ = try await client.receive(through: "\r\n\r\n")
            let piece = [UInt8](repeating: 0x61, count: 4096)
            var sent = 0
            // The kernel's buffer and the pieces in hand are all that fits, however often the client tries.
            for _ in 0..<200 {
                sent += try client.sendUntilFull(piece, limit: 8 << 20)
                await Task.yield()
            }
            #expect(sent < 4 << 20)
            process.reads.open()
            client.endOutput()
            try await process.inputEnded.wait()
            #expect(process.input.values.map(\.count).reduce(0, +) == sent)
        }
    }

    @Test func `input that nobody takes is dropped`() async throws {
        let process = Process()
        try await TestServer.run([attachRoute(process.attachment(takesInput: false))]) { server in
            let client = try server.connect()
            try await client.send(attachRequest(upgrade))
            _ = try await client.receive(through: "\r\n\r\n")
            try await client.send([UInt8](repeating: 0x61, count: 4 << 20))
            client.endOutput()
            process.write(.output, "here")
            process.exit()
            #expect(try await client.receiveAll().hasSuffix("here"))
        }
    }

    @Test func `a client that goes away is detached`() async throws {
        let process = Process()
        try await TestServer.run([attachRoute(process.attachment())]) { server in
            do {
                let client = try server.connect()
                try await client.send(attachRequest(upgrade))
                _ = try await client.receive(through: "\r\n\r\n")
            }
            try await process.detached.wait()
            #expect(process.departures.values == [false])
        }
    }

    @Test(arguments: [("1.41", "raw-stream"), ("1.42", "multiplexed-stream")])
    func `the type of the stream is the one that the client knows`(version: String, type: String) async throws {
        let process = Process()
        try await TestServer.run([attachRoute(process.attachment())]) { server in
            let client = try server.connect()
            try await client.send(request("POST", "/v\(version)/attach", "Connection: Upgrade", "Upgrade: tcp"))
            #expect(try await client.receive(through: "\r\n\r\n").contains("application/vnd.docker.\(type)\r\n"))
            process.exit()
        }
    }
}

@Suite struct `Uploads` {
    /// Reads a pipe to its end, on a thread of its own as the engine does.
    private static func count(_ reader: consuming Descriptor) async throws -> Int {
        let number = reader.release()
        return try await BlockingCall.run {
            let reader = Descriptor(owning: number)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 1)
            defer { buffer.deallocate() }
            var total = 0
            while true {
                let count = try reader.read(into: buffer)
                if count == 0 { return total }
                total += count
            }
        }
    }

    private static let counting = Route("PUT", "upload", endsWithClient: true) { request, response in
        let total = try await request.upload { try await count($0) }
        try await response.send(200, type: "text/plain", body: Array("\(total)".utf8))
    }

    @Test(arguments: [true, false]) func `a body arrives whole in a pipe`(isChunked: Bool) async throws {
        let scratch = try Scratch()
        let file = try scratch.write("body", bytes: [UInt8](repeating: 7, count: 3_000_001))
        try await TestServer.run([Self.counting]) { server in
            let field = isChunked ? ["-H", "Transfer-Encoding: chunked"] : []
            let outcome = try await run(
                "/usr/bin/curl",
                ["-s", "--unix-socket", server.path, "-T", file] + field + ["http://x/upload"]
            )
            #expect(outcome.output == "3000001")
        }
    }

    @Test func `an operation that ends early ends the upload`() async throws {
        let route = Route("PUT", "refuse") { request, response in
            try await request.upload { (reader: consuming Descriptor) in
                throw EngineError(.badParameter, "this is no archive")
            }
        }
        try await TestServer.run([route]) { server in
            let client = try server.connect()
            try await client.send(
                "PUT /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n\(String(repeating: "a", count: 100_000))"
            )
            let (head, body) = try await client.answer()
            #expect(head.hasPrefix("HTTP/1.1 400 "))
            #expect(body == "{\"message\":\"this is no archive\"}\n")
        }
    }

    @Test func `a body that ends early cancels the operation before its end is seen`() async throws {
        let seen = Collected<Bool>()
        let route = Route("PUT", "upload", endsWithClient: true) { request, response in
            try await request.upload { (reader: consuming Descriptor) in
                _ = try await Self.count(reader)
                seen.add(Task.isCancelled)
            }
            try await response.send(200)
        }
        try await TestServer.run([route]) { server in
            let client = try server.connect()
            try await client.send("PUT /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
            client.endOutput()
            let (head, body) = try await client.answer()
            #expect(head.hasPrefix("HTTP/1.1 400 "))
            #expect(body.contains("the connection ends within the body"))
            #expect(seen.values == [true])
        }
    }

    @Test func `an engine that does not read makes the client wait`() async throws {
        let go = Latch()
        let route = Route("PUT", "upload") { request, response in
            let total = try await request.upload { (reader: consuming Descriptor) in
                let number = reader.release()
                try await go.wait()
                return try await Self.count(Descriptor(owning: number))
            }
            try await response.send(200, body: Array("\(total)".utf8))
        }
        try await TestServer.run([route]) { server in
            let client = try server.connect()
            let size = 32 << 20
            try await client.send("PUT /upload HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n")
            let piece = [UInt8](repeating: 1, count: 4096)
            var sent = 0
            for _ in 0..<200 {
                sent += try client.sendUntilFull(piece, limit: size - sent)
                await Task.yield()
            }
            #expect(sent < 4 << 20)
            go.open()
            try await client.send([UInt8](repeating: 1, count: size - sent))
            #expect(try await client.answer().body == "\(size)")
        }
    }
}
