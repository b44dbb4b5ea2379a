// SPDX-License-Identifier: Apache-2.0

/// What an answer says before its body.
package struct ResponseHead: Equatable, Sendable {
    package var status: Int
    /// The header fields in their order, with white space around the values taken away.
    package var headers: [Header]

    /// A header field.
    package struct Header: Equatable, Sendable {
        package var name: String
        package var value: String
    }

    package init(status: Int, headers: [Header] = []) {
        self.status = status
        self.headers = headers
    }

    /// The value of the first field of a name, which is written in any case.
    package subscript(name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.name.lowercased() == name }?.value
    }

    /// How a body ends (RFC 9112, 6.3).
    enum Framing: Equatable {
        case empty
        case length(Int)
        case chunked
        case untilClose
    }

    static let longestLine = 1 << 15
    static let mostHeaders = 200

    /// Reads a head.
    ///
    /// Interim answers (RFC 9110, 15.2) are skipped, all but the switch of protocols.
    static func read(from connection: inout Connection) throws(ClientError) -> Self {
        for _ in 0..<mostHeaders {
            guard let line = try connection.line(limit: longestLine) else {
                throw connection.hasAnswered ? .truncated : connection.wasReset ? .unread : .unanswered
            }
            let head = Self(status: try status(of: line), headers: try headers(from: &connection))
            if head.status >= 200 || head.status == 101 { return head }
        }
        throw .malformed("there are too many interim answers")
    }

    private static func status(of line: [UInt8]) throws(ClientError) -> Int {
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].starts(with: "HTTP/1.".utf8), parts[0].count == 8, parts[1].count == 3,
            let status = Int(String(decoding: parts[1], as: UTF8.self)), (100...999).contains(status)
        else {
            let start = String(decoding: line.prefix(80), as: UTF8.self)
            throw .malformed("it begins with \(start.debugDescription); is this the socket of an engine?")
        }
        return status
    }

    /// Reads fields up to the empty line.
    static func headers(from connection: inout Connection) throws(ClientError) -> [Header] {
        var headers: [Header] = []
        while true {
            guard let line = try connection.line(limit: longestLine) else { throw .truncated }
            if line.isEmpty { return headers }
            if headers.count == mostHeaders { throw .malformed("there are more than \(mostHeaders) headers") }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0,
                line[..<colon].allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else { throw .malformed("a header has no name") }
            let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            let end = value.lastIndex { $0 != 0x20 && $0 != 0x09 }.map { $0 + 1 } ?? value.startIndex
            headers.append(
                Header(
                    name: String(decoding: line[..<colon], as: UTF8.self),
                    value: String(decoding: value[value.startIndex..<end], as: UTF8.self)
                )
            )
        }
    }

    /// How the body of this answer ends.
    func framing(of method: Request.Method) throws(ClientError) -> Framing {
        if method == .head || status < 200 || status == 204 || status == 304 { return .empty }
        let encodings = headers.filter { $0.name.lowercased() == "transfer-encoding" }.map { $0.value.lowercased() }
        if !encodings.isEmpty {
            guard encodings == ["chunked"] else {
                throw .malformed("the transfer encoding \(encodings.joined(separator: ", ")) is unknown")
            }
            return .chunked
        }
        let lengths = Set(headers.filter { $0.name.lowercased() == "content-length" }.map(\.value))
        guard let text = lengths.first else { return .untilClose }
        guard lengths.count == 1, !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let length = Int(text)
        else { throw .malformed("the content length \(text.debugDescription) is no number") }
        return .length(length)
    }
}
