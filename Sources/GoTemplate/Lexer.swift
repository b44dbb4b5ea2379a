// SPDX-License-Identifier: Apache-2.0

/// A piece of a template.
struct Token: Equatable {
    enum Kind: Equatable {
        case text, actionStart, actionEnd, space, end
        case identifier, keyword, field, variable, dot, bool, null
        case number, character, string, rawString
        case assign, declare, pipe, comma, other, leftParenthesis, rightParenthesis
    }

    var kind: Kind
    var text: String
    /// The offset in bytes.
    var position: Int
}

/// Cuts a template into tokens, as Go's text/template/parse does.
struct Lexer {
    private let bytes: [UInt8]
    private var offset = 0
    private var depth = 0
    private(set) var tokens: [Token] = []

    static let keywords: Set<String> = [
        "block", "break", "continue", "define", "else", "end", "if", "range", "template", "with",
    ]

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// All tokens, the last of which is `end`.
    mutating func run() throws(TemplateError) -> [Token] {
        while try readText() {
            while try readInsideAction() {}
        }
        tokens.append(Token(kind: .end, text: "EOF", position: bytes.count))
        return tokens
    }

    private func failure(_ message: String, at position: Int? = nil) -> TemplateError {
        let line = 1 + bytes.prefix(position ?? offset).count { $0 == UInt8(ascii: "\n") }
        return TemplateError("template: :\(line): \(message)")
    }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func starts(with text: String, at position: Int? = nil) -> Bool {
        bytes[min(position ?? offset, bytes.count)...].starts(with: text.utf8)
    }

    private mutating func add(_ kind: Token.Kind, from start: Int) {
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        tokens.append(Token(kind: kind, text: text, position: start))
    }

    private func isSpace(_ byte: UInt8?) -> Bool { byte.map { [0x20, 0x09, 0x0a, 0x0d].contains($0) } ?? false }

    // MARK: Text

    /// Reads up to the next action; false where there is none.
    private mutating func readText() throws(TemplateError) -> Bool {
        let start = offset
        while offset < bytes.count, !starts(with: "{{") { offset += 1 }
        let hasAction = offset < bytes.count
        let isTrimmed = hasAction && starts(with: "-", at: offset + 2) && isSpace(bytes.dropFirst(offset + 3).first)
        var end = offset
        if isTrimmed { while end > start, isSpace(bytes[end - 1]) { end -= 1 } }
        if end > start {
            let text = String(decoding: bytes[start..<end], as: UTF8.self)
            tokens.append(Token(kind: .text, text: text, position: start))
        }
        guard hasAction else { return false }
        let action = offset
        offset += 2 + (isTrimmed ? 2 : 0)
        if starts(with: "/*") {
            try skipComment()
        } else {
            tokens.append(Token(kind: .actionStart, text: "{{", position: action))
            depth = 0
        }
        return true
    }

    private mutating func skipComment() throws(TemplateError) {
        let start = offset
        while offset < bytes.count, !starts(with: "*/") { offset += 1 }
        guard offset < bytes.count else { throw failure("unclosed comment", at: start) }
        offset += 2
        guard skipActionEnd() else { throw failure("comment ends before closing delimiter", at: start) }
        isInComment = true
    }

    /// Set where a comment was the whole action.
    private var isInComment = false

    /// Skips `}}` or ` -}}` and, for the latter, the space after it.
    private mutating func skipActionEnd() -> Bool {
        if isSpace(next), starts(with: "-}}", at: offset + 1) {
            offset += 4
            while isSpace(next) { offset += 1 }
            return true
        }
        guard starts(with: "}}") else { return false }
        offset += 2
        return true
    }

    // MARK: Actions

    /// Reads one token; false at the end of the action.
    private mutating func readInsideAction() throws(TemplateError) -> Bool {
        if isInComment {
            isInComment = false
            return false
        }
        let start = offset
        if starts(with: "}}") || isSpace(next) && starts(with: "-}}", at: offset + 1) {
            guard depth == 0 else { throw failure("unclosed left paren") }
            _ = skipActionEnd()
            tokens.append(Token(kind: .actionEnd, text: "}}", position: start))
            return false
        }
        guard let byte = next else { throw failure("unclosed action") }
        if isSpace(byte) {
            while isSpace(next), !starts(with: "-}}", at: offset + 1) { offset += 1 }
            add(.space, from: start)
            return true
        }
        switch byte {
        case UInt8(ascii: ":"):
            guard starts(with: ":=") else { throw failure("expected :=") }
            offset += 2
            add(.declare, from: start)
        case UInt8(ascii: "="): single(.assign)
        case UInt8(ascii: "|"): single(.pipe)
        case UInt8(ascii: ","): single(.comma)
        case UInt8(ascii: "("):
            depth += 1
            single(.leftParenthesis)
        case UInt8(ascii: ")"):
            depth -= 1
            guard depth >= 0 else { throw failure("unexpected right paren") }
            single(.rightParenthesis)
        case UInt8(ascii: "\""): try quoted("\"", .string, "unterminated quoted string")
        case UInt8(ascii: "'"): try quoted("'", .character, "unterminated character constant")
        case UInt8(ascii: "`"): try rawString()
        case UInt8(ascii: "$"): try word(.variable)
        case UInt8(ascii: ".") where !isDigit(bytes.dropFirst(offset + 1).first): try word(.field)
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), 0x30...0x39: try number()
        case 0x21...0x7e where !isWordByte(byte): single(.other)
        default: try identifier()
        }
        return true
    }

    private mutating func single(_ kind: Token.Kind) {
        offset += 1
        add(kind, from: offset - 1)
    }

    private func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }

    private func isWordByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x5f || byte >= 0x80
    }

    /// A field or variable: a sign and a word, or the sign alone.
    private mutating func word(_ kind: Token.Kind) throws(TemplateError) {
        let start = offset
        offset += 1
        while let byte = next, isWordByte(byte) { offset += 1 }
        try checkEndOfWord()
        if kind == .field, offset == start + 1 { add(.dot, from: start) } else { add(kind, from: start) }
    }

    private mutating func identifier() throws(TemplateError) {
        let start = offset
        while let byte = next, isWordByte(byte) { offset += 1 }
        guard offset > start else {
            throw failure("unrecognized character in action: \(codePoint)")
        }
        try checkEndOfWord()
        switch String(decoding: bytes[start..<offset], as: UTF8.self) {
        case "true", "false": add(.bool, from: start)
        case "nil": add(.null, from: start)
        case let text: add(Self.keywords.contains(text) ? .keyword : .identifier, from: start)
        }
    }

    private func checkEndOfWord() throws(TemplateError) {
        guard let byte = next, !isSpace(byte), !".,|:=()".utf8.contains(byte), !starts(with: "}}") else { return }
        throw failure("bad character \(codePoint)")
    }

    /// The next character as Go's `%#U` prints it.
    private var codePoint: String {
        let scalar = String(decoding: bytes[offset...].prefix(4), as: UTF8.self).unicodeScalars.first ?? "\u{fffd}"
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let padding = String(repeating: "0", count: max(0, 4 - digits.utf8.count))
        return "U+\(padding)\(digits) '\(scalar)'"
    }

    private mutating func quoted(
        _ mark: Unicode.Scalar,
        _ kind: Token.Kind,
        _ problem: String
    ) throws(TemplateError) {
        let start = offset
        offset += 1
        while let byte = next, byte != UInt8(ascii: mark) {
            if byte == UInt8(ascii: "\n") { break }
            offset += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        guard next == UInt8(ascii: mark) else {
            offset = min(offset, bytes.count)
            throw failure(problem, at: start)
        }
        offset += 1
        add(kind, from: start)
    }

    private mutating func rawString() throws(TemplateError) {
        let start = offset
        offset += 1
        while let byte = next, byte != UInt8(ascii: "`") { offset += 1 }
        guard next != nil else { throw failure("unterminated raw quoted string", at: start) }
        offset += 1
        add(.rawString, from: start)
    }

    private mutating func number() throws(TemplateError) {
        let start = offset
        offset += 1
        while let byte = next,
            isWordByte(byte) || byte == UInt8(ascii: ".")
                || (byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")) && "eEpP".utf8.contains(bytes[offset - 1])
        { offset += 1 }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        guard NumberText.value(of: text) != nil else { throw failure("bad number syntax: \"\(text)\"", at: start) }
        add(.number, from: start)
    }
}
