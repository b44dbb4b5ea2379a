// SPDX-License-Identifier: Apache-2.0

/// What a text becomes by filling in its variables.
package struct Expansion: Equatable, Sendable {
    /// The text.
    package var text = ""
    /// The text split at the blanks that are neither quoted nor escaped, those in values of variables included; none where
    /// nobody asked for them.
    package var words: [String] = []
    /// The variables that were found, in the order of the text.
    package var used: [String] = []
    /// Those that were not, in the same order.
    package var missing: [String] = []
}

/// Collects the characters of an expansion.
struct ExpansionOutput {
    private(set) var text = String.UnicodeScalarView()
    /// The length of the text in bytes.
    private(set) var count = 0
    /// Nil where nobody wants the words.
    private var words: [String]?
    private var word = String.UnicodeScalarView()

    init(splitsWords: Bool) {
        words = splitsWords ? [] : nil
    }

    /// Adds a character as it is.
    mutating func appendRaw(_ scalar: Unicode.Scalar) {
        text.append(scalar)
        if words != nil { word.append(scalar) }
        count += UTF8.width(scalar)
    }

    /// Adds a character; a blank ends the word.
    mutating func append(_ scalar: Unicode.Scalar) {
        guard words != nil, scalar.isBlank else { return appendRaw(scalar) }
        text.append(scalar)
        count += UTF8.width(scalar)
        endWord()
    }

    /// Adds the value of a variable.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - isRaw: Whether blanks do not end the word.
    mutating func append(_ value: String, isRaw: Bool) {
        if words == nil {
            text.append(contentsOf: value.unicodeScalars)
            count += value.utf8.count
        } else {
            for scalar in value.unicodeScalars { if isRaw { appendRaw(scalar) } else { append(scalar) } }
        }
    }

    private mutating func endWord() {
        if !word.isEmpty { words?.append(String(word)) }
        word = String.UnicodeScalarView()
    }

    /// The words, the last one ended; none where nobody wants them.
    mutating func takeWords() -> [String] {
        endWord()
        return words ?? []
    }
}
