// SPDX-License-Identifier: Apache-2.0

/// Fills in the variables of an instruction: all of its texts see the same values.
struct Filling {
    let expander: Expander
    let variables: [String: String]
    /// The variables that are not set, each where it was asked for first.
    private(set) var missing: [Word] = []
    private var seen: Set<String> = []
    /// Those that are.
    private(set) var used: Set<String> = []
    /// How many characters came of it.
    private(set) var length = 0

    init(_ expander: Expander, _ variables: [String: String]) {
        self.expander = expander
        self.variables = variables
    }

    /// A text with its variables filled in.
    mutating func text(_ word: Word) throws(BuildProblem) -> String { try expand(word, expander).text }

    /// A text at a place with its variables filled in.
    mutating func text(_ text: String, at place: SourcePlace) throws(BuildProblem) -> String {
        try self.text(Word(text, at: place))
    }

    /// The words that a text becomes.
    mutating func words(_ word: Word) throws(BuildProblem) -> [String] {
        try expand(word, expander, splitsWords: true).words
    }

    /// A here-document with its variables filled in.
    mutating func body(of heredoc: Heredoc) throws(BuildProblem) -> String {
        guard heredoc.expands else { return heredoc.body }
        var expander = Expander()
        expander.ignoresQuotes = true
        return try expand(Word(heredoc.body, at: heredoc.place), expander).text
    }

    private mutating func expand(
        _ word: Word,
        _ expander: Expander,
        splitsWords: Bool = false
    ) throws(BuildProblem) -> Expansion {
        let expansion: Expansion
        do {
            expansion = try expander.expand(word.text, variables, splitsWords: splitsWords)
        } catch {
            throw error.located(at: word.place)
        }
        length += expansion.text.utf8.count
        used.formUnion(expansion.used)
        for name in expansion.missing where seen.insert(name).inserted {
            missing.append(Word(name, at: word.place))
        }
        return expansion
    }
}
