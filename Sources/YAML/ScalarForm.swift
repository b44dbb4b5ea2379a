// SPDX-License-Identifier: Apache-2.0

/// The ways to write a string as a YAML scalar.
enum ScalarForm {
    case plain
    case singleQuoted
    case doubleQuoted
    case literal

    /// Chooses the way that go-yaml v3 chooses.
    ///
    /// A string that would read as another type without quotes, or did so in YAML 1.1, gets double ones; one that the
    /// grammar does not let stand without quotes gets single ones; one with several lines becomes a literal block. What
    /// that choice cannot hold gets double quotes.
    init(of text: UnsafeBufferPointer<UInt8>, asSimpleKey: Bool) {
        let analysis = Analysis(of: text)
        if analysis.hasNewline {
            self = analysis.allowsLiteral && !asSimpleKey ? .literal : .doubleQuoted
        } else if Self.readsAsOtherType(text) {
            self = .doubleQuoted
        } else if analysis.allowsPlain {
            self = .plain
        } else {
            self = analysis.allowsSingleQuotes ? .singleQuoted : .doubleQuoted
        }
    }

    /// Whether a text has a line break of any kind.
    static func hasLineBreak(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index < text.count {
            if text.lineBreak(at: index) != nil {
                return true
            }
            index += 1
        }
        return false
    }

    // MARK: Types

    private static func readsAsOtherType(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard case .string = ScalarResolver.resolve(text) else {
            return true
        }
        return isOldBool(text) || isBase60(text)
    }

    /// The other truth values of YAML 1.1.
    private static func isOldBool(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard (1...3).contains(text.count) else {
            return false
        }
        return switch text[0] | 0x20 {
        case UInt8(ascii: "y"): text.count == 1 || ScalarResolver.isWord(text, "yes")
        case UInt8(ascii: "n"): text.count == 1 || ScalarResolver.isWord(text, "no")
        case UInt8(ascii: "o"): ScalarResolver.isWord(text, "on") || ScalarResolver.isWord(text, "off")
        default: false
        }
    }

    /// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`, a number of YAML 1.1.
    private static func isBase60(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var rest = text[...]
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
            rest = rest.dropFirst()
        }
        guard let first = rest.first, isDigit(first) else {
            return false
        }
        rest = rest.drop { isDigit($0) || $0 == UInt8(ascii: "_") }
        guard rest.first == UInt8(ascii: ":") else {
            return false
        }
        while rest.first == UInt8(ascii: ":") {
            let digits = rest.dropFirst().prefix(while: isDigit)
            guard let first = digits.first, digits.count == 1 || (digits.count == 2 && first < UInt8(ascii: "6")) else {
                return false
            }
            rest = rest.dropFirst(digits.count + 1)
        }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst().drop { isDigit($0) || $0 == UInt8(ascii: "_") }
        }
        return rest.isEmpty
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10
    }
}

// MARK: - Grammar

extension ScalarForm {
    /// What the characters of a text rule out.
    private struct Analysis {
        private(set) var hasNewline = false
        private(set) var allowsPlain = true
        private(set) var allowsSingleQuotes = true
        private(set) var allowsLiteral = true

        private enum Previous {
            case space
            case lineBreak
            case other
        }

        init(of text: UnsafeBufferPointer<UInt8>) {
            guard let first = text.first, let last = text.last else {
                allowsLiteral = false
                return
            }
            allowsPlain = Self.canStart(first, text) && first != UInt8(ascii: " ") && last != UInt8(ascii: " ")
            allowsLiteral = last != UInt8(ascii: " ")
            var previous = Previous.other
            var isAfterWhiteSpace = true
            var index = 0
            while index < text.count {
                let byte = text[index]
                if Self.isOrdinary(byte) {
                    previous = .other
                    isAfterWhiteSpace = false
                    index += 1
                    continue
                }
                rule(on: text, at: index, previous: &previous, isAfterWhiteSpace: isAfterWhiteSpace)
                isAfterWhiteSpace = byte == 0x20 || byte == 0x09 || byte == 0 || text.lineBreak(at: index) != nil
                index += text.width(at: index)
            }
        }

        /// Letters, digits and the signs that never matter after the first character.
        private static func isOrdinary(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "!"), UInt8(ascii: "\""), UInt8(ascii: "$")...UInt8(ascii: "9"),
                UInt8(ascii: ";")...UInt8(ascii: "~"):
                true
            default: false
            }
        }

        /// Whether a text may start without quotes.
        private static func canStart(_ first: UInt8, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
            switch first {
            case UInt8(ascii: "#"), UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"),
                UInt8(ascii: "}"), UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "!"), UInt8(ascii: "|"),
                UInt8(ascii: ">"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "%"), UInt8(ascii: "@"),
                UInt8(ascii: "`"):
                return false
            case UInt8(ascii: "?"), UInt8(ascii: ":"), UInt8(ascii: "-"):
                if text.count == 1 || text[1] == 0x20 || text[1] == 0x09 {
                    return false
                }
            default:
                break
            }
            let isMarker = first == UInt8(ascii: "-") || first == UInt8(ascii: ".")
            return !(isMarker && text.count >= 3 && text[1] == first && text[2] == first)
        }

        /// Takes in a character that may matter.
        private mutating func rule(
            on text: UnsafeBufferPointer<UInt8>,
            at index: Int,
            previous: inout Previous,
            isAfterWhiteSpace: Bool
        ) {
            let byte = text[index]
            if byte == UInt8(ascii: ":") {
                let next = index + 1
                if next == text.count || text[next] == 0x20 || text[next] == 0x09 {
                    allowsPlain = false
                }
            } else if byte == UInt8(ascii: "#"), isAfterWhiteSpace {
                allowsPlain = false
            } else if byte == UInt8(ascii: "\t") {
                allowsPlain = false
                allowsSingleQuotes = false
            } else if !text.isPrintable(at: index) {
                ruleOutAllButDoubleQuotes()
            }
            if byte == UInt8(ascii: " ") {
                if previous == .lineBreak {
                    allowsPlain = false
                    allowsSingleQuotes = false
                }
                previous = .space
            } else if text.lineBreak(at: index) != nil {
                hasNewline = hasNewline || byte == UInt8(ascii: "\n")
                allowsPlain = false
                if previous == .space {
                    ruleOutAllButDoubleQuotes()
                }
                previous = .lineBreak
            } else {
                previous = .other
            }
        }

        private mutating func ruleOutAllButDoubleQuotes() {
            allowsPlain = false
            allowsSingleQuotes = false
            allowsLiteral = false
        }
    }
}

// MARK: - Characters

extension UnsafeBufferPointer<UInt8> {
    /// How many bytes the line break at an index has; nil where there is none.
    func lineBreak(at index: Int) -> Int? {
        switch self[index] {
        case 0x0A, 0x0D: 1
        case 0xC2: index + 1 < count && self[index + 1] == 0x85 ? 2 : nil
        case 0xE2: index + 2 < count && self[index + 1] == 0x80 && self[index + 2] & 0xFE == 0xA8 ? 3 : nil
        default: nil
        }
    }

    /// Whether go-yaml prints the character at an index as it is; it does not print those beyond 16 bits.
    func isPrintable(at index: Int) -> Bool {
        let byte = self[index]
        switch byte {
        case 0x0A, 0x20...0x7E, 0xC3...0xEC, 0xEE:
            return true
        case 0xC2:
            return index + 1 < count && self[index + 1] >= 0xA0
        case 0xED:
            return index + 1 < count && self[index + 1] < 0xA0
        case 0xEF:
            guard index + 2 < count else {
                return false
            }
            let isByteOrderMark = self[index + 1] == 0xBB && self[index + 2] == 0xBF
            let isNoCharacter = self[index + 1] == 0xBF && self[index + 2] >= 0xBE
            return !isByteOrderMark && !isNoCharacter
        default:
            return false
        }
    }

    /// How many bytes the character at an index has.
    func width(at index: Int) -> Int {
        let width =
            switch self[index] {
            case 0xC0...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xFF: 4
            default: 1
            }
        return Swift.min(width, count - index)
    }

    /// The code point of the character at an index.
    func scalar(at index: Int, width: Int) -> UInt32 {
        guard width > 1 else {
            return UInt32(self[index])
        }
        let mask: UInt8 =
            switch width {
            case 2: 0x1F
            case 3: 0x0F
            default: 0x07
            }
        return self[index + 1..<index + width].reduce(UInt32(self[index] & mask)) { $0 << 6 | UInt32($1 & 0x3F) }
    }

    /// Where the character before an index starts.
    func characterStart(before index: Int) -> Int {
        var start = index - 1
        while start > 0, self[start] & 0xC0 == 0x80 {
            start -= 1
        }
        return start
    }
}
