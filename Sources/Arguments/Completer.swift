// SPDX-License-Identifier: Apache-2.0

/// Tells a shell how the word that is being written can go on.
///
/// The answer's first line says what the shell itself shall offer: `words` for nothing else than what follows, `files`
/// and perhaps their extensions, or `folders`. Each line after it has a word and, behind a tab, what it means.
struct Completer {
    private let program: Command

    init(_ program: Command) {
        self.program = program
    }

    /// The answer for the words after the program's name, the last of which is being written.
    func answer(to words: [String]) -> String {
        let word = words.last ?? ""
        var reader = ArgumentReader(program)
        do {
            try reader.read(words.dropLast())
        } catch {
            // What follows a mistake has no meaning.
            return "words\n"
        }
        if let option = reader.unfinished {
            return Self.answer(option.completion, to: word)
        }
        let chosen = reader.chosen
        if !reader.endsOptions, word.utf8.first == UInt8(ascii: "-") {
            return Self.options(word, after: reader)
        }
        if reader.words.isEmpty, !chosen.command.subcommands.isEmpty {
            let commands = chosen.command.subcommands.filter { !$0.isHidden }
            return Self.answer(commands.map { ($0.name, $0.summary) }, to: word)
        }
        return Self.answer(Self.positional(at: reader.words.count, of: chosen.syntax)?.completion ?? .nothing, to: word)
    }

    /// The options that a word begins and that make sense now, or the values of the option that it names before `=`.
    private static func options(_ word: String, after reader: ArgumentReader) -> String {
        if let split = word.utf8.firstIndex(of: UInt8(ascii: "=")), word.utf8.starts(with: "--".utf8) {
            let name = word[..<split].dropFirst(2)
            let value = word[word.utf8.index(after: split)...]
            let option = reader.chosen.option { $0.name == name && $0.takesValue }
            return answer(option?.completion ?? .nothing, to: String(value), after: String(word[...split]))
        }
        let options = reader.chosen.visibleOptions.filter { $0.isRepeatable || !reader.given.contains($0.spelling) }
        return answer(options.map { ($0.spelling, $0.help) }, to: word)
    }

    /// The positional argument that a word at an index would be.
    private static func positional(at index: Int, of syntax: Syntax) -> Positional? {
        let shares = syntax.positionals.shares(of: index + 1)
        var end = 0
        for (positional, share) in zip(syntax.positionals, shares) {
            end += share
            if index < end {
                return positional
            }
        }
        return nil
    }

    private static func answer(_ completion: Completion, to word: String, after prefix: String = "") -> String {
        switch completion {
        case .nothing: "words\n"
        case .words(let words): answer(words.map { (prefix + $0, "") }, to: prefix + word)
        case .computed(let words): answer(words().map { (prefix + $0, "") }, to: prefix + word)
        case .files(let extensions): (["files"] + extensions).joined(separator: " ") + "\n"
        case .folders: "folders\n"
        }
    }

    private static func answer(_ candidates: [(word: String, meaning: String)], to word: String) -> String {
        "words\n"
            + candidates.filter { $0.word.utf8.starts(with: word.utf8) }.map { candidate in
                candidate.meaning.isEmpty ? "\(candidate.word)\n" : "\(candidate.word)\t\(candidate.meaning)\n"
            }.joined()
    }
}
