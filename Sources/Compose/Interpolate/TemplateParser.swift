// SPDX-License-Identifier: Apache-2.0

/// Finds the variable references of a text.
enum TemplateParser {
    /// What a dollar sign begins.
    enum Token {
        /// `$$`.
        case escape(start: Int)
        /// `$NAME` or `${…}`.
        case reference(Reference)
        /// `${` that begins no reference.
        case invalid(start: Int, reason: TemplateError.Reason)

        var start: Int {
            switch self {
            case .escape(let start), .invalid(let start, _):
                start
            case .reference(let reference):
                reference.start
            }
        }

        var end: Int {
            switch self {
            case .escape(let start), .invalid(let start, _):
                start + 2
            case .reference(let reference):
                reference.end
            }
        }
    }

    /// A well-formed reference, as ranges of the text.
    struct Reference {
        var start: Int
        var end: Int
        var name: Range<Int>
        var condition: Condition?
        var word: Range<Int>
    }

    /// An operator after the name.
    struct Condition {
        enum Action {
            case fallback
            case alternative
            case require
        }

        var action: Action
        /// Whether an empty value is treated like none: the operator begins with a colon.
        var emptyCounts: Bool
    }

    /// The first token of a part of the text, nil where there is none.
    ///
    /// A dollar sign that begins nothing is plain text.
    static func next(in bytes: Span<UInt8>, _ range: Range<Int>) -> Token? {
        let end = range.upperBound
        var position = range.lowerBound
        while position + 1 < end {
            guard bytes[position] == UInt8(ascii: "$") else {
                position += 1
                continue
            }
            switch bytes[position + 1] {
            case UInt8(ascii: "$"):
                return .escape(start: position)
            case UInt8(ascii: "{"):
                return braced(bytes, position..<end)
            default:
                let nameEnd = endOfName(bytes, (position + 1)..<end)
                if nameEnd > position + 1 {
                    let name = (position + 1)..<nameEnd
                    return .reference(Reference(start: position, end: nameEnd, name: name, word: nameEnd..<nameEnd))
                }
                position += 1
            }
        }
        return nil
    }

    private static func braced(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Token {
        let start = range.lowerBound
        let nameStart = start + 2
        var position = endOfName(bytes, nameStart..<range.upperBound)
        let name = nameStart..<position
        guard !name.isEmpty else {
            return .invalid(start: start, reason: .invalidName)
        }
        guard position < range.upperBound else {
            return .invalid(start: start, reason: .unclosed)
        }
        if bytes[position] == UInt8(ascii: "}") {
            let word = position..<position
            return .reference(Reference(start: start, end: position + 1, name: name, word: word))
        }
        guard let condition = condition(bytes, &position, end: range.upperBound) else {
            return .invalid(start: start, reason: .invalidOperator)
        }
        guard let close = closingBrace(bytes, position..<range.upperBound) else {
            return .invalid(start: start, reason: .unclosed)
        }
        let word = position..<close
        return .reference(Reference(start: start, end: close + 1, name: name, condition: condition, word: word))
    }

    private static func condition(_ bytes: Span<UInt8>, _ position: inout Int, end: Int) -> Condition? {
        let hasColon = bytes[position] == UInt8(ascii: ":")
        let symbol = hasColon ? position + 1 : position
        guard symbol < end else {
            return nil
        }
        let action: Condition.Action
        switch bytes[symbol] {
        case UInt8(ascii: "-"):
            action = .fallback
        case UInt8(ascii: "+"):
            action = .alternative
        case UInt8(ascii: "?"):
            action = .require
        default:
            return nil
        }
        position = symbol + 1
        return Condition(action: action, emptyCounts: hasColon)
    }

    /// The brace that closes a word: the balanced one, else the last one of the line.
    ///
    /// A word ends with its line. An opening brace without a partner is plain text: `${A:-{x}` has the word `{x`.
    private static func closingBrace(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var last: Int?
        var open = 1
        for index in range {
            switch bytes[index] {
            case UInt8(ascii: "{"):
                open += 1
            case UInt8(ascii: "}"):
                open -= 1
                last = index
                if open == 0 {
                    return index
                }
            case UInt8(ascii: "\n"):
                return last
            default:
                break
            }
        }
        return last
    }

    private static func endOfName(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var position = range.lowerBound
        while position < range.upperBound {
            let byte = bytes[position]
            switch byte | 0x20 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"):
                position += 1
            case UInt8(ascii: "0")...UInt8(ascii: "9") where byte & 0x20 != 0 && position > range.lowerBound:
                position += 1
            default:
                let width = byte == UInt8(ascii: "_") ? 1 : foldedLetter(bytes, position..<range.upperBound)
                guard width > 0 else {
                    return position
                }
                position += width
            }
        }
        return position
    }

    /// The length of a letter outside ASCII that is a letter of ASCII when case is ignored, else 0.
    ///
    /// There are two: the long s and the Kelvin sign. A matching without regard to case takes them for s and k.
    private static func foldedLetter(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        let start = range.lowerBound
        if range.count >= 2, bytes[start] == 0xC5, bytes[start + 1] == 0xBF {
            return 2
        }
        if range.count >= 3, bytes[start] == 0xE2, bytes[start + 1] == 0x84, bytes[start + 2] == 0xAA {
            return 3
        }
        return 0
    }

    /// The text of a malformed reference, for a message: up to its brace or the end of its line, and not too long.
    static func excerpt(of bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        var end = min(range.lowerBound + 2, range.upperBound)
        while end < range.upperBound, end - range.lowerBound < 60, bytes[end] != UInt8(ascii: "\n") {
            end += 1
            if bytes[end - 1] == UInt8(ascii: "}") {
                return bytes.string(range.lowerBound..<end)
            }
        }
        // Not in the middle of a character.
        while end < range.upperBound, bytes[end] & 0xC0 == 0x80 {
            end += 1
        }
        let isCut = end < range.upperBound && bytes[end] != UInt8(ascii: "\n")
        return bytes.string(range.lowerBound..<end) + (isCut ? "…" : "")
    }
}

extension Span<UInt8> {
    /// The place of a byte in a range, the end of the range where it has none.
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int {
        range.first { self[$0] == byte } ?? range.upperBound
    }

    /// The bytes of a range as text.
    func string(_ range: Range<Int>) -> String {
        extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}
