// SPDX-License-Identifier: Apache-2.0

import CYAML

/// What libyaml says about a text that it cannot read, and its translation.
struct ParserProblem {
    private let parser: yaml_parser_t
    private let text: UnsafeBufferPointer<UInt8>
    private let source: SourceID
    private let problem: String
    private let context: String

    /// Takes down the problem that a parser has stopped at.
    init(of parser: yaml_parser_t, text: UnsafeBufferPointer<UInt8>, source: SourceID) {
        self.parser = parser
        self.text = text
        self.source = source
        problem = parser.problem.map { String(cString: $0) } ?? ""
        context = parser.context.map { String(cString: $0) } ?? ""
    }

    /// The problem in our words.
    var syntaxError: SyntaxError {
        switch parser.error {
        case YAML_READER_ERROR: readerError
        case YAML_SCANNER_ERROR: scannerError
        case YAML_MEMORY_ERROR: SyntaxError(message: "out of memory", origin: here)
        default: parserError
        }
    }

    private var here: Origin { Origin(mark: parser.problem_mark, file: source) }
    private var start: Origin { Origin(mark: parser.context_mark, file: source) }

    private func error(_ message: String, at origin: Origin? = nil, note: String? = nil) -> SyntaxError {
        let isElsewhere = start != (origin ?? here) && !context.isEmpty
        let notes = isElsewhere ? note.map { [SyntaxError.Note(message: $0, origin: start)] } : nil
        return SyntaxError(message: message, origin: origin ?? here, notes: notes ?? [])
    }

    // MARK: Bytes

    private var readerError: SyntaxError {
        var offset = min(parser.problem_offset, text.count)
        if problem == "invalid trailing UTF-8 octet" {
            // libyaml points at the byte that should go on with the character, people look at the character.
            while offset > 0 {
                offset -= 1
                if text[offset] & 0xC0 != 0x80 {
                    break
                }
            }
        }
        let origin = Origin(ofByte: offset, in: text, file: source)
        let value = parser.problem_value
        return switch problem {
        case "control characters are not allowed":
            SyntaxError(message: "control character \(codePoint(value)) is not allowed", origin: origin)
        case _ where problem.contains("UTF-8"), "invalid Unicode character", "invalid length of a UTF-8 sequence":
            SyntaxError(message: "the text is not valid UTF-8", origin: origin)
        case _ where problem.contains("surrogate"), "incomplete UTF-16 character":
            SyntaxError(message: "the text is not valid UTF-16", origin: origin)
        default:
            SyntaxError(message: problem.isEmpty ? "the text cannot be read" : problem, origin: origin)
        }
    }

    private func codePoint(_ value: Int32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    // MARK: Tokens

    private var scannerError: SyntaxError {
        switch problem {
        case "found character that cannot start any token":
            characterError
        case "mapping values are not allowed in this context":
            error("a mapping is not allowed here; check the indentation, and quote text that contains `: `")
        case "block sequence entries are not allowed in this context":
            error("a list item is not allowed here; check the indentation")
        case "mapping keys are not allowed in this context":
            error("a key is not allowed here; check the indentation")
        case "could not find expected ':'":
            error("expected `:` after this key", at: start)
        case "found unexpected end of stream":
            error("the quoted string is not closed", at: start)
        case "found unexpected document indicator":
            error("the quoted string is not closed before the end of the document", at: start)
        case "found unexpected ':'":
            error("a `:` before `,`, a bracket or a brace needs a space after it, or quotes around the text")
        case "found unknown escape character":
            error("unknown escape sequence in a double-quoted string; use single quotes or write `\\\\`")
        case "did not find expected hexdecimal number":
            error("an escape sequence lacks hexadecimal digits")
        case "found invalid Unicode character escape code":
            error("an escape sequence stands for no Unicode character")
        case "found a tab character where an indentation space is expected",
            "found a tab character that violates indentation":
            error("a tab cannot be used for indentation; use spaces")
        default:
            otherScannerError
        }
    }

    private var characterError: SyntaxError {
        let index = text.index(ofLine: parser.problem_mark.line, column: parser.problem_mark.column)
        guard let index else {
            return error("this character cannot start a value")
        }
        return switch text[index] {
        case UInt8(ascii: "\t"): error("a tab cannot be used for indentation; use spaces")
        case UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: "%"):
            error("`\(Character(UnicodeScalar(text[index])))` cannot start a value; quote it")
        default: error("this character cannot start a value")
        }
    }

    private var otherScannerError: SyntaxError {
        switch context {
        case "while scanning an anchor":
            error("an anchor needs a name of letters, digits, `-` and `_`, followed by a space", at: start)
        case "while scanning an alias":
            error("an alias needs a name of letters, digits, `-` and `_`; quote text that starts with `*`", at: start)
        case "while scanning a block scalar":
            error("the header of a block scalar is `|` or `>`, then `-` or `+`, then the indentation from 1 to 9")
        case "while scanning a tag", "while parsing a tag":
            error("the tag is malformed; quote text that starts with `!`", at: start)
        case "while scanning a directive", "while scanning a %YAML directive", "while scanning a %TAG directive",
            "while scanning %TAG directive", "while parsing a %TAG directive":
            error("the directive is malformed; quote text that starts with `%`", at: start)
        default:
            error(generic)
        }
    }

    // MARK: Structure

    private var parserError: SyntaxError {
        switch problem {
        case "did not find expected key" where context == "while parsing a block mapping":
            error("expected a key; check the indentation", note: "the mapping starts here")
        case "did not find expected '-' indicator":
            error("expected `- `; check the indentation", note: "the list starts here")
        case "did not find expected ',' or ']'":
            error("expected `,` or `]`", note: "the list starts here")
        case "did not find expected ',' or '}'":
            error("expected `,` or `}`", note: "the mapping starts here")
        case "did not find expected node content":
            error("expected a value", note: "it starts here")
        case "did not find expected <document start>":
            error("expected the end of the file or `---`")
        case "found undefined tag handle":
            error("the tag has a prefix that no `%TAG` directive defines")
        case "found duplicate %YAML directive", "found duplicate %TAG directive":
            error("the directive stands twice")
        case "found incompatible YAML document":
            error("only YAML 1.1 and 1.2 can be read")
        case _ where problem.hasPrefix("Maximum nesting level"):
            error("values are nested too deep")
        default:
            error(generic)
        }
    }

    /// What libyaml says, where we have nothing better.
    private var generic: String {
        switch (context.isEmpty, problem.isEmpty) {
        case (true, true): "the text is not YAML"
        case (true, false): problem
        default: "\(problem) \(context)"
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Finds a character by line and column, both counted from 0.
    fileprivate func index(ofLine line: Int, column: Int) -> Int? {
        var position = startIndex
        for _ in 0..<line {
            guard let end = self[position...].firstIndex(of: UInt8(ascii: "\n")) else {
                return nil
            }
            position = end + 1
        }
        var remaining = column
        while position < endIndex, remaining > 0 {
            position += 1
            while position < endIndex, self[position] & 0xC0 == 0x80 {
                position += 1
            }
            remaining -= 1
        }
        return position < endIndex ? position : nil
    }
}
