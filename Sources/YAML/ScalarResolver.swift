// SPDX-License-Identifier: Apache-2.0

/// Decides what a plain scalar is, as go-yaml v3 does: YAML 1.2's core schema with the octal, binary and underscore
/// forms of 1.1.
enum ScalarResolver {
    /// What a scalar stands for; ``string`` leaves it to the caller to make one of its text.
    enum Resolution {
        case string
        case null
        case bool(Bool)
        case int(Int)
        case unsigned(UInt64)
        case float(Double)
        case timestamp
    }

    /// Resolves a plain scalar without a tag.
    static func resolve(_ text: UnsafeBufferPointer<UInt8>) -> Resolution {
        guard let first = text.first else {
            return .null
        }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            if Timestamp.matches(text) {
                return .timestamp
            }
            return number(text)
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            return specialFloat(text) ?? number(text)
        case UInt8(ascii: "."):
            return specialFloat(text) ?? pointFloat(text)
        case UInt8(ascii: "~"), UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "t"), UInt8(ascii: "T"),
            UInt8(ascii: "f"), UInt8(ascii: "F"):
            return word(text)
        default:
            return .string
        }
    }

    /// Resolves a scalar tagged as a number, a truth value, null or a timestamp, whatever its quotes.
    ///
    /// Nil where the text is not of that kind.
    static func resolve(_ text: UnsafeBufferPointer<UInt8>, as tag: Tag) -> Resolution? {
        let resolution = resolve(text)
        switch (tag, resolution) {
        case (.null, .null), (.bool, .bool), (.int, .int), (.int, .unsigned), (.float, .float): return resolution
        case (.float, .int(let int)): return .float(Double(int))
        case (.timestamp, .timestamp): return resolution
        default: return nil
        }
    }

    private static func word(_ text: UnsafeBufferPointer<UInt8>) -> Resolution {
        guard text.count <= 5 else {
            return .string
        }
        if text.count == 1 {
            return text[0] == UInt8(ascii: "~") ? .null : .string
        }
        if isWord(text, "null") {
            return .null
        }
        if isWord(text, "true") {
            return .bool(true)
        }
        return isWord(text, "false") ? .bool(false) : .string
    }

    /// Whether a text is a word in lower case, in upper case or capitalised.
    static func isWord(_ text: UnsafeBufferPointer<UInt8>, _ word: StaticString) -> Bool {
        guard text.count == word.utf8CodeUnitCount, text.count > 1 else {
            return false
        }
        for index in text.indices where text[index] | 0x20 != word.utf8Start[index] {
            return false
        }
        let firstIsUpper = text[0] < 0x60
        let restIsUpper = text[1] < 0x60
        return text.dropFirst().allSatisfy { ($0 < 0x60) == restIsUpper } && (firstIsUpper || !restIsUpper)
    }

    /// `.inf` with or without a sign, and `.nan`.
    private static func specialFloat(_ text: UnsafeBufferPointer<UInt8>) -> Resolution? {
        guard text.count == 4 || text.count == 5 else {
            return nil
        }
        let isSigned = text[0] != UInt8(ascii: ".")
        let start = isSigned ? 1 : 0
        guard text.count == start + 4, text[start] == UInt8(ascii: ".") else {
            return nil
        }
        let word = UnsafeBufferPointer(rebasing: text[(start + 1)...])
        if isWord(word, "inf") {
            return .float(text[0] == UInt8(ascii: "-") ? -.infinity : .infinity)
        }
        guard !isSigned else {
            return nil
        }
        // `.NaN` is the capitalised form of this one, and `.Nan` is not.
        let isNaN = [0x6E, 0x61, 0x6E].elementsEqual(word) || [0x4E, 0x61, 0x4E].elementsEqual(word)
        return isNaN || [0x4E, 0x41, 0x4E].elementsEqual(word) ? .float(.nan) : nil
    }

    /// A number that starts with its point: here, unlike elsewhere, an underscore must stand between two digits.
    private static func pointFloat(_ text: UnsafeBufferPointer<UInt8>) -> Resolution {
        guard text.count > 1, isDigit(text[1]) else {
            return .string
        }
        var previousIsDigit = false
        for (index, byte) in text.enumerated() where index > 0 {
            if byte == UInt8(ascii: "_") {
                guard previousIsDigit, index + 1 < text.count, isDigit(text[index + 1]) else {
                    return .string
                }
            }
            previousIsDigit = isDigit(byte)
        }
        return decimalFloat(text)
    }

    private static func number(_ text: UnsafeBufferPointer<UInt8>) -> Resolution {
        guard text.contains(UInt8(ascii: "_")) else {
            return plainNumber(text)
        }
        return text.filter { $0 != UInt8(ascii: "_") }.withUnsafeBufferPointer { plainNumber($0) }
    }

    private static func plainNumber(_ text: UnsafeBufferPointer<UInt8>) -> Resolution {
        var start = 0
        var isNegative = false
        var isSigned = false
        if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            isNegative = first == UInt8(ascii: "-")
            isSigned = true
            start = 1
        }
        var radix: UInt64 = 10
        var digits = start
        if text.count > start + 1, text[start] == UInt8(ascii: "0") {
            switch text[start + 1] | 0x20 {
            case UInt8(ascii: "x"): (radix, digits) = (16, start + 2)
            case UInt8(ascii: "o"): (radix, digits) = (8, start + 2)
            case UInt8(ascii: "b"): (radix, digits) = (2, start + 2)
            default: (radix, digits) = (8, start + 1)
            }
        }
        if let integer = integer(text[digits...], radix: radix, isNegative: isNegative, isSigned: isSigned) {
            return integer
        }
        let float = decimalFloat(text)
        if case .float = float {
            return float
        }
        return doublySigned(text) ?? .string
    }

    /// The digits of an integer that fits into 64 bits, with a sign only into 63.
    private static func integer(
        _ digits: Slice<UnsafeBufferPointer<UInt8>>,
        radix: UInt64,
        isNegative: Bool,
        isSigned: Bool
    ) -> Resolution? {
        guard !digits.isEmpty else {
            return nil
        }
        var magnitude: UInt64 = 0
        for byte in digits {
            guard let digit = digitValue(byte), digit < radix else {
                return nil
            }
            let (product, overflows) = magnitude.multipliedReportingOverflow(by: radix)
            let (sum, overflowsToo) = product.addingReportingOverflow(digit)
            guard !overflows, !overflowsToo else {
                return nil
            }
            magnitude = sum
        }
        if isNegative {
            return magnitude <= 1 << 63 ? .int(Int(truncatingIfNeeded: 0 &- magnitude)) : nil
        }
        if let int = Int(exactly: magnitude) {
            return .int(int)
        }
        return isSigned ? nil : .unsigned(magnitude)
    }

    /// `0b-1` and `0o-7`, which go-yaml reads as -1 and -7.
    private static func doublySigned(_ text: UnsafeBufferPointer<UInt8>) -> Resolution? {
        guard text.count > 3, text[0] == UInt8(ascii: "0"),
            text[1] == UInt8(ascii: "b") || text[1] == UInt8(ascii: "o"),
            text[2] == UInt8(ascii: "-") || text[2] == UInt8(ascii: "+")
        else {
            return nil
        }
        let isNegative = text[2] == UInt8(ascii: "-")
        return integer(
            text[3...],
            radix: text[1] == UInt8(ascii: "b") ? 2 : 8,
            isNegative: isNegative,
            isSigned: true
        )
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?` within the range of a double.
    private static func decimalFloat(_ text: UnsafeBufferPointer<UInt8>) -> Resolution {
        var index = 0
        func digits() -> Int {
            let start = index
            while index < text.count, isDigit(text[index]) || text[index] == UInt8(ascii: "_") {
                index += 1
            }
            return index - start
        }
        func skip(_ first: UInt8, _ second: UInt8) -> Bool {
            guard index < text.count, text[index] == first || text[index] == second else {
                return false
            }
            index += 1
            return true
        }
        _ = skip(UInt8(ascii: "+"), UInt8(ascii: "-"))
        let whole = digits()
        if skip(UInt8(ascii: "."), UInt8(ascii: ".")) {
            let fraction = digits()
            guard whole > 0 || fraction > 0 else {
                return .string
            }
        } else if whole == 0 {
            return .string
        }
        if skip(UInt8(ascii: "e"), UInt8(ascii: "E")) {
            _ = skip(UInt8(ascii: "+"), UInt8(ascii: "-"))
            guard digits() > 0 else {
                return .string
            }
        }
        guard index == text.count else {
            return .string
        }
        let plain = String(decoding: text.lazy.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        guard let value = Double(plain), value.isFinite else {
            return .string
        }
        return .float(value)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10
    }

    private static func digitValue(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}
