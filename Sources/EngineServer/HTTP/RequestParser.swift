// SPDX-License-Identifier: Apache-2.0

/// How much of everything a client may send.
package struct ServerLimits: Sendable {
    /// Bytes of the first line and the fields of a request, and of the trailers of a body.
    package var head = 64 << 10
    /// Fields of a request.
    package var fields = 256
    /// Bytes of a body that is JSON.
    package var json = 8 << 20
    /// Connections at once; further ones are told so and closed.
    package var connections = 1024

    package init() {}
}

/// Takes the requests of a connection apart as bytes arrive, however they are cut (RFC 9112).
///
/// The parser stops behind each request, so that what follows can be in another protocol. That is what NIO's decoder does
/// not do unless the request asks for an upgrade, and clients may attach without one.
package struct RequestParser: Sendable {
    /// A piece of a request.
    package enum Part: Equatable, Sendable {
        case head(RequestHead)
        /// The next bytes of the body, never none.
        case body([UInt8])
        case end
    }

    private enum State: Equatable {
        case head
        /// Bytes of the body that are missing.
        case fixed(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailers(Int)
    }

    private let limits: ServerLimits
    private var state = State.head
    private var buffer: [UInt8] = []
    /// Where what has not been taken begins, and up to where there is no end of a line.
    private var start = 0
    private var searched = 0
    private var lines: [[UInt8]] = []
    private var headLength = 0

    package init(limits: ServerLimits) {
        self.limits = limits
    }

    /// Adds what has arrived.
    package mutating func feed(_ bytes: [UInt8]) {
        if start == buffer.count {
            buffer = bytes
            (start, searched) = (0, 0)
        } else {
            buffer.removeFirst(start)
            searched -= start
            start = 0
            buffer += bytes
        }
    }

    /// Whether nothing of a request has arrived.
    package var isBetweenRequests: Bool { state == .head && lines.isEmpty && start == buffer.count }

    /// Takes everything that has arrived and belongs to no request.
    package mutating func takeRest() -> [UInt8] {
        defer { start = buffer.count }
        return Array(buffer[start...])
    }

    /// The next part.
    ///
    /// - Returns: Nil where more bytes are needed for it.
    /// - Throws: Why what has arrived is no request; nothing can be read after that.
    package mutating func next() throws(RequestProblem) -> Part? {
        while true {
            switch state {
            case .head: return try head().map { .head($0) }
            case .fixed(0): return end()
            case .fixed(let missing):
                guard let bytes = content(missing) else { return nil }
                state = .fixed(missing - bytes.count)
                return .body(bytes)
            case .chunkSize:
                guard let line = try line(limit: 1024) else { return nil }
                let size = try Self.chunkSize(line)
                state = size == 0 ? .trailers(0) : .chunk(size)
            case .chunk(0): state = .chunkEnd
            case .chunk(let missing):
                guard let bytes = content(missing) else { return nil }
                state = .chunk(missing - bytes.count)
                return .body(bytes)
            case .chunkEnd:
                guard let line = try line(limit: 0) else { return nil }
                guard line.isEmpty else { throw RequestProblem("a chunk is longer than it says") }
                state = .chunkSize
            case .trailers(let length):
                guard let line = try line(limit: limits.head - length) else { return nil }
                if line.isEmpty { return end() }
                state = .trailers(length + line.count + 2)
            }
        }
    }

    private mutating func end() -> Part {
        state = .head
        return .end
    }

    private mutating func head() throws(RequestProblem) -> RequestHead? {
        while let line = try line(limit: limits.head - headLength) {
            // An empty line before a request is left over from the one before (RFC 9112 section 2.2).
            if line.isEmpty, lines.isEmpty { continue }
            headLength += line.count + 2
            if line.isEmpty {
                let head = try RequestHead(lines: lines)
                lines = []
                headLength = 0
                state =
                    switch head.body {
                    case .fixed(let length): .fixed(length)
                    case .chunked: .chunkSize
                    }
                return head
            }
            if lines.count > limits.fields {
                throw RequestProblem(431, "the request has more than \(limits.fields) fields")
            }
            lines.append(line)
        }
        return nil
    }

    /// The next line without its end, which is CR LF.
    private mutating func line(limit: Int) throws(RequestProblem) -> [UInt8]? {
        guard let end = buffer[searched...].firstIndex(of: 0x0A) else {
            searched = buffer.count
            if buffer.count - start > limit + 1 { throw tooLong }
            return nil
        }
        guard end > start, buffer[end - 1] == 0x0D else { throw RequestProblem("a line does not end with CR LF") }
        let line = Array(buffer[start..<end - 1])
        if line.count > limit { throw tooLong }
        start = end + 1
        searched = start
        return line
    }

    private var tooLong: RequestProblem {
        state == .head
            ? RequestProblem(431, "the head of the request is longer than \(limits.head) bytes")
            : RequestProblem("a line between the chunks of the body is too long")
    }

    private mutating func content(_ most: Int) -> [UInt8]? {
        let piece = buffer[start...].prefix(most)
        if piece.isEmpty { return nil }
        start += piece.count
        searched = start
        return Array(piece)
    }

    /// The length in front of a chunk; what follows `;` is ignored (RFC 9112 section 7.1.1).
    private static func chunkSize(_ line: [UInt8]) throws(RequestProblem) -> Int {
        let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 && $0 != 0x09 }
        let isHexadecimal = digits.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
        guard (1...15).contains(digits.count), isHexadecimal,
            let size = Int(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw RequestProblem("a chunk of the body has no length") }
        return size
    }
}
