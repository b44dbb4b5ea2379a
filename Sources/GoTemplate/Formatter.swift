// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Floating-point numbers as Go's strconv writes them.
enum FloatText {
    /// The fewest digits that read back as the same number: `%v`.
    static func shortest(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        let (digits, exponent) = parts(of: value)
        // Go takes 6 for the precision that decides about the exponent where there is none (strconv, `%e is used if`).
        return exponent < -4 || exponent >= 6
            ? scientific(value, digits, exponent) : positional(value, digits, exponent)
    }

    /// As `encoding/json` writes it.
    static func json(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        let (digits, exponent) = parts(of: value)
        guard value != 0, abs(value) < 1e-6 || abs(value) >= 1e21 else { return positional(value, digits, exponent) }
        let text = scientific(value, digits, exponent)
        // One digit of a negative exponent is enough there.
        return text.hasSuffix("e-0\(abs(exponent))") ? text.dropLast(2) + "\(abs(exponent))" : text
    }

    /// C's conversion, which is Go's for a given precision.
    static func fixed(_ value: Double, _ verb: String, _ precision: Int) -> String {
        withVaList([Int32(precision), value]) { arguments in
            var buffer = [CChar](repeating: 0, count: 400 + precision)
            vsnprintf(&buffer, buffer.count, "%.*\(verb)", arguments)
            return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// The significant digits and the power of ten of the first.
    private static func parts(of value: Double) -> (digits: [Character], exponent: Int) {
        var text = Substring(abs(value).description)
        var exponent = 0
        if let mark = text.firstIndex(of: "e") {
            exponent = Int(text[text.index(after: mark)...]) ?? 0
            text = text[..<mark]
        }
        let whole = text.prefix { $0 != "." }
        var digits = Array(whole + text.dropFirst(whole.count + 1))
        exponent += whole.count - 1
        while digits.count > 1, digits.first == "0" {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.count > 1, digits.last == "0" { digits.removeLast() }
        return digits == ["0"] ? (digits, 0) : (digits, exponent)
    }

    private static func scientific(_ value: Double, _ digits: [Character], _ exponent: Int) -> String {
        let rest = digits.count > 1 ? "." + String(digits.dropFirst()) : ""
        let power = String(abs(exponent))
        let padded = (power.count < 2 ? "0" : "") + power
        return (value.sign == .minus ? "-" : "") + String(digits[0]) + rest + "e" + (exponent < 0 ? "-" : "+") + padded
    }

    private static func positional(_ value: Double, _ digits: [Character], _ exponent: Int) -> String {
        var text = value.sign == .minus ? "-" : ""
        if exponent < 0 {
            text += "0." + String(repeating: "0", count: -exponent - 1) + String(digits)
        } else {
            text += String(digits.prefix(exponent + 1))
            text += String(repeating: "0", count: max(0, exponent + 1 - digits.count))
            if digits.count > exponent + 1 { text += "." + String(digits.dropFirst(exponent + 1)) }
        }
        return text
    }
}

/// `printf`.
enum Formatter {
    static func text(_ format: String, _ arguments: [Value]) -> String {
        var output = ""
        var rest = format.unicodeScalars[...]
        var index = 0
        var isReordered = false
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                output.unicodeScalars.append(scalar)
                continue
            }
            var verb = Verb()
            verb.readFlags(&rest, arguments, &index)
            if let chosen = Verb.index(&rest) {
                index = chosen
                isReordered = true
            }
            guard let letter = rest.popFirst() else {
                output += "%!(NOVERB)"
                break
            }
            if letter == "%" {
                output += "%"
            } else if index >= arguments.count {
                output += "%!\(letter)(MISSING)"
            } else {
                output += verb.text(letter, arguments[index])
                index += 1
            }
        }
        if !isReordered, index < arguments.count {
            let extra = arguments[index...].map { value in
                if case .none = value { "<nil>" } else { "\(value.typeName)=\(Printing.plain(value))" }
            }
            output += "%!(EXTRA \(extra.joined(separator: ", ")))"
        }
        return output
    }

    /// The flags, width and precision of a verb.
    private struct Verb {
        var isLeft = false
        var hasPlus = false
        var hasSharp = false
        var hasSpace = false
        var hasZero = false
        var width: Int?
        var precision: Int?

        mutating func readFlags(
            _ rest: inout Substring.UnicodeScalarView,
            _ arguments: [Value],
            _ index: inout Int
        ) {
            flags: while let scalar = rest.first {
                switch scalar {
                case "-": isLeft = true
                case "+": hasPlus = true
                case "#": hasSharp = true
                case " ": hasSpace = true
                case "0": hasZero = true
                default: break flags
                }
                rest.removeFirst()
            }
            width = Self.number(&rest, arguments, &index)
            if let negative = width, negative < 0 {
                isLeft = true
                width = -negative
            }
            if rest.first == "." {
                rest.removeFirst()
                precision = max(0, Self.number(&rest, arguments, &index) ?? 0)
            }
        }

        /// The index in `%[2]d`, counted from 0.
        static func index(_ rest: inout Substring.UnicodeScalarView) -> Int? {
            guard rest.first == "[", let close = rest.firstIndex(of: "]") else { return nil }
            guard let number = Int(String(rest[..<close].dropFirst())), number > 0 else { return nil }
            rest = rest[rest.index(after: close)...]
            return number - 1
        }

        private static func number(
            _ rest: inout Substring.UnicodeScalarView,
            _ arguments: [Value],
            _ index: inout Int
        ) -> Int? {
            if rest.first == "*" {
                rest.removeFirst()
                guard index < arguments.count, case .integer(let value) = arguments[index] else { return nil }
                index += 1
                return abs(value) > Function.longestPadding ? nil : Int(value)
            }
            var digits = ""
            while let scalar = rest.first, ("0"..."9").contains(scalar) {
                digits.unicodeScalars.append(scalar)
                rest.removeFirst()
            }
            return Int(digits).flatMap { $0 > Function.longestPadding ? nil : $0 }
        }

        func text(_ letter: Unicode.Scalar, _ value: Value) -> String {
            switch letter {
            case "v": return padded(hasSharp ? Self.goSyntax(value) : shown(letter, value) ?? Printing.plain(value))
            case "T": return padded(value.typeName)
            case "t":
                if case .bool = value { return padded(Printing.plain(value)) }
            default:
                if let text = shown(letter, value) {
                    return padded(text, isNumber: value.isNumber, isInteger: value.isInteger)
                }
                if let text = list(letter, value) { return text }
            }
            if case .none = value { return "%!\(letter)(<nil>)" }
            return "%!\(letter)(\(value.typeName)=\(Printing.plain(value)))"
        }

        /// A list whose items take the verb each.
        private func list(_ letter: Unicode.Scalar, _ value: Value) -> String? {
            switch value {
            case .list(let items): "[" + items.map { text(letter, $0) }.joined(separator: " ") + "]"
            case .map(let map):
                "map["
                    + map.entries.map { "\(text(letter, .string($0.key))):\(text(letter, $0.value))" }
                    .joined(separator: " ") + "]"
            case .structure(let structure):
                "{" + structure.fields.map { text(letter, $0.value) }.joined(separator: " ") + "}"
            default: nil
            }
        }

        /// A single value; nil where the verb is none of its.
        private func shown(_ letter: Unicode.Scalar, _ value: Value) -> String? {
            switch value {
            case .string(let text): string(letter, text)
            case .integer(let number): integer(letter, number)
            case .float(let number): float(letter, number)
            case .bool where letter == "v": Printing.plain(value)
            default: nil
            }
        }

        private func string(_ letter: Unicode.Scalar, _ text: String) -> String? {
            let cut = precision.map { String(String.UnicodeScalarView(text.unicodeScalars.prefix($0))) } ?? text
            switch letter {
            case "s", "v": return cut
            case "q": return hasSharp && !cut.contains("`") ? "`\(cut)`" : Quote.go(cut, isASCII: hasPlus)
            case "x", "X":
                return cut.utf8.map { byte in
                    let digits = String(byte, radix: 16, uppercase: letter == "X")
                    return (digits.utf8.count < 2 ? "0" : "") + digits
                }.joined(separator: hasSpace ? " " : "")
            default: return nil
            }
        }

        private func integer(_ letter: Unicode.Scalar, _ number: Int64) -> String? {
            let digits: String
            var prefix = ""
            switch letter {
            case "d", "v": digits = String(number.magnitude)
            case "b": (digits, prefix) = (String(number.magnitude, radix: 2), "0b")
            case "o": (digits, prefix) = (String(number.magnitude, radix: 8), "0")
            case "O": return "0o" + String(number.magnitude, radix: 8)
            case "x": (digits, prefix) = (String(number.magnitude, radix: 16), "0x")
            case "X": (digits, prefix) = (String(number.magnitude, radix: 16, uppercase: true), "0X")
            case "c", "q", "U":
                let scalar = UInt32(exactly: number).flatMap { Unicode.Scalar($0) } ?? "\u{fffd}"
                if letter == "c" { return String(scalar) }
                if letter == "q" { return Quote.go(String(scalar), mark: "'", isASCII: hasPlus) }
                let code = String(number.magnitude, radix: 16, uppercase: true)
                return "U+" + String(repeating: "0", count: max(0, 4 - code.utf8.count)) + code
            default: return nil
            }
            let sign = number < 0 ? "-" : hasPlus ? "+" : hasSpace ? " " : ""
            let zeros = String(repeating: "0", count: max(0, (precision ?? 0) - digits.utf8.count))
            return sign + (hasSharp ? prefix : "") + zeros + digits
        }

        private func float(_ letter: Unicode.Scalar, _ number: Double) -> String? {
            let text: String
            switch letter {
            case "v": text = precision.map { FloatText.fixed(number, "g", $0) } ?? FloatText.shortest(number)
            case "g", "G":
                let shortest = FloatText.shortest(number)
                text =
                    precision.map { FloatText.fixed(number, String(letter), $0) }
                    ?? (letter == "G" ? shortest.uppercased() : shortest)
            case "f", "F", "e", "E": text = FloatText.fixed(number, String(letter), precision ?? 6)
            default: return nil
            }
            return number.sign == .plus && hasPlus ? "+" + text : text
        }

        private static func goSyntax(_ value: Value) -> String {
            switch value {
            case .string(let text): Quote.go(text)
            case .list(let items): "[]interface {}{" + items.map(goSyntax).joined(separator: ", ") + "}"
            case .map(let map):
                "map[string]interface {}{"
                    + map.entries.map { "\(Quote.go($0.key)):\(goSyntax($0.value))" }.joined(separator: ", ") + "}"
            default: Printing.plain(value)
            }
        }

        private func padded(_ text: String, isNumber: Bool = false, isInteger: Bool = false) -> String {
            guard let width, width > text.unicodeScalars.count else { return text }
            let gap = width - text.unicodeScalars.count
            if isLeft { return text + String(repeating: " ", count: gap) }
            guard hasZero, precision == nil || !isInteger else { return String(repeating: " ", count: gap) + text }
            let sign = isNumber && (text.hasPrefix("-") || text.hasPrefix("+")) ? String(text.prefix(1)) : ""
            return sign + String(repeating: "0", count: gap) + text.dropFirst(sign.count)
        }
    }
}

extension Value {
    fileprivate var isInteger: Bool {
        if case .integer = self { true } else { false }
    }

    fileprivate var isNumber: Bool {
        switch self {
        case .integer, .float: true
        default: false
        }
    }
}
