// SPDX-License-Identifier: Apache-2.0

/// Numbers of bytes such as `512m`, `1.5 GiB` and `100`.
package enum ByteCountText {
    /// Reads a number of bytes: a number, perhaps a space, and perhaps a unit.
    ///
    /// The units are `b` and `k`, `m`, `g`, `t`, `p`, in any case, each one alone or with `b` or `ib`, and each one 1024
    /// times the one before.
    ///
    /// - Parameter text: The text.
    /// - Returns: The number of bytes, without what is less than one.
    /// - Throws: ``ValueError`` where the text is something else, negative or too large.
    package static func parse(_ text: String) throws(ValueError) -> Int64 {
        let bytes = text.utf8
        guard let last = bytes.lastIndex(where: isPartOfNumber) else {
            throw invalid(text)
        }
        let afterLast = bytes.index(after: last)
        let end = bytes[last] == UInt8(ascii: " ") ? last : afterLast
        let unit = String(text[afterLast...])
        guard let factor = factor(of: unit) else {
            throw unknownUnit(unit, of: text)
        }
        guard let number = number(bytes[..<end]) else {
            throw invalid(text)
        }
        guard number >= 0 else {
            throw ValueError("the size \(ValueError.quoted(text)) is negative")
        }
        guard let value = Int64(exactly: (number * factor).rounded(.towardZero)) else {
            throw ValueError("the size \(ValueError.quoted(text)) is too large")
        }
        return value
    }

    private static func isPartOfNumber(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: " ")
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func factor(of unit: String) -> Double? {
        guard unit.utf8.count <= 3 else {
            return nil
        }
        let unit = unit.lowercased()
        if unit.isEmpty || unit == "b" {
            return 1
        }
        guard ["", "b", "ib"].contains(unit.dropFirst()) else {
            return nil
        }
        switch unit.utf8.first {
        case UInt8(ascii: "k"): return 0x1p10
        case UInt8(ascii: "m"): return 0x1p20
        case UInt8(ascii: "g"): return 0x1p30
        case UInt8(ascii: "t"): return 0x1p40
        case UInt8(ascii: "p"): return 0x1p50
        default: return nil
        }
    }

    // MARK: - Numbers

    /// A decimal number, or a hexadecimal one with an exponent; underscores can stand between digits.
    private static func number(_ bytes: Substring.UTF8View) -> Double? {
        guard bytes.count <= 1_000 else {
            return nil
        }
        var digits = bytes
        if digits.first == UInt8(ascii: "+") || digits.first == UInt8(ascii: "-") {
            digits.removeFirst()
        }
        guard let first = digits.first, isDigit(first) || first == UInt8(ascii: "."), hasPlainUnderscores(digits) else {
            return nil
        }
        let isHexadecimal = isHexadecimal(digits)
        guard !isHexadecimal || digits.contains(where: { $0 | 0x20 == UInt8(ascii: "p") }) else {
            return nil
        }
        let plain = bytes.filter { $0 != UInt8(ascii: "_") }
        guard let value = Double(String(decoding: plain, as: UTF8.self)), value.isFinite else {
            return nil
        }
        return value
    }

    private static func isHexadecimal(_ digits: Substring.UTF8View) -> Bool {
        digits.first == UInt8(ascii: "0") && digits.dropFirst().first.map { $0 | 0x20 } == UInt8(ascii: "x")
    }

    /// Whether every underscore has a digit on both sides; the `0x` of a hexadecimal number counts as one.
    private static func hasPlainUnderscores(_ digits: Substring.UTF8View) -> Bool {
        let isHexadecimal = isHexadecimal(digits)
        var follows = isHexadecimal
        var isOpen = false
        for byte in isHexadecimal ? digits.dropFirst(2) : digits {
            if byte == UInt8(ascii: "_") {
                guard follows else {
                    return false
                }
                follows = false
                isOpen = true
                continue
            }
            let isHexDigit = isHexadecimal && UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte | 0x20
            follows = isDigit(byte) || isHexDigit
            guard follows || !isOpen else {
                return false
            }
            isOpen = false
        }
        return !isOpen
    }

    // MARK: - Errors

    private static func invalid(_ text: String) -> ValueError {
        ValueError(
            "\(ValueError.quoted(text)) is not a size; write a number of bytes or for example `512k`, `64m`, `1.5g`"
        )
    }

    private static func unknownUnit(_ unit: String, of text: String) -> ValueError {
        ValueError(
            "the size \(ValueError.quoted(text)) has the unknown unit \(ValueError.quoted(unit));"
                + " use `b`, `k`, `m`, `g`, `t` or `p`"
        )
    }
}
