// SPDX-License-Identifier: Apache-2.0

/// Reads the requests of a connection: a head, its body, and so on, or what comes after them in another protocol.
///
/// Nothing is read that nobody asks for, so that a client which sends faster than its bytes are used has to wait.
actor RequestSource {
    private let connection: Connection
    private var parser: RequestParser
    /// Whether the client still waits for leave to send the body.
    private var owesContinue = false
    /// Whether the body of the present request has ended.
    private var isAtEnd = true

    init(_ connection: Connection, limits: ServerLimits) {
        self.connection = connection
        parser = RequestParser(limits: limits)
    }

    /// The head of the next request.
    ///
    /// - Parameter begun: Called when the first bytes are there.
    /// - Returns: Nil at the end of the connection.
    /// - Throws: ``RequestProblem``, or the error of the connection.
    func head(begun: @Sendable () -> Void) async throws -> RequestHead? {
        var hasBegun = false
        while true {
            if !hasBegun, !parser.isBetweenRequests {
                hasBegun = true
                begun()
            }
            if case .head(let head) = try parser.next() {
                owesContinue = head.expectsContinue
                isAtEnd = false
                return head
            }
            let bytes = try await connection.read()
            if bytes.isEmpty {
                if parser.isBetweenRequests { return nil }
                throw RequestProblem("the connection ends within the head of a request")
            }
            parser.feed(bytes)
        }
    }

    /// The next bytes of the body; nil at its end.
    func body() async throws -> [UInt8]? {
        if isAtEnd { return nil }
        while true {
            switch try parser.next() {
            case .body(let bytes): return bytes
            case .end, .head:
                isAtEnd = true
                return nil
            case nil:
                try await allowBody()
                let bytes = try await connection.read()
                if bytes.isEmpty { throw RequestProblem("the connection ends within the body of a request") }
                parser.feed(bytes)
            }
        }
    }

    /// Tells a client that waits for it to send its body.
    func allowBody() async throws {
        guard owesContinue else { return }
        owesContinue = false
        try await connection.write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
    }

    /// Reads past what is left of the body.
    ///
    /// - Parameter limit: The most bytes to read.
    /// - Returns: Whether the body has ended.
    func skipBody(limit: Int) async -> Bool {
        // A client that was not told to go on may send the body or not: what comes next cannot be told.
        if owesContinue { return false }
        var rest = limit
        while rest > 0 {
            guard let bytes = try? await body() else { return isAtEnd }
            rest -= bytes.count
        }
        return false
    }

    /// The next bytes behind the request, which are no HTTP; nil at the end.
    func raw() async throws -> [UInt8]? {
        let early = parser.takeRest()
        if !early.isEmpty { return early }
        let bytes = try await connection.read()
        return bytes.isEmpty ? nil : bytes
    }
}
