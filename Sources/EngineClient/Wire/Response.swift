// SPDX-License-Identifier: Apache-2.0

/// An answer of the engine, whose body is read as it comes.
package struct Response: ~Copyable {
    package let head: ResponseHead
    private var connection: Connection
    private var framing: ResponseHead.Framing
    /// What is left of the current chunk; the line break behind it is not counted.
    private var chunkLeft = 0
    private var isWithinChunks = false
    /// What was taken out of the body and belongs to the next line.
    private var lineRest: [UInt8] = []

    private static let pieceSize = 1 << 16
    private static let longestChunkLine = 4096

    init(_ connection: consuming Connection, _ method: Request.Method) throws(ClientError) {
        var connection = connection
        let head = try ResponseHead.read(from: &connection)
        let framing = try head.framing(of: method)
        self.head = head
        self.framing = framing
        self.connection = connection
    }

    /// Takes the connection over.
    consuming func hijack() -> HijackedStream {
        let contentType = head["Content-Type"] ?? ""
        return connection.hijack(contentType: contentType)
    }

    /// The descriptor of the connection, for poll(2) where several answers are awaited; see ``hasArrived``.
    package var number: Int32 { connection.number }

    /// Whether something of the body was received already, so that ``next()`` need not wait and poll(2) may tell of nothing.
    package var hasArrived: Bool {
        if lineRest.contains(UInt8(ascii: "\n")) { return true }
        // Behind a chunk its line break comes, which gives nothing by itself.
        return connection.unreadCount > (isWithinChunks && chunkLeft == 0 ? 2 : 0)
    }

    /// The next bytes of the body as they come; nil at the end.
    ///
    /// - Throws: `truncated` where the connection ends before the body does.
    package mutating func next() throws(ClientError) -> [UInt8]? {
        switch framing {
        case .empty: return nil
        case .untilClose: return try connection.some(atMost: Self.pieceSize)
        case .length(0):
            framing = .empty
            return nil
        case .length(let left):
            guard let piece = try connection.some(atMost: min(left, Self.pieceSize)) else { throw .truncated }
            framing = .length(left - piece.count)
            return piece
        case .chunked: return try nextOfChunks()
        }
    }

    private mutating func nextOfChunks() throws(ClientError) -> [UInt8]? {
        if chunkLeft == 0 {
            if isWithinChunks, try chunkLine() != [] { throw .malformed("a chunk is longer than it says") }
            isWithinChunks = true
            chunkLeft = try Self.size(of: try chunkLine())
            if chunkLeft == 0 {
                _ = try ResponseHead.headers(from: &connection)
                framing = .empty
                return nil
            }
        }
        guard let piece = try connection.some(atMost: min(chunkLeft, Self.pieceSize)) else { throw .truncated }
        chunkLeft -= piece.count
        return piece
    }

    private mutating func chunkLine() throws(ClientError) -> [UInt8] {
        guard let line = try connection.line(limit: Self.longestChunkLine) else { throw .truncated }
        return line
    }

    /// The size of a chunk; extensions behind it are skipped (RFC 9112, 7.1.1).
    private static func size(of line: [UInt8]) throws(ClientError) -> Int {
        let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 && $0 != 0x09 }
        let isHexadecimal = digits.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0)
        }
        guard isHexadecimal, (1...15).contains(digits.count),
            let size = Int(String(decoding: digits, as: UTF8.self), radix: 16)
        else {
            throw .malformed("\(String(decoding: line.prefix(40), as: UTF8.self).debugDescription) is no chunk's size")
        }
        return size
    }

    // MARK: Whole bodies and lines

    /// All of the body.
    ///
    /// - Parameter limit: The size of the largest one.
    /// - Returns: The bytes.
    /// - Throws: `malformed` for a larger one, or what ``next()`` throws.
    package mutating func bytes(limit: Int = 256 << 20) throws(ClientError) -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try next() {
            bytes += piece
            if bytes.count > limit { throw .malformed("its body is larger than \(limit) bytes") }
        }
        return bytes
    }

    /// The next line of the body that is not empty, without its line break; nil at the end.
    ///
    /// - Parameter limit: The length of the longest line.
    /// - Returns: The line; the last one need not have a line break.
    /// - Throws: `malformed` for a longer one, or what ``next()`` throws.
    package mutating func nextLine(limit: Int = 16 << 20) throws(ClientError) -> [UInt8]? {
        var scanned = 0
        while true {
            if let end = lineRest[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                var line = lineRest[..<end]
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                let result = Array(line)
                lineRest.removeSubrange(...end)
                if !result.isEmpty { return result }
                scanned = 0
                continue
            }
            scanned = lineRest.count
            if scanned > limit { throw .malformed("a line is longer than \(limit) bytes") }
            guard let piece = try next() else {
                defer { lineRest = [] }
                return lineRest.isEmpty ? nil : lineRest
            }
            lineRest += piece
        }
    }
}
