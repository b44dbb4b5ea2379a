// SPDX-License-Identifier: Apache-2.0

/// Texts in quotes, as Go's strconv reads and writes them.
enum Quote {
    /// The text inside the quotes of a literal; nil where it is none.
    static func read(_ literal: String) -> String? {
        var rest = literal.unicodeScalars.dropFirst().dropLast()
        if literal.unicodeScalars.first == "`" { return String(rest).filter { $0 != "\r" } }
        var bytes: [UInt8] = []
        while let scalar = rest.popFirst() {
            if scalar != "\\" {
                bytes += String(Character(scalar)).utf8
                continue
            }
            guard let escaped = escape(&rest, quote: literal.unicodeScalars.first) else { return nil }
            bytes += escaped
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func escape(
        _ rest: inout Substring.UnicodeScalarView,
        quote: Unicode.Scalar?
    ) -> [UInt8]? {
        guard let letter = rest.popFirst() else { return nil }
        switch letter {
        case "a": return [7]
        case "b": return [8]
        case "f": return [12]
        case "n": return [10]
        case "r": return [13]
        case "t": return [9]
        case "v": return [11]
        case "\\": return [0x5c]
        case "'", "\"": return letter == quote ? [UInt8(letter.value)] : nil
        case "x": return digits(&rest, 2, 16).flatMap { UInt8(exactly: $0) }.map { [$0] }
        case "u", "U":
            return digits(&rest, letter == "u" ? 4 : 8, 16).flatMap(Unicode.Scalar.init).map {
                Array(String(Character($0)).utf8)
            }
        case "0"..."7":
            var all = Substring.UnicodeScalarView([letter])
            for _ in 0..<2 { if let next = rest.popFirst() { all.append(next) } }
            return digits(&all, 3, 8).flatMap { UInt8(exactly: $0) }.map { [$0] }
        default: return nil
        }
    }

    private static func digits(_ rest: inout Substring.UnicodeScalarView, _ count: Int, _ radix: Int) -> UInt32? {
        let text = String(rest.prefix(count))
        guard text.utf8.count == count, !text.hasPrefix("+"), !text.hasPrefix("-") else { return nil }
        rest = rest.dropFirst(count)
        return UInt32(text, radix: radix)
    }

    /// A text as `%q` prints it.
    static func go(_ text: String, mark: Unicode.Scalar = "\"", isASCII: Bool = false) -> String {
        var quoted = String(mark)
        for scalar in text.unicodeScalars {
            switch scalar {
            case mark: quoted += "\\\(scalar)"
            case "\\": quoted += "\\\\"
            case "\u{7}": quoted += "\\a"
            case "\u{8}": quoted += "\\b"
            case "\u{c}": quoted += "\\f"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{b}": quoted += "\\v"
            case "\u{0}"..<" ", "\u{7f}": quoted += "\\x" + hexadecimal(scalar.value, 2)
            default:
                if scalar.isPrintable, !isASCII || scalar.isASCII {
                    quoted.unicodeScalars.append(scalar)
                } else if scalar.value < 0x10000 {
                    quoted += "\\u" + hexadecimal(scalar.value, 4)
                } else {
                    quoted += "\\U" + hexadecimal(scalar.value, 8)
                }
            }
        }
        quoted.unicodeScalars.append(mark)
        return quoted
    }

    private static func hexadecimal(_ value: UInt32, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

extension Unicode.Scalar {
    /// Whether Go's `strconv.IsPrint` says so: letters, marks, numbers, punctuation, symbols and the plain space.
    var isPrintable: Bool {
        if self == " " { return true }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }
}

/// Numbers in templates.
enum NumberText {
    /// The value of a literal of Go: decimal, `0x`, `0o`, `0b` or floating-point, with `_` between digits.
    static func value(of literal: String) -> Value? {
        var text = literal[...]
        let isNegative = text.first == "-"
        if isNegative || text.first == "+" { text = text.dropFirst() }
        guard let first = text.first, first.isASCII, first.isNumber || first == ".", !text.hasSuffix("_") else {
            return nil
        }
        let plain = text.filter { $0 != "_" }
        let radix: Int? =
            switch plain.prefix(2).lowercased() {
            case "0x": 16
            case "0o": 8
            case "0b": 2
            default: nil
            }
        if let radix {
            return Int64((isNegative ? "-" : "") + plain.dropFirst(2), radix: radix).map(Value.integer)
        }
        let hasLeadingZero = plain.count > 1 && plain.first == "0" && plain.allSatisfy(\.isNumber)
        let sign = isNegative ? "-" : ""
        if let integer = Int64(sign + plain, radix: hasLeadingZero ? 8 : 10) { return .integer(integer) }
        guard let float = Double(sign + plain), float.isFinite, plain.contains(where: { ".eE".contains($0) }) else {
            return nil
        }
        return .float(float)
    }
}
