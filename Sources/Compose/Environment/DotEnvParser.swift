// SPDX-License-Identifier: Apache-2.0

/// The state of reading one `.env` file.
struct DotEnvParser {
    private(set) var file = DotEnvFile()
    private let bytes: [UInt8]
    private let isRepaired: Bool
    private var position = 0
    /// The line of ``counted``, from 1.
    private var line = 1
    /// How far the lines have been counted.
    private var counted = 0
    private var totalLength = 0

    init(_ contents: [UInt8]) {
        let repaired = UTF8Text.repaired(contents)
        bytes = repaired ?? contents
        isRepaired = repaired != nil
        position = UTF8Text.lengthOfByteOrderMark(bytes)
    }

    /// Reads the next variable; false at the end of the file.
    mutating func parseStatement(lookup: (String) -> String?) throws(DotEnvError) -> Bool {
        skipBlanksAndComments()
        guard position < bytes.count else {
            return false
        }
        let start = position
        try skipExport()
        let keyStart = position
        let terminator = try scanKey()
        guard let terminator else {
            // The last line has neither separator nor line feed. It counts as the value of a variable without a name.
            try parseValue(of: "", at: keyStart, lookup: lookup)
            return true
        }
        let key = UTF8Text.trimmedEnd(bytes, keyStart..<terminator)
        if let space = bytes[key].firstIndex(of: UInt8(ascii: " ")) {
            throw error("a variable name cannot contain a space: `\(text(key))`", at: space)
        }
        let name = text(key)
        position = terminator + 1
        let isInherited = bytes[terminator] == UInt8(ascii: "\n")
        skipSpaces()
        guard isInherited else {
            try parseValue(of: name, at: start, lookup: lookup)
            return true
        }
        if let value = lookup(name) {
            try set(DotEnvFile.Entry(name: name, value: value, line: lineNumber(of: start)), at: start)
        }
        return true
    }

    // MARK: - Names

    private mutating func skipBlanksAndComments() {
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "#") {
                position = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
                continue
            }
            let (scalar, width) = UTF8Text.scalar(bytes, at: position)
            guard scalar.properties.isWhitespace else {
                return
            }
            position += width
        }
    }

    private mutating func skipExport() throws(DotEnvError) {
        let word: StaticString = "export"
        let end = position + word.utf8CodeUnitCount
        guard end < bytes.count, bytes[position..<end].elementsEqual("export".utf8) else {
            return
        }
        switch bytes[end] {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), 0x0C:
            position = end
            skipSpaces()
            guard position < bytes.count else {
                throw error("`export` needs the name of a variable", at: end)
            }
        default:
            return
        }
    }

    /// Goes over white space that does not end a line.
    private mutating func skipSpaces() {
        while position < bytes.count {
            let (scalar, width) = UTF8Text.scalar(bytes, at: position)
            guard Self.isSpace(scalar) else {
                return
            }
            position += width
        }
    }

    /// The place of the separator or line feed after the name, nil where the file ends first.
    private func scanKey() throws(DotEnvError) -> Int? {
        var index = position
        while index < bytes.count {
            let (scalar, width) = UTF8Text.scalar(bytes, at: index)
            switch scalar {
            case "=", ":", "\n":
                return index
            case "_", ".", "-", "[", "]", "a"..."z", "A"..."Z", "0"..."9":
                break
            default:
                guard Self.isSpace(scalar) || Self.isLetterOrNumber(scalar) else {
                    throw unexpected(scalar, at: index)
                }
            }
            index += width
        }
        return nil
    }

    private func unexpected(_ scalar: Unicode.Scalar, at index: Int) -> DotEnvError {
        guard scalar != "\u{FFFD}" || !isRepaired else {
            return error("the name of the variable is not valid UTF-8", at: index)
        }
        let shown = scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
        var hint = ""
        if scalar == "'" || scalar == "\"" {
            hint = "; quotes can only enclose a whole value"
        }
        return error("unexpected `\(shown)` in the name of a variable\(hint)", at: index)
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\t", "\u{B}", "\u{C}", "\r", " ", "\u{85}", "\u{A0}":
            true
        default:
            false
        }
    }

    private static func isLetterOrNumber(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber, .letterNumber, .otherNumber:
            true
        default:
            false
        }
    }

    // MARK: - Values

    private mutating func parseValue(
        of name: String,
        at start: Int,
        lookup: (String) -> String?
    ) throws(DotEnvError) {
        let valueStart = position
        var entry = DotEnvFile.Entry(name: name, value: "", line: lineNumber(of: start))
        if position < bytes.count, bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'") {
            let quote = bytes[position]
            let content = try scanQuoted(quote)
            if quote == UInt8(ascii: "\"") {
                entry.value = String(decoding: DotEnvEscapes.expanded(content), as: UTF8.self)
                try expand(&entry, at: valueStart, lookup: lookup)
            } else {
                entry.value = String(decoding: content, as: UTF8.self)
            }
        } else {
            let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            entry.value = text(UTF8Text.trimmedEnd(bytes, position..<startOfComment(position..<end)))
            position = min(end + 1, bytes.count)
            try expand(&entry, at: valueStart, lookup: lookup)
        }
        entry.isRepaired = isRepaired && entry.value.unicodeScalars.contains("\u{FFFD}")
        try set(entry, at: valueStart)
    }

    /// Where a comment begins: at a space before a number sign.
    ///
    /// The white space before the value is gone already, so that a value cannot begin with a comment.
    private func startOfComment(_ range: Range<Int>) -> Int {
        var index = range.lowerBound
        while let space = bytes[index..<range.upperBound].firstIndex(of: UInt8(ascii: " ")) {
            index = space + 1
            if index < range.upperBound, bytes[index] == UInt8(ascii: "#") {
                return space
            }
        }
        return range.upperBound
    }

    /// The text between quotes, over several lines too; a backslash before the quote is dropped.
    private mutating func scanQuoted(_ quote: UInt8) throws(DotEnvError) -> [UInt8] {
        let start = position
        var content: [UInt8] = []
        var index = start + 1
        while index < bytes.count {
            let byte = bytes[index]
            if byte == quote {
                position = index + 1
                return content
            }
            if byte == UInt8(ascii: "\\"), index + 1 < bytes.count {
                let next = bytes[index + 1]
                if next != quote {
                    content.append(byte)
                }
                content.append(next)
                index += 2
                continue
            }
            content.append(byte)
            index += 1
        }
        throw error("the quote that opens here is not closed", at: start)
    }

    private mutating func expand(
        _ entry: inout DotEnvFile.Entry,
        at start: Int,
        lookup: (String) -> String?
    ) throws(DotEnvError) {
        let substitution: Template.Substitution
        do {
            substitution = try Template.substitute(entry.value) { lookup($0) ?? file[$0] }
        } catch {
            throw self.error(error.message, at: start)
        }
        entry.value = substitution.text
        entry.variables = substitution.variables
        for name in substitution.unset {
            file.unset.append(DotEnvFile.UnsetVariable(name: name, line: entry.line))
        }
    }

    private mutating func set(_ entry: DotEnvFile.Entry, at start: Int) throws(DotEnvError) {
        totalLength += entry.value.utf8.count
        guard totalLength <= DotEnv.maximumLength else {
            throw error("the values are longer than \(DotEnv.maximumLength >> 20) MiB together", at: start)
        }
        file.set(entry)
    }

    // MARK: - Places

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    private mutating func lineNumber(of index: Int) -> Int {
        while counted < index {
            if bytes[counted] == UInt8(ascii: "\n") {
                line += 1
            }
            counted += 1
        }
        return line
    }

    private func error(_ message: String, at index: Int) -> DotEnvError {
        var errorLine = line
        var column = 1
        for byte in bytes[counted..<max(index, counted)] where byte == UInt8(ascii: "\n") {
            errorLine += 1
        }
        let lineStart = bytes[..<index].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        for byte in bytes[lineStart..<index] where byte & 0xC0 != 0x80 {
            column += 1
        }
        if lineStart == 0, UTF8Text.lengthOfByteOrderMark(bytes) > 0 {
            column -= 1
        }
        return DotEnvError(message, line: errorLine, column: column)
    }
}

/// The escape sequences of a value in double quotes.
enum DotEnvEscapes {
    /// The text with its escape sequences replaced; an escaped dollar sign becomes two of them.
    static func expanded(_ content: [UInt8]) -> [UInt8] {
        guard content.contains(UInt8(ascii: "\\")) else {
            return content
        }
        var result: [UInt8] = []
        result.reserveCapacity(content.count)
        var index = 0
        while index < content.count {
            guard content[index] == UInt8(ascii: "\\"), index + 1 < content.count else {
                result.append(content[index])
                index += 1
                continue
            }
            if content[index + 1] == UInt8(ascii: "0") {
                index = appendOctal(content, at: index, to: &result)
                continue
            }
            if let replacement = simple(content[index + 1]) {
                result.append(contentsOf: replacement)
                index += 2
            } else {
                result.append(content[index])
                index += 1
            }
        }
        return result
    }

    private static func simple(_ byte: UInt8) -> [UInt8]? {
        switch byte {
        case UInt8(ascii: "a"): [0x07]
        case UInt8(ascii: "b"): [0x08]
        case UInt8(ascii: "f"): [0x0C]
        case UInt8(ascii: "n"): [0x0A]
        case UInt8(ascii: "r"): [0x0D]
        case UInt8(ascii: "t"): [0x09]
        case UInt8(ascii: "v"): [0x0B]
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): [byte]
        case UInt8(ascii: "$"): [byte, byte]
        default: nil
        }
    }

    /// Appends the character of `\0` and three octal digits, which stands for a code point up to 255.
    ///
    /// Where the digits are others or fewer only the zero is dropped. Returns the place after the sequence.
    private static func appendOctal(_ content: [UInt8], at start: Int, to result: inout [UInt8]) -> Int {
        var end = start + 2
        var code = 0
        var isOctal = true
        while end < content.count, end < start + 5, case UInt8(ascii: "0")...UInt8(ascii: "9") = content[end] {
            let digit = Int(content[end] - UInt8(ascii: "0"))
            isOctal = isOctal && digit < 8
            code = code * 8 + digit
            end += 1
        }
        if end == start + 5, isOctal, let scalar = UInt8(exactly: code) {
            result.append(contentsOf: Unicode.Scalar(scalar).utf8)
        } else {
            result.append(UInt8(ascii: "\\"))
            result.append(contentsOf: content[(start + 2)..<end])
        }
        return end
    }
}
