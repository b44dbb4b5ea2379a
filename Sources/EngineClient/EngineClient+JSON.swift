// SPDX-License-Identifier: Apache-2.0

import JSONTree

// Requests whose bodies are JSON.
extension EngineClient {
    /// Asks for a value.
    package func get<Value: Decodable>(
        _ type: Value.Type = Value.self,
        _ path: RequestPath,
        _ query: RequestQuery = [:]
    ) throws -> Value {
        try value(of: Request(.get, path, query))
    }

    /// Asks for a document as the engine writes it.
    package func getBytes(_ path: RequestPath, _ query: RequestQuery = [:]) throws -> [UInt8] {
        var response = try send(Request(.get, path, query))
        return try response.bytes()
    }

    /// Asks for something to be done, and for the value that it gives.
    package func post<Value: Decodable>(
        _ type: Value.Type = Value.self,
        _ path: RequestPath,
        _ query: RequestQuery = [:],
        body: Request.Body = .none
    ) throws -> Value {
        try value(of: Request(.post, path, query, body: body))
    }

    /// Asks what needs a body to be asked, and changes nothing.
    func ask<Value: Decodable>(_ type: Value.Type, _ path: RequestPath, _ body: Request.Body) throws -> Value {
        var request = Request(.post, path, body: body)
        request.isQuestion = true
        return try value(of: request)
    }

    /// Asks for something to be done.
    package func post(_ path: RequestPath, _ query: RequestQuery = [:], body: Request.Body = .none) throws {
        try finish(Request(.post, path, query, body: body))
    }

    /// Asks for something to be removed, and for what that removed.
    package func delete<Value: Decodable>(
        _ type: Value.Type = Value.self,
        _ path: RequestPath,
        _ query: RequestQuery = [:]
    ) throws -> Value {
        try value(of: Request(.delete, path, query))
    }

    /// Asks for something to be removed.
    package func delete(_ path: RequestPath, _ query: RequestQuery = [:]) throws {
        try finish(Request(.delete, path, query))
    }

    /// Sends a request and reads the answer to its end.
    package func finish(_ request: Request) throws {
        var response = try send(request)
        while try response.next() != nil {}
    }

    private func value<Value: Decodable>(of request: Request) throws -> Value {
        var response = try send(request)
        return try Self.decode(Value.self, try response.bytes())
    }

    /// Reads JSON that came from the engine.
    package static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws(ClientError) -> Value {
        do {
            return try JSON.decode(type, from: bytes)
        } catch {
            throw .malformed("\(error)")
        }
    }

    /// A value as the body of a request.
    package static func json(_ value: some Encodable) throws(ClientError) -> Request.Body {
        do {
            return .json(try JSON.encode(value))
        } catch {
            throw ClientError(.unreadableBody, "cannot write the request as JSON: \(error)")
        }
    }
}

extension Response {
    /// The next line of the body as a value; nil at the end.
    package mutating func nextValue<Value: Decodable>(_ type: Value.Type = Value.self) throws(ClientError) -> Value? {
        guard let line = try nextLine() else { return nil }
        return try EngineClient.decode(type, line)
    }
}
