// SPDX-License-Identifier: Apache-2.0

/// The words of a command that was written as one string.
package enum ShellWords {
    /// Splits a command line at its white space.
    ///
    /// Quotes and backslashes work as in a shell. Nothing is replaced: a command in backticks or `$(…)` stays in its word
    /// as it is, and so do variables and patterns. The command ends at the first `;`, `&`, `|`, `<` or `>` outside quotes,
    /// as if nothing followed.
    ///
    /// - Parameter text: The command line.
    /// - Returns: The words, perhaps none.
    /// - Throws: ``ValueError`` where a quote or bracket has no partner.
    package static func split(_ text: String) throws(ValueError) -> [String] {
        var splitter = ShellWordSplitter()
        for byte in text.utf8 {
            guard try splitter.append(byte, of: text) else {
                break
            }
        }
        return try splitter.finish(text)
    }
}

/// The state of splitting one command line.
///
/// All characters with a meaning are ASCII, so it works on the bytes of UTF-8.
private struct ShellWordSplitter {
    private enum Context {
        case plain
        case singleQuotes
        case doubleQuotes
        case backticks
        case parentheses
    }

    private var words: [String] = []
    private var word: [UInt8] = []
    /// Whether a word has begun; one in quotes can be empty.
    private var hasWord = false
    private var isEscaped = false
    private var context = Context.plain

    /// Takes the next byte; false where the command ends before it.
    mutating func append(_ byte: UInt8, of text: String) throws(ValueError) -> Bool {
        if isEscaped {
            isEscaped = false
            keep(byte)
            return true
        }
        switch byte {
        case UInt8(ascii: "\\"):
            if context == .singleQuotes {
                word.append(byte)
            } else {
                isEscaped = true
            }
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
            if context == .plain {
                endWord()
            } else {
                word.append(byte)
            }
        case UInt8(ascii: "\""):
            quote(byte, .doubleQuotes)
        case UInt8(ascii: "'"):
            quote(byte, .singleQuotes)
        case UInt8(ascii: "`"):
            toggle(.backticks)
            keep(byte)
        case UInt8(ascii: "("):
            try openParenthesis(text)
        case UInt8(ascii: ")"):
            toggle(.parentheses)
            keep(byte)
        case UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: "<"), UInt8(ascii: ">"):
            return endsCommand(byte)
        default:
            keep(byte)
        }
        return true
    }

    mutating func finish(_ text: String) throws(ValueError) -> [String] {
        endWord()
        guard context == .plain, !isEscaped else {
            throw error(text)
        }
        return words
    }

    private mutating func keep(_ byte: UInt8) {
        hasWord = true
        word.append(byte)
    }

    private mutating func endWord() {
        if hasWord {
            words.append(String(decoding: word, as: UTF8.self))
            word.removeAll(keepingCapacity: true)
            hasWord = false
        }
    }

    private mutating func quote(_ byte: UInt8, _ quotes: Context) {
        switch context {
        case .plain:
            context = quotes
        case quotes:
            context = .plain
            hasWord = true
        default:
            keep(byte)
        }
    }

    /// Enters a context, or leaves it.
    ///
    /// A closing parenthesis without an opening one enters it too.
    private mutating func toggle(_ other: Context) {
        if context == .plain {
            context = other
        } else if context == other {
            context = .plain
        }
    }

    private mutating func openParenthesis(_ text: String) throws(ValueError) {
        switch context {
        case .singleQuotes, .doubleQuotes, .backticks:
            keep(UInt8(ascii: "("))
        case .plain where word.last == UInt8(ascii: "$"):
            context = .parentheses
            word.append(UInt8(ascii: "("))
        case .plain, .parentheses:
            throw error(text)
        }
    }

    private mutating func endsCommand(_ byte: UInt8) -> Bool {
        guard context == .plain else {
            keep(byte)
            return true
        }
        // `2>` is one operator: the number is no word of the command.
        if byte == UInt8(ascii: ">"), !word.isEmpty, word.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) {
            hasWord = false
        }
        return false
    }

    private func error(_ text: String) -> ValueError {
        let reason =
            switch context {
            case .plain where isEscaped: "ends with a backslash"
            case .plain: "has a parenthesis that is not part of `$(…)`"
            case .singleQuotes: "has a single quote without a partner"
            case .doubleQuotes: "has a double quote without a partner"
            case .backticks: "has a backtick without a partner"
            case .parentheses: "has a parenthesis without a partner"
            }
        return ValueError("the command \(ValueError.quoted(text)) \(reason); put it in quotes or write a list of words")
    }
}
