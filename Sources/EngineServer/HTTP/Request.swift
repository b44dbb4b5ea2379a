// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import JSONTree

/// A request and what its path says.
package struct Request: Sendable {
    package let head: RequestHead
    /// The parts of the path that the route leaves open, by name.
    package let parameters: [String: String]
    let source: RequestSource
    let limits: ServerLimits

    package var query: Query { head.query }

    /// A part of the path; the route has it.
    package subscript(name: String) -> String { parameters[name, default: ""] }

    /// The body, which has to be JSON.
    ///
    /// - Parameters:
    ///   - type: What it is read as.
    ///   - absent: What no body at all stands for; nil refuses that.
    /// - Returns: The value.
    /// - Throws: `badParameter` for another content type, what cannot be read, or what is too large.
    package func json<Value: Decodable>(_ type: Value.Type, absent: Value? = nil) async throws -> Value {
        let bytes = try await jsonBytes()
        if bytes.isEmpty, let absent { return absent }
        return try Self.decode(type, bytes)
    }

    /// The body, which has to be JSON, where the same value has often been asked for before.
    ///
    /// - Parameter memo: Knows what bodies stood for.
    /// - Returns: The value.
    /// - Throws: `badParameter` for another content type, what cannot be read, or what is too large.
    func json<Value: Decodable>(knownTo memo: BodyMemo<Value>) async throws -> Value {
        let bytes = try await jsonBytes()
        if let known = memo[bytes] { return known }
        let value = try Self.decode(Value.self, bytes)
        memo.note(value, of: bytes)
        return value
    }

    private func jsonBytes() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        // Said in advance, so that nothing is sent for nothing.
        if case .fixed(let length) = head.body, length > limits.json { throw tooLarge }
        if head.body != .fixed(0) { try checkContentType() }
        while let piece = try await source.body() {
            bytes += piece
            if bytes.count > limits.json { throw tooLarge }
        }
        return bytes
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        if bytes.isEmpty { throw EngineError(.badParameter, "the request has no body; it has to be JSON") }
        do {
            return try JSON.decode(type, from: bytes)
        } catch let error as DecodingError {
            throw EngineError(unreadableBody: error)
        }
    }

    private var tooLarge: RequestProblem {
        RequestProblem(413, "the body of the request is larger than \(limits.json) bytes")
    }

    private func checkContentType() throws(EngineError) {
        let type = head.fields["content-type"] ?? ""
        let essence = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        if essence != "application/json" { throw .wrongContentType(type) }
    }

    /// Reads past a body that the operation has no use for, before the connection is handed over.
    func finishBody() async throws {
        guard await source.skipBody(limit: limits.json) else { throw tooLarge }
    }
}
