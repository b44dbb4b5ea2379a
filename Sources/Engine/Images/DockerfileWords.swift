// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// The words of an instruction of a Dockerfile: blanks separate, quotes and backslashes keep together, variables are filled in.
struct DockerfileWords {
    /// The values of variables.
    var variables: [String: String]

    /// Splits at blanks outside of quotes; quotes and backslashes stay.
    static func split(_ text: Substring) -> [String] {
        var (words, word): ([String], String) = ([], "")
        var quote: Character?
        var isEscaped = false
        for character in text {
            if isEscaped {
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character.isWhitespace {
                if !word.isEmpty { words.append(word) }
                word = ""
                continue
            }
            word.append(character)
        }
        if !word.isEmpty { words.append(word) }
        return words
    }

    /// Takes quotes and backslashes away and fills in variables, as a shell would; nothing is split.
    ///
    /// - Parameter word: The text; `$NAME`, `${NAME}`, `${NAME:-text}` and `${NAME:+text}` are filled in outside of single
    ///   quotes.
    /// - Returns: The text that is meant.
    /// - Throws: `badParameter` for a quote or brace that is not closed, or an unknown form of `${}`.
    func expand(_ word: some StringProtocol) throws(EngineError) -> String {
        var result = ""
        var rest = Substring(word)
        var isQuoted = false
        while let character = rest.popFirst() {
            switch character {
            case "'" where !isQuoted:
                guard let end = rest.firstIndex(of: "'") else { throw Self.open("'", word) }
                result += rest[..<end]
                rest = rest[rest.index(after: end)...]
            case "\"": isQuoted.toggle()
            case "\\":
                guard let next = rest.popFirst() else {
                    result.append("\\")
                    break
                }
                // In quotes a backslash is one unless it is in front of what it can take the meaning from.
                if isQuoted, next != "\"", next != "$", next != "\\" { result.append("\\") }
                result.append(next)
            case "$": result += try variable(&rest, word)
            default: result.append(character)
            }
        }
        if isQuoted { throw Self.open("\"", word) }
        return result
    }

    /// The value of the variable whose name follows.
    private func variable(_ rest: inout Substring, _ word: some StringProtocol) throws(EngineError) -> String {
        guard rest.first == "{" else {
            let name = Self.name(rest)
            if name.isEmpty { return "$" }
            rest = rest.dropFirst(name.count)
            return variables[String(name)] ?? ""
        }
        rest.removeFirst()
        let name = Self.name(rest)
        rest = rest.dropFirst(name.count)
        guard let end = Self.closingBrace(rest) else { throw Self.open("{", word) }
        let modifier = rest[..<end]
        rest = rest[rest.index(after: end)...]
        let value = variables[String(name)]
        if !name.isEmpty {
            if modifier.isEmpty { return value ?? "" }
            let hasValue = value?.isEmpty == false
            if modifier.hasPrefix(":-") { return hasValue ? value ?? "" : try expand(modifier.dropFirst(2)) }
            if modifier.hasPrefix(":+") { return hasValue ? try expand(modifier.dropFirst(2)) : "" }
        }
        throw EngineError(
            .badParameter,
            "`\(word)`: `${\(name)\(modifier)}` is no form of a variable that is supported"
        )
    }

    private static func name(_ text: Substring) -> Substring {
        let isLetter: (Character) -> Bool = { $0.isASCII && ($0.isLetter || $0 == "_") }
        guard let first = text.first, isLetter(first) else { return "" }
        return text.prefix { isLetter($0) || ($0.isASCII && $0.isNumber) }
    }

    private static func closingBrace(_ text: Substring) -> Substring.Index? {
        var depth = 0
        for index in text.indices {
            if text[index] == "{" { depth += 1 }
            if text[index] == "}" {
                if depth == 0 { return index }
                depth -= 1
            }
        }
        return nil
    }

    private static func open(_ mark: String, _ word: some StringProtocol) -> EngineError {
        EngineError(.badParameter, "`\(word)`: the \(mark) is not closed")
    }
}
