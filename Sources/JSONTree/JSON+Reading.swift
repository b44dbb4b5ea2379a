// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// Why a text is no JSON.
    package struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
        /// The offset in bytes from the start.
        package var offset: Int
        package var message: String

        package init(offset: Int, message: String) {
            self.offset = offset
            self.message = message
        }

        package var description: String { "\(message) at byte \(offset)" }
    }

    /// What a document may be at most, and how strictly it is read.
    package struct ReadingRules: Sendable {
        /// The deepest nesting that is read.
        package var depth = 64
        /// The longest document in bytes.
        package var length = 64 << 20
        /// Whether an object may have a key twice; Go takes the last one.
        package var allowsRepeatedKeys = true
        /// Whether half of a pair of surrogates becomes U+FFFD, as in Go, or is refused.
        package var repairsSurrogates = true

        package init() {}

        /// Refuses what is ambiguous: for documents that decide something.
        package static let strict: Self = {
            var rules = Self()
            rules.allowsRepeatedKeys = false
            rules.repairsSurrogates = false
            return rules
        }()
    }

    /// Reads a whole document.
    ///
    /// - Parameters:
    ///   - bytes: The text in UTF-8; what is none becomes U+FFFD.
    ///   - rules: Its bounds.
    /// - Throws: What is wrong, and where.
    package init(_ bytes: [UInt8], _ rules: ReadingRules = ReadingRules()) throws(Failure) {
        var reader = JSONReader(bytes, rules)
        self = try reader.document()
    }
}

/// A reader of RFC 8259.
private struct JSONReader {
    private let rules: JSON.ReadingRules
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8], _ rules: JSON.ReadingRules) {
        self.bytes = bytes
        self.rules = rules
    }

    mutating func document() throws(JSON.Failure) -> JSON {
        if bytes.count > rules.length { throw failure("longer than \(rules.length) bytes") }
        let value = try value(depth: 0)
        skipSpace()
        if offset < bytes.count { throw failure("text after the end of the document") }
        return value
    }

    private func failure(_ message: String) -> JSON.Failure {
        JSON.Failure(offset: offset, message: message)
    }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { offset += 1 }
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        if next != UInt8(ascii: character) { return false }
        offset += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSON.Failure) -> JSON {
        if depth > rules.depth { throw failure("nested more than \(rules.depth) levels deep") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ text: String, _ value: JSON) throws(JSON.Failure) -> JSON {
        guard bytes[offset...].starts(with: text.utf8) else { throw failure("expected a value") }
        offset += text.utf8.count
        return value
    }

    // MARK: Numbers

    private mutating func number() throws(JSON.Failure) -> String {
        let start = offset
        if next == UInt8(ascii: "-") { offset += 1 }
        let firstDigit = next
        guard skipDigits(), firstDigit != UInt8(ascii: "0") || isAfterOneDigit(from: start) else {
            throw notANumber(start)
        }
        if next == UInt8(ascii: ".") {
            offset += 1
            guard skipDigits() else { throw notANumber(start) }
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            offset += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
            guard skipDigits() else { throw notANumber(start) }
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    /// Whether just one digit stands between the start of a number and here: no number begins with a zero and more digits.
    private func isAfterOneDigit(from start: Int) -> Bool {
        offset - start - (bytes[start] == UInt8(ascii: "-") ? 1 : 0) == 1
    }

    private mutating func notANumber(_ start: Int) -> JSON.Failure {
        offset = start
        return failure("expected a value")
    }

    private mutating func skipDigits() -> Bool {
        let start = offset
        while let byte = next, (0x30...0x39).contains(byte) { offset += 1 }
        return offset > start
    }

    // MARK: Lists and objects

    private mutating func array(depth: Int) throws(JSON.Failure) -> JSON {
        var values: [JSON] = []
        offset += 1
        if skip("]") { return .array([]) }
        repeat { values.append(try value(depth: depth + 1)) } while skip(",")
        if !skip("]") { throw failure("expected , or ]") }
        return .array(values)
    }

    private mutating func object(depth: Int) throws(JSON.Failure) -> JSON {
        var members: [JSON.Member] = []
        var keys: Set<String> = []
        offset += 1
        if skip("}") { return .object([]) }
        repeat {
            skipSpace()
            if next != UInt8(ascii: "\"") { throw failure("expected a key") }
            let key = try string()
            if !skip(":") { throw failure("expected :") }
            let value = try value(depth: depth + 1)
            if keys.insert(key).inserted {
                members.append(JSON.Member(key, value))
            } else if rules.allowsRepeatedKeys {
                members.removeAll { $0.key == key }
                members.append(JSON.Member(key, value))
            } else {
                throw failure("the key \"\(key)\" is there twice")
            }
        } while skip(",")
        if !skip("}") { throw failure("expected , or }") }
        return .object(members)
    }

    // MARK: Texts

    private mutating func string() throws(JSON.Failure) -> String {
        offset += 1
        var text: [UInt8] = []
        while let byte = next {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw failure("a control character in a string")
            default: text.append(byte)
            }
        }
        throw failure("a string without its end")
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSON.Failure) {
        guard let byte = next else { throw failure("a string without its end") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"): text += String(Character(try character())).utf8
        default: throw failure("an unknown escape")
        }
    }

    /// The character whose code in hexadecimal follows; two of them where it needs a pair of surrogates.
    private mutating func character() throws(JSON.Failure) -> Unicode.Scalar {
        let code = try hexadecimal()
        if 0xd800..<0xdc00 ~= code, bytes[offset...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
            let second = offset
            offset += 2
            let low = try hexadecimal()
            if 0xdc00..<0xe000 ~= low, let scalar = Unicode.Scalar(0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)) {
                return scalar
            }
            offset = second
        }
        if let scalar = Unicode.Scalar(code) { return scalar }
        guard rules.repairsSurrogates else { throw failure("half a character") }
        return "\u{fffd}"
    }

    private mutating func hexadecimal() throws(JSON.Failure) -> UInt32 {
        let digits = bytes[offset...].prefix(4)
        let isPlain = digits.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
        }
        guard digits.count == 4, isPlain, let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16) else {
            throw failure("expected four hexadecimal digits")
        }
        offset += 4
        return code
    }
}
