// SPDX-License-Identifier: Apache-2.0

/// How a registry wants to be told who asks: one challenge of `WWW-Authenticate` (RFC 9110 section 11.6.1).
struct AuthenticationChallenge: Equatable, Sendable {
    /// In lower case: `basic`, `bearer`.
    var scheme: String
    /// The parameters by their names in lower case.
    var parameters: [String: String] = [:]

    /// All challenges of an answer, whose header fields may have several each.
    static func read(_ values: [String]) -> [Self] {
        values.flatMap { value in
            var reader = ChallengeReader(value)
            return reader.all()
        }
    }
}

private struct ChallengeReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    mutating func all() -> [AuthenticationChallenge] {
        var found: [AuthenticationChallenge] = []
        while true {
            // Also what belongs nowhere.
            skip { Self.isSpace($0) || Self.isSeparator($0) }
            guard let scheme = token() else { return found }
            var challenge = AuthenticationChallenge(scheme: scheme.lowercased())
            while let (name, value) = parameter() { challenge.parameters[name.lowercased()] = value }
            found.append(challenge)
        }
    }

    /// The next `name=value`; nil, and nothing is read, where a new challenge begins.
    private mutating func parameter() -> (String, String)? {
        let start = offset
        skip { Self.isSpace($0) || $0 == UInt8(ascii: ",") }
        let name = token()
        skip(Self.isSpace)
        guard let name, next == UInt8(ascii: "=") else {
            offset = start
            return nil
        }
        offset += 1
        skip(Self.isSpace)
        return (name, next == UInt8(ascii: "\"") ? quoted() : token() ?? "")
    }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
        while let byte = next, isSkipped(byte) { offset += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func isSeparator(_ byte: UInt8) -> Bool { byte == 0x2C || byte == 0x3D || byte == 0x22 }

    /// Everything up to what separates; nil where that is nothing.
    private mutating func token() -> String? {
        let start = offset
        skip { !Self.isSpace($0) && !Self.isSeparator($0) }
        return start == offset ? nil : String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func quoted() -> String {
        var text: [UInt8] = []
        offset += 1
        while let byte = next, byte != UInt8(ascii: "\"") {
            offset += 1
            guard byte == UInt8(ascii: "\\"), let escaped = next else {
                text.append(byte)
                continue
            }
            text.append(escaped)
            offset += 1
        }
        offset += 1
        return String(decoding: text, as: UTF8.self)
    }
}
