// SPDX-License-Identifier: Apache-2.0

import EngineAPI

extension RequestHead {
    /// Reads the lines of a head (RFC 9112 sections 3 and 5).
    ///
    /// - Parameter lines: The lines without their ends.
    /// - Throws: What is wrong with them.
    init(lines: [[UInt8]]) throws(RequestProblem) {
        let words = (lines.first ?? []).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 3, Self.isToken(words[0]) else {
            throw RequestProblem("the first line of the request is not `METHOD TARGET HTTP/1.1`")
        }
        switch String(decoding: words[2], as: UTF8.self) {
        case "HTTP/1.1": minorVersion = 1
        case "HTTP/1.0": minorVersion = 0
        case let other where other.hasPrefix("HTTP/"):
            throw RequestProblem(505, "\(other.prefix(16)) is not spoken here; use HTTP/1.1")
        default: throw RequestProblem("the first line of the request does not end with HTTP/1.1")
        }
        method = String(decoding: words[0], as: UTF8.self)
        fields = HeaderFields()
        for line in lines.dropFirst() { try Self.add(line, to: &fields) }
        if minorVersion == 1, fields.all("host").count != 1 {
            throw RequestProblem("a request of HTTP/1.1 has one field `Host`")
        }
        body = try Self.bodyLength(fields, minorVersion)
        let expectations = fields.words("expect")
        if let unknown = expectations.first(where: { $0 != "100-continue" }) {
            throw RequestProblem(417, "the expectation `\(unknown.prefix(64))` cannot be met")
        }
        let target = try Self.target(words[1])
        query = try Query(target.query)
        path = target.path
        version = .current
        if let first = path.first, first.hasPrefix("v"), let version = APIVersion(first) {
            self.version = version
            path.removeFirst()
        }
    }

    private static func add(_ line: [UInt8], to fields: inout HeaderFields) throws(RequestProblem) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), isToken(line[..<colon]) else {
            throw RequestProblem("a line of the header is not `Name: value`")
        }
        let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var value = line[(colon + 1)...].drop(while: isBlank)
        while let last = value.last, isBlank(last) { value.removeLast() }
        guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw RequestProblem("a value of the header has control characters")
        }
        fields.add(String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
    }

    /// A message of which two readers could take different lengths is refused (RFC 9112 section 6.3).
    private static func bodyLength(
        _ fields: HeaderFields,
        _ minorVersion: Int
    ) throws(RequestProblem) -> BodyLength {
        let lengths = Set(fields.all("content-length"))
        let codings = fields.words("transfer-encoding")
        if !codings.isEmpty {
            guard lengths.isEmpty, minorVersion == 1 else {
                throw RequestProblem("`Transfer-Encoding` does not go with `Content-Length` or HTTP/1.0")
            }
            guard codings == ["chunked"] else {
                throw RequestProblem(501, "of transfer codings only `chunked` is known")
            }
            return .chunked
        }
        guard let length = lengths.first else { return .fixed(0) }
        let isNumber = (1...18).contains(length.utf8.count) && length.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard lengths.count == 1, isNumber, let number = Int(length) else {
            throw RequestProblem("`Content-Length` is not one whole number")
        }
        return .fixed(number)
    }

    private static func target(_ bytes: ArraySlice<UInt8>) throws(RequestProblem) -> (path: [String], query: String) {
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw RequestProblem("the target of the request has characters that must be escaped")
        }
        var text = String(decoding: bytes, as: UTF8.self)[...]
        // The absolute form, which proxies get: what comes before the path does not matter.
        if let scheme = text.firstRange(of: "://"), !text[..<scheme.lowerBound].contains("/") {
            let rest = text[scheme.upperBound...]
            text = rest.firstIndex { $0 == "/" || $0 == "?" }.map { rest[$0...] } ?? ""
            if text.first != "/" { text = "/" + text }
        }
        let end = text.firstIndex(of: "?") ?? text.endIndex
        guard text.first == "/" else { throw RequestProblem("the target of the request does not begin with `/`") }
        var path: [String] = []
        for part in text[..<end].dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            path.append(try Query.unescaped(part, plusIsSpace: false))
        }
        return (path, String(text[end...].dropFirst()))
    }

    /// Whether the bytes are a token (RFC 9110 section 5.6.2).
    private static func isToken(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty
            && bytes.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
