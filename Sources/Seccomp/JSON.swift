// SPDX-License-Identifier: Apache-2.0

/// A JSON document as a tree; numbers keep their text, so that none loses bits.
enum JSON: Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// Why a text is no JSON.
    struct Failure: Error {
        /// The offset in bytes from the start.
        var offset: Int
        var message: String
    }

    /// Parses a whole document of at most ``JSONReader/depthLimit`` levels.
    init(_ bytes: [UInt8]) throws(Failure) {
        var reader = JSONReader(bytes)
        self = try reader.document()
    }
}

/// A reader of RFC 8259.
private struct JSONReader {
    /// The deepest nesting that is read.
    static let depthLimit = 64

    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func document() throws(JSON.Failure) -> JSON {
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
        while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { offset += 1 }
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        if next != UInt8(ascii: character) { return false }
        offset += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSON.Failure) -> JSON {
        if depth > Self.depthLimit { throw failure("nested more than \(Self.depthLimit) levels deep") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ text: String, _ value: JSON) throws(JSON.Failure) -> JSON {
        guard bytes[offset...].starts(with: text.utf8) else { throw failure("expected a value") }
        offset += text.utf8.count
        return value
    }

    private mutating func number() throws(JSON.Failure) -> JSON {
        let start = offset
        while let byte = next, (0x30...0x39).contains(byte) || [0x2b, 0x2d, 0x2e, 0x45, 0x65].contains(byte) {
            offset += 1
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        guard Double(text) != nil else {
            offset = start
            throw failure("expected a value")
        }
        return .number(text)
    }

    private mutating func array(depth: Int) throws(JSON.Failure) -> JSON {
        var values: [JSON] = []
        offset += 1
        if skip("]") { return .array([]) }
        repeat { values.append(try value(depth: depth + 1)) } while skip(",")
        if !skip("]") { throw failure("expected , or ]") }
        return .array(values)
    }

    private mutating func object(depth: Int) throws(JSON.Failure) -> JSON {
        var values: [String: JSON] = [:]
        offset += 1
        if skip("}") { return .object([:]) }
        repeat {
            skipSpace()
            if next != UInt8(ascii: "\"") { throw failure("expected a key") }
            let key = try string()
            if !skip(":") { throw failure("expected :") }
            if values.updateValue(try value(depth: depth + 1), forKey: key) != nil {
                throw failure("the key \"\(key)\" is there twice")
            }
        } while skip(",")
        if !skip("}") { throw failure("expected , or }") }
        return .object(values)
    }

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

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"),
        UInt8(ascii: "/"): UInt8(ascii: "/"), UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12,
        UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9,
    ]

    private mutating func escape(into text: inout [UInt8]) throws(JSON.Failure) {
        guard let byte = next else { throw failure("a string without its end") }
        offset += 1
        if let plain = Self.escapes[byte] { return text.append(plain) }
        guard byte == UInt8(ascii: "u") else { throw failure("an unknown escape") }
        var code = try hexadecimal()
        if 0xd800..<0xdc00 ~= code, bytes[offset...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
            offset += 2
            let low = try hexadecimal()
            if 0xdc00..<0xe000 ~= low { code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00) }
        }
        guard let scalar = Unicode.Scalar(code) else { throw failure("half a character") }
        text += String(Character(scalar)).utf8
    }

    private mutating func hexadecimal() throws(JSON.Failure) -> UInt32 {
        let digits = bytes[offset...].prefix(4)
        guard digits.count == 4, let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16) else {
            throw failure("expected four hexadecimal digits")
        }
        offset += 4
        return code
    }
}
