// SPDX-License-Identifier: Apache-2.0

/// Walks along arguments: finds the command, stores the values of options and collects the words that are none.
struct ArgumentReader {
    private(set) var chosen: ChosenCommand
    /// The words for the positional arguments.
    private(set) var words: [String] = []
    /// Whether what follows is words, hyphens or not.
    private(set) var endsOptions = false
    /// The options that were given, as they are spelt in full.
    private(set) var given: [String] = []
    /// The option whose value the arguments end before.
    private(set) var unfinished: Option?
    /// Whether help is asked for, of the command that the rest of the words leads to.
    private(set) var wantsHelp = false
    private var shown: String?
    private var rest: ArraySlice<String> = []
    private let nearest: (String, [String]) -> String?

    init(_ program: Command, nearest: @escaping (String, [String]) -> String? = { _, _ in nil }) {
        chosen = ChosenCommand(program)
        self.nearest = nearest
    }

    /// Reads arguments until something is to be printed.
    mutating func read(_ arguments: [String]) throws(UsageError) {
        rest = arguments[...]
        while shown == nil, let argument = rest.popFirst() {
            let isOption = argument.utf8.first == UInt8(ascii: "-") && argument.utf8.count > 1
            if endsOptions || !isOption {
                try readWord(argument)
            } else if wantsHelp {
                // Only the words count that lead to the command.
                continue
            } else if argument == "--" {
                endsOptions = true
            } else if argument.utf8.starts(with: "--".utf8) {
                try readLong(argument)
            } else {
                try readShort(argument)
            }
        }
    }

    /// What is to be done after all has been read.
    mutating func action(width: () -> Int) throws(UsageError) -> CommandLineParser.Action {
        if let shown {
            return .show(shown)
        }
        if wantsHelp {
            return .show(HelpText(chosen, width: width()).description)
        }
        if let unfinished {
            let spelling = unfinished.spelling
            throw UsageError("`\(spelling)` needs a value: `\(spelling) <\(unfinished.valueName)>`")
        }
        guard let run = chosen.syntax.run else {
            return .show(HelpText(chosen, width: width()).description)
        }
        try storeWords()
        try chosen.check()
        return .run(run)
    }

    // MARK: Words

    private mutating func readWord(_ word: String) throws(UsageError) {
        if words.isEmpty, !chosen.command.subcommands.isEmpty {
            if let command = chosen.command.subcommand(named: word) {
                chosen = ChosenCommand(command, below: chosen)
                // What ended was the options before the command.
                endsOptions = false
                return
            }
            if word == "help", !wantsHelp {
                wantsHelp = true
                return
            }
            if chosen.syntax.positionals.isEmpty {
                throw unknownCommand(word)
            }
        }
        words.append(word)
        if chosen.syntax.passesThrough {
            endsOptions = true
        }
    }

    private func unknownCommand(_ word: String) -> UsageError {
        let names = chosen.command.subcommands.filter { !$0.isHidden }.flatMap { [$0.name] + $0.aliases }
        let parent = chosen.parent != nil ? " of `\(chosen.name)`" : ""
        return UsageError("unknown command `\(word)`\(parent)", suggestion: nearest(word, names))
    }

    private mutating func storeWords() throws(UsageError) {
        let positionals = chosen.syntax.positionals
        let shares = positionals.shares(of: words.count)
        let total = shares.reduce(0, +)
        guard words.count >= total else {
            let missing = positionals.filter { $0.count.lowerBound > 0 }.map(\.name)
            throw UsageError("`\(chosen.name)` needs \(missing.joined(separator: " and "))")
        }
        guard words.count == total else {
            let most = total == 0 ? "no arguments" : total == 1 ? "one argument" : "\(total) arguments"
            throw UsageError("unexpected argument `\(words[total])`: `\(chosen.name)` takes \(most)")
        }
        var left = words[...]
        for (positional, share) in zip(positionals, shares) {
            for word in left.prefix(share) {
                do {
                    try positional.store(word)
                } catch {
                    throw UsageError("\(positional.name) must be \(error.expectation), not `\(word)`")
                }
            }
            left = left.dropFirst(share)
        }
    }

    // MARK: Options

    private mutating func readLong(_ argument: String) throws(UsageError) {
        let text = argument.utf8.dropFirst(2)
        let split = text.firstIndex(of: UInt8(ascii: "="))
        let name = String(argument[text.startIndex..<(split ?? text.endIndex)])
        guard !name.isEmpty, let option = chosen.option(where: { $0.name == name }) else {
            let names = chosen.visibleOptions.map(\.name)
            throw UsageError("unknown option `--\(name)`", suggestion: nearest(name, names).map { "--\($0)" })
        }
        if let split {
            try apply(option, String(argument[text.index(after: split)...]))
        } else if option.takesValue {
            try applyNext(option)
        } else {
            try apply(option, nil)
        }
    }

    /// Reads letters after one hyphen, of which all but the last stand for options without values.
    private mutating func readShort(_ argument: String) throws(UsageError) {
        let scalars = argument.unicodeScalars
        var index = scalars.index(after: scalars.startIndex)
        while index < scalars.endIndex {
            let letter = scalars[index]
            index = scalars.index(after: index)
            guard let option = chosen.option(where: { $0.short == letter }) else {
                let whole = scalars.count > 2 ? " in `\(argument)`" : ""
                throw UsageError("unknown option `-\(letter)`\(whole)")
            }
            let value = scalars[index...]
            if value.count > 1, value.first == "=" {
                return try apply(option, String(value.dropFirst()))
            }
            if option.takesValue {
                return value.isEmpty ? try applyNext(option) : try apply(option, String(value))
            }
            try apply(option, nil)
        }
    }

    private mutating func applyNext(_ option: Option) throws(UsageError) {
        guard let value = rest.popFirst() else {
            unfinished = option
            return
        }
        try apply(option, value)
    }

    private mutating func apply(_ option: Option, _ value: String?) throws(UsageError) {
        given.append(option.spelling)
        if let value, !option.allowed.isEmpty, !option.allowed.contains(value) {
            let expected = option.allowed.alternatives
            throw UsageError(
                "`\(option.spelling)` must be \(expected), not `\(value)`",
                suggestion: nearest(value, option.allowed)
            )
        }
        do {
            switch option.action {
            case .flag(let store): try store(Self.boolean(value))
            case .choice(let words, let store): store(try Self.choice(value, of: words))
            case .value(let store): try store(value ?? "")
            case .show(let text): shown = try Self.boolean(value) ? text() : nil
            case .showFor(let text): shown = text(value ?? "")
            case .help: wantsHelp = try Self.boolean(value)
            }
        } catch {
            throw UsageError("`\(option.spelling)` must be \(error.expectation), not `\(value ?? "")`")
        }
    }

    /// The value of an option that needs none: a word, `true`, or nil for `false`.
    private static func choice(_ text: String?, of words: [String]) throws(InvalidValue) -> String? {
        if let text, words.contains(text) { return text }
        do throws(InvalidValue) {
            return try boolean(text) ? "true" : nil
        } catch {
            throw InvalidValue((words + ["true", "false"]).alternatives)
        }
    }

    /// The value of a flag as Go's `strconv.ParseBool` reads it; true where there is none.
    private static func boolean(_ text: String?) throws(InvalidValue) -> Bool {
        switch text {
        case nil, "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw InvalidValue("true or false")
        }
    }
}

extension [String] {
    /// `a, b or c`.
    var alternatives: String {
        count < 2 ? joined() : dropLast().joined(separator: ", ") + " or " + self[count - 1]
    }
}
