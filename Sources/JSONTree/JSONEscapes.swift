// SPDX-License-Identifier: Apache-2.0

/// What stands behind the backslashes of a string (RFC 8259 section 7).
enum JSONEscapes {
    /// The byte that an escape of one character stands for; nil where there is none.
    static func plain(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): character
        case UInt8(ascii: "b"): 8
        case UInt8(ascii: "f"): 12
        case UInt8(ascii: "n"): 10
        case UInt8(ascii: "r"): 13
        case UInt8(ascii: "t"): 9
        default: nil
        }
    }

    /// The number that the next four bytes are in hexadecimal; nil where they are none.
    static func code(_ bytes: some Sequence<UInt8>) -> UInt32? {
        var (code, count) = (UInt32(0), 0)
        for byte in bytes.prefix(4) {
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x41 + 10
            case 0x61...0x66: digit = byte - 0x61 + 10
            default: return nil
            }
            code = code << 4 | UInt32(digit)
            count += 1
        }
        return count == 4 ? code : nil
    }

    /// A string by what stands between its quotes.
    ///
    /// - Parameters:
    ///   - text: Its bytes; those that are no UTF-8 become U+FFFD.
    ///   - hasEscapes: Whether it has escapes; half of a pair of surrogates becomes U+FFFD, as in Go.
    /// - Returns: The string.
    static func string(_ text: Slice<UnsafeBufferPointer<UInt8>>, hasEscapes: Bool) -> String {
        if !hasEscapes { return String(decoding: UnsafeBufferPointer(rebasing: text), as: UTF8.self) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        walk(ArraySlice(text)) { byte in
            bytes.append(byte)
        } character: { character in
            bytes += String(character ?? "\u{fffd}").utf8
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether an escape is half of a pair of surrogates.
    static func hasHalfPair(_ text: ArraySlice<UInt8>) -> Bool {
        var hasOne = false
        walk(text) { _ in
        } character: { character in
            if character == nil { hasOne = true }
        }
        return hasOne
    }

    private static func walk(
        _ text: ArraySlice<UInt8>,
        byte: (UInt8) -> Void,
        character: (Unicode.Scalar?) -> Void
    ) {
        var rest = text
        while let first = rest.popFirst() {
            guard first == UInt8(ascii: "\\"), let kind = rest.popFirst() else {
                byte(first)
                continue
            }
            if let plain = plain(kind) { byte(plain) } else { character(scalar(&rest)) }
        }
    }

    /// The character whose code in hexadecimal follows; two of them where it needs a pair of surrogates.
    private static func scalar(_ rest: inout ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard let code = code(rest) else { return nil }
        rest = rest.dropFirst(4)
        if 0xd800..<0xdc00 ~= code, rest.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]),
            let low = Self.code(rest.dropFirst(2)), 0xdc00..<0xe000 ~= low
        {
            rest = rest.dropFirst(6)
            return Unicode.Scalar(0x10000 + (code - 0xd800) << 10 + (low - 0xdc00))
        }
        return Unicode.Scalar(code)
    }
}
