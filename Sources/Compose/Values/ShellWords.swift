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
    private enum Quotes {
        case none
        case single
        case double
    }

    /// A command inside the command, which is kept as it is.
    ///
    /// Quotes have a meaning in backticks but not in parentheses.
    private enum Command {
        case none
        case backticks
        case parentheses
    }

    private var words: [String] = []
    private var word: [UInt8] = []
    /// Whether a word has begun; one in quotes can be empty.
    private var hasWord = false
    private var isEscaped = false
    private var quotes = Quotes.none
    private var command = Command.none

    private var isPlain: Bool { quotes == .none && command == .none }

    /// Takes the next byte; false where the command ends before it.
    mutating func append(_ byte: UInt8, of text: String) throws(ValueError) -> Bool {
        if isEscaped {
            isEscaped = false
            keep(byte)
            return true
        }
        switch byte {
        case UInt8(ascii: "\\"):
            if quotes == .single {
                word.append(byte)
            } else {
                isEscaped = true
            }
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
            if isPlain {
                endWord()
            } else {
                word.append(byte)
            }
        case UInt8(ascii: "\""):
            quote(byte, .double)
        case UInt8(ascii: "'"):
            quote(byte, .single)
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
        guard isPlain, !isEscaped else {
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

    private mutating func quote(_ byte: UInt8, _ other: Quotes) {
        guard command != .parentheses, quotes == .none || quotes == other else {
            keep(byte)
            return
        }
        hasWord = hasWord || quotes == other
        quotes = quotes == other ? .none : other
    }

    /// Enters a command inside the command, or leaves it.
    ///
    /// A closing parenthesis without an opening one enters it too.
    private mutating func toggle(_ other: Command) {
        if quotes == .none, command == .none || command == other {
            command = command == other ? .none : other
        }
    }

    private mutating func openParenthesis(_ text: String) throws(ValueError) {
        guard quotes == .none, command != .backticks else {
            keep(UInt8(ascii: "("))
            return
        }
        guard command == .none, word.last == UInt8(ascii: "$") else {
            throw error(text)
        }
        command = .parentheses
        word.append(UInt8(ascii: "("))
    }

    private mutating func endsCommand(_ byte: UInt8) -> Bool {
        guard isPlain else {
            keep(byte)
            return true
        }
        // `2>` is one operator: the number is no word of the command. Docker Compose looks at the first digit only.
        if byte == UInt8(ascii: ">"), let first = word.first, UInt8(ascii: "0")...UInt8(ascii: "9") ~= first {
            hasWord = false
        }
        return false
    }

    private func error(_ text: String) -> ValueError {
        let reason =
            switch (quotes, command) {
            case (.single, _): "has a single quote without a partner"
            case (.double, _): "has a double quote without a partner"
            case (.none, .backticks): "has a backtick without a partner"
            case (.none, .parentheses): "has a parenthesis without a partner"
            case (.none, .none) where isEscaped: "ends with a backslash"
            case (.none, .none): "has a parenthesis that is not part of `$(…)`"
            }
        return ValueError("the command \(ValueError.quoted(text)) \(reason); put it in quotes or write a list of words")
    }
}
