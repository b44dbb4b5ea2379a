// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import JSONTree

/// Writes the answer to one request: whole, piece by piece, or as the start of another protocol.
package actor ResponseWriter {
    /// What has been written.
    private enum State {
        case nothing
        /// A body of pieces; chunked, or ended by the end of the connection for clients of HTTP/1.0.
        case streaming(isChunked: Bool)
        /// The connection belongs to another protocol.
        case handedOver
        case complete
    }

    private let connection: Connection
    private let method: String
    private let minorVersion: Int
    private let wantsUpgrade: Bool
    private let common: [(name: String, value: String)]
    private var state = State.nothing
    private var isWriting = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    /// Whether the connection may carry a further request.
    private var keepsConnection: Bool

    /// A writer of one answer.
    ///
    /// - Parameters:
    ///   - connection: Where to.
    ///   - head: The request; nil where it cannot be read, after which the connection ends.
    ///   - common: The header fields of every answer.
    init(_ connection: Connection, to head: RequestHead?, common: [(name: String, value: String)]) {
        self.connection = connection
        self.common = common
        method = head?.method ?? ""
        minorVersion = head?.minorVersion ?? 1
        wantsUpgrade = head?.wantsUpgrade ?? false
        keepsConnection = head?.keepsAlive ?? false
    }

    /// Answers with an error.
    ///
    /// - Parameter error: What went wrong: an ``EngineError`` and a ``RequestProblem`` know their status, all others are
    ///   failures of the engine.
    /// - Throws: The error of the connection.
    package func fail(_ error: any Error) async throws {
        let (status, message): (Int, String) =
            switch error {
            case let error as EngineError: (error.code.httpStatus, error.message)
            case let problem as RequestProblem: (problem.status, problem.description)
            case is CancellationError: (503, "the engine ends, or the request was given up")
            default: (500, "\(error)")
            }
        if error is RequestProblem { keepsConnection = false }
        if status == 304 {
            try await send(status)
        } else {
            try await send(status, json: ErrorResponse(message: message))
        }
    }

    /// Whether the connection belongs to another protocol.
    package var isHandedOver: Bool { if case .handedOver = state { true } else { false } }

    /// Whether a status has been sent.
    package var hasBegun: Bool { if case .nothing = state { false } else { true } }

    /// Whether everything has been sent, and the connection may carry a further request.
    var leavesConnection: Bool { if case .complete = state { keepsConnection } else { false } }

    /// The connection is closed behind this answer.
    package func closeConnection() { keepsConnection = false }

    /// Answers with a whole body.
    ///
    /// - Parameters:
    ///   - status: The status.
    ///   - fields: Header fields besides those of every answer.
    ///   - type: The content type; nil where there is no body.
    ///   - body: The body.
    /// - Throws: The error of the connection.
    package func send(
        _ status: Int,
        _ fields: [(name: String, value: String)] = [],
        type: String? = nil,
        body: [UInt8] = []
    ) async throws {
        precondition(!hasBegun, "a request has one answer")
        state = .complete
        var fields = fields
        if let type { fields.append(("Content-Type", type)) }
        // These have no body, and no length of one (RFC 9110 section 8.6).
        let hasNoBody = status == 204 || status == 304
        if !hasNoBody { fields.append(("Content-Length", "\(body.count)")) }
        let start = bytes(status, fields)
        try await write(hasNoBody || method == "HEAD" ? start : start + body)
    }

    /// Answers with a value as JSON.
    package func send(_ status: Int = 200, json value: some Encodable) async throws {
        try await send(status, type: "application/json", body: try Self.line(of: value))
    }

    /// A value as JSON with a line end.
    private static func line(of value: some Encodable) throws -> [UInt8] {
        try JSON.encode(value) + [0x0A]
    }

    /// Begins an answer of pieces; the status and the header are sent at once.
    ///
    /// - Parameters:
    ///   - type: The content type.
    ///   - fields: Header fields besides those of every answer.
    /// - Throws: The error of the connection.
    package func begin(type: String, _ fields: [(name: String, value: String)] = []) async throws {
        precondition(!hasBegun, "a request has one answer")
        let isChunked = minorVersion == 1
        if !isChunked { keepsConnection = false }
        state = method == "HEAD" ? .complete : .streaming(isChunked: isChunked)
        let coding = isChunked ? [("Transfer-Encoding", "chunked")] : []
        try await write(bytes(200, fields + [("Content-Type", type)] + coding))
    }

    /// Sends a piece; waits while the client does not read.
    package func write(piece: [UInt8]) async throws {
        guard case .streaming(let isChunked) = state, !piece.isEmpty else { return }
        if isChunked {
            try await write(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [0x0D, 0x0A])
        } else {
            try await write(piece)
        }
    }

    /// Sends a value as a line of JSON.
    package func write(line value: some Encodable & Sendable) async throws {
        try await write(piece: try Self.line(of: value))
    }

    /// Ends an answer of pieces.
    package func finish() async throws {
        guard case .streaming(let isChunked) = state else { return }
        state = .complete
        if isChunked { try await write(Array("0\r\n\r\n".utf8)) }
    }

    /// Hands the connection over to another protocol.
    ///
    /// A client that asked for an upgrade gets 101, as Go's client wants it; others get 200.
    ///
    /// - Parameter type: The content type.
    /// - Throws: The error of the connection.
    package func handOver(type: String) async throws {
        precondition(!hasBegun, "a request has one answer")
        state = .handedOver
        keepsConnection = false
        var fields = [(name: "Content-Type", value: type)]
        if wantsUpgrade {
            fields += [("Connection", "Upgrade"), ("Upgrade", "tcp")]
        } else {
            fields.append(("Connection", "close"))
        }
        try await write(bytes(wantsUpgrade ? 101 : 200, fields))
    }

    /// Sends bytes of the other protocol.
    package func write(raw bytes: [UInt8]) async throws {
        guard case .handedOver = state, !bytes.isEmpty else { return }
        try await write(bytes)
    }

    private func bytes(_ status: Int, _ fields: [(name: String, value: String)]) -> [UInt8] {
        var text = "HTTP/1.1 \(status) \(Self.reasons[status] ?? "Unknown")\r\n"
        for field in common + fields {
            // A value that came from an image or a container must not begin a line of its own.
            let value = field.value.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
            text += "\(field.name): \(String(String.UnicodeScalarView(value)))\r\n"
        }
        if !keepsConnection, status != 101, !fields.contains(where: { $0.name == "Connection" }) {
            text += "Connection: close\r\n"
        } else if keepsConnection, minorVersion == 0 {
            text += "Connection: keep-alive\r\n"
        }
        return Array((text + "\r\n").utf8)
    }

    /// Writes one after the other, whoever writes.
    private func write(_ bytes: [UInt8]) async throws {
        while isWriting { await withCheckedContinuation { waiting.append($0) } }
        isWriting = true
        defer {
            isWriting = false
            if !waiting.isEmpty { waiting.removeFirst().resume() }
        }
        try await connection.write(bytes)
    }

    private static let reasons: [Int: String] = [
        101: "UPGRADED", 200: "OK", 201: "Created", 204: "No Content", 304: "Not Modified", 400: "Bad Request",
        401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict", 413: "Content Too Large",
        417: "Expectation Failed", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
        501: "Not Implemented", 503: "Service Unavailable", 505: "HTTP Version Not Supported",
    ]
}
