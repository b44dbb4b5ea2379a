// SPDX-License-Identifier: Apache-2.0

import Engine
import EngineServer
import Linux
import Synchronization
import TestSupport

/// A server with routes of the test's own, on a socket of its own.
struct TestServer: Sendable {
    let path: String
    let server: EngineServer
    /// What the server wrote into its log.
    let log: Collected<String>

    func connect() throws -> RawClient { try RawClient(path) }

    /// Runs a server for as long as a function runs.
    static func run<Result: Sendable>(
        _ routes: [Route],
        user: UInt32 = 0,
        limits: ServerLimits = ServerLimits(),
        _ body: (TestServer) async throws -> Result
    ) async throws -> Result {
        let scratch = try Scratch()
        let listener = try Listener(at: scratch / "socket")
        let log = Collected<String>()
        let server = EngineServer(Router(routes), on: listener, for: user, limits: limits) { log.add($0) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await server.run() }
            // Whatever the body does: what waits for the server's end must find it.
            defer {
                server.stop()
                listener.remove()
                group.cancelAll()
            }
            return try await body(TestServer(path: scratch / "socket", server: server, log: log))
        }
    }
}

/// The engine's type, where Testing's of the same name is not in the way.
typealias EngineAttachment = Attachment

/// Values that come from several tasks.
final class Collected<Value: Sendable>: Sendable {
    private let kept = Mutex<[Value]>([])

    func add(_ value: Value) { kept.withLock { $0.append(value) } }
    var values: [Value] { kept.withLock(\.self) }
}

/// A client that writes and reads bytes as the test says.
final class RawClient: Sendable {
    private let socket: Descriptor
    private let kept = Mutex<[UInt8]>([])

    init(_ path: String) throws {
        socket = try Descriptor.connectedStream(to: path)
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws {
        var written = 0
        while written < bytes.count {
            let count = try bytes.withUnsafeBytes {
                try socket.sendSome(UnsafeRawBufferPointer(rebasing: $0[written...]))
            }
            written += count
            if count == 0 { try await Reactor.shared.wait(for: socket.number, .writable) }
        }
    }

    /// How many bytes go in until the server does not take any more.
    func sendUntilFull(_ piece: [UInt8], limit: Int) throws -> Int {
        var total = 0
        while total < limit {
            let count = try piece.withUnsafeBytes { try socket.sendSome($0) }
            if count == 0 { return total }
            total += count
        }
        return total
    }

    func endOutput() { socket.shutDown(isOutput: true) }

    /// The next bytes; nil at the end.
    func receive() async throws -> [UInt8]? {
        let early = kept.withLock { bytes in
            defer { bytes = [] }
            return bytes
        }
        if !early.isEmpty { return early }
        while true {
            if let bytes = try socket.receive(limit: 1 << 16) { return bytes.isEmpty ? nil : bytes }
            try await Reactor.shared.wait(for: socket.number, .readable)
        }
    }

    /// Everything up to a text and with it; what follows is kept.
    func receive(through mark: String) async throws -> String {
        var bytes: [UInt8] = []
        while let piece = try await receive() {
            bytes += piece
            if let range = bytes.firstRange(of: Array(mark.utf8)) {
                kept.withLock { $0 = Array(bytes[range.upperBound...]) }
                return String(decoding: bytes[..<range.upperBound], as: UTF8.self)
            }
        }
        throw SystemFailure(message: "the end came before `\(mark)`: \(String(decoding: bytes, as: UTF8.self))")
    }

    func receive(count: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            guard let piece = try await receive() else { return bytes }
            bytes += piece
        }
        let rest = bytes[count...]
        kept.withLock { $0 = Array(rest) }
        return Array(bytes[..<count])
    }

    /// Everything up to the end.
    func receiveAll() async throws -> String {
        var bytes: [UInt8] = []
        while let piece = try await receive() { bytes += piece }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Sends a request and reads its whole answer, whose length its header says.
    func exchange(_ request: String) async throws -> (head: String, body: String) {
        try await send(request)
        return try await answer()
    }

    func answer() async throws -> (head: String, body: String) {
        let head = try await receive(through: "\r\n\r\n")
        let length = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
            .flatMap { Int($0.dropFirst("Content-Length: ".count)) }
        let body = try await receive(count: length ?? 0)
        return (head, String(decoding: body, as: UTF8.self))
    }
}

/// A request without a body.
func request(_ method: String, _ target: String, _ fields: String...) -> String {
    "\(method) \(target) HTTP/1.1\r\nHost: x\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
}

/// A program that runs on a thread of its own, so that the server of the test goes on.
func run(_ program: String, _ arguments: [String], environment: [String: String]? = nil) async throws -> Command.Outcome
{
    try await BlockingCall.run {
        try Command(program, arguments, environment: environment).run()
    }
}
