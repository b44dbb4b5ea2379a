// SPDX-License-Identifier: Apache-2.0

/// An option of a command: its spellings, what help and completions say of it, and where its value goes.
package struct Option {
    /// What is done where the option is given.
    enum Action {
        /// Takes no value, but a Boolean can be written after `=`.
        case flag((Bool) throws(InvalidValue) -> Void)
        /// Takes no value but one of a few words after `=`, or a Boolean.
        case choice(words: [String], (String?) -> Void)
        /// Takes a value.
        case value((String) throws(InvalidValue) -> Void)
        /// Prints a text in place of running the command.
        case show(() -> String)
        /// Takes a value, and prints a text in place of running the command.
        case showFor((String) -> String)
        /// Prints the help of the command.
        case help
    }

    /// The name after two hyphens; empty where there is only a short one.
    var name: String
    /// The letter after one hyphen.
    var short: Unicode.Scalar?
    /// What stands for the value in help; empty where there is none.
    var valueName = ""
    var help: String
    /// The default value, for the help.
    var defaultValue = ""
    /// The only values that are accepted; empty where there is no such list.
    var allowed: [String] = []
    var completion = Completion.nothing
    /// Whether help and completions leave it out.
    var isHidden = false
    /// Whether it may be given several times, each adding to the others.
    var isRepeatable = false
    /// Whether it may also follow the name of a command below.
    var isInherited = true
    var action: Action

    /// An option without a value.
    ///
    /// It is read as Docker reads it: `--name`, `--name=true`, `--name=false`, `-n`, or `-nm` for two of them.
    ///
    /// - Parameters:
    ///   - name: The name after two hyphens; empty for none.
    ///   - short: The letter after one hyphen.
    ///   - help: What the option does.
    ///   - isHidden: Whether help and completions leave it out.
    ///   - store: Keeps what was written.
    /// - Returns: The option.
    package static func flag(
        _ name: String,
        short: Unicode.Scalar? = nil,
        help: String,
        isHidden: Bool = false,
        store: @escaping (Bool) throws(InvalidValue) -> Void
    ) -> Option {
        Option(name: name, short: short, help: help, isHidden: isHidden, action: .flag(store))
    }

    /// An option that needs no value and can have one: `--name`, `--name=word`, also `--name=true` and `--name=false`.
    ///
    /// - Parameters:
    ///   - name: The name after two hyphens.
    ///   - words: The values that there are.
    ///   - help: What the option does.
    ///   - store: Keeps what was written: a word, `true`, or nil for `false`.
    /// - Returns: The option.
    package static func choice(
        _ name: String,
        words: [String],
        help: String,
        store: @escaping (String?) -> Void
    ) -> Option {
        Option(name: name, help: help, completion: .words(words), action: .choice(words: words, store))
    }

    /// An option with a value.
    ///
    /// It is read as Docker reads it: `--name value`, `--name=value`, `-n value`, `-nvalue` or `-n=value`. Of several the
    /// last one counts unless `store` collects them.
    ///
    /// - Parameters:
    ///   - name: The name after two hyphens; empty for none.
    ///   - short: The letter after one hyphen.
    ///   - valueName: What stands for the value in help.
    ///   - help: What the option does.
    ///   - allowed: The only values that are accepted; empty for any.
    ///   - defaultValue: What help names as the default; empty for nothing.
    ///   - completion: What shells offer as its value; the allowed values where there are any.
    ///   - isRepeatable: Whether it may be given several times, each adding to the others.
    ///   - isHidden: Whether help and completions leave it out.
    ///   - store: Keeps the value, or refuses it.
    /// - Returns: The option.
    package static func value(
        _ name: String,
        short: Unicode.Scalar? = nil,
        _ valueName: String,
        help: String,
        allowed: [String] = [],
        default defaultValue: String = "",
        completion: Completion = .nothing,
        isRepeatable: Bool = false,
        isHidden: Bool = false,
        store: @escaping (String) throws(InvalidValue) -> Void
    ) -> Option {
        Option(
            name: name,
            short: short,
            valueName: valueName,
            help: help,
            defaultValue: defaultValue,
            allowed: allowed,
            completion: allowed.isEmpty ? completion : .words(allowed),
            isHidden: isHidden,
            isRepeatable: isRepeatable,
            action: .value(store)
        )
    }

    /// An option with a whole number as its value.
    ///
    /// - Parameters:
    ///   - name: The name after two hyphens; empty for none.
    ///   - short: The letter after one hyphen.
    ///   - valueName: What stands for the value in help.
    ///   - help: What the option does.
    ///   - defaultValue: What help names as the default; empty for nothing.
    ///   - isHidden: Whether help and completions leave it out.
    ///   - store: Keeps the number, or refuses it.
    /// - Returns: The option.
    package static func number(
        _ name: String,
        short: Unicode.Scalar? = nil,
        _ valueName: String,
        help: String,
        default defaultValue: String = "",
        isHidden: Bool = false,
        store: @escaping (Int) throws(InvalidValue) -> Void
    ) -> Option {
        value(name, short: short, valueName, help: help, default: defaultValue, isHidden: isHidden) {
            text throws(InvalidValue) in
            guard let number = Int(text) else {
                throw InvalidValue("a whole number")
            }
            try store(number)
        }
    }

    /// An option that prints a text in place of running the command.
    ///
    /// - Parameters:
    ///   - name: The name after two hyphens; empty for none.
    ///   - short: The letter after one hyphen.
    ///   - help: What the option does.
    ///   - text: Makes the text.
    /// - Returns: The option, which only the command that has it accepts.
    package static func show(
        _ name: String,
        short: Unicode.Scalar? = nil,
        help: String,
        text: @escaping () -> String
    ) -> Option {
        Option(name: name, short: short, help: help, isInherited: false, action: .show(text))
    }

    /// The option as it is written: `--name`, or `-n` where it has only a letter.
    var spelling: String {
        if name.isEmpty, let short {
            return "-\(short)"
        }
        return "--\(name)"
    }

    /// Whether a value must follow.
    var takesValue: Bool {
        switch action {
        case .value, .showFor: true
        case .flag, .choice, .show, .help: false
        }
    }
}

/// What a shell offers while a word is being written.
package enum Completion {
    /// There is nothing to offer.
    case nothing
    /// A few words.
    case words([String])
    /// Files, only those with one of the extensions if there are any, and the folders that lead to them.
    case files(extensions: [String] = [])
    /// Folders.
    case folders
    /// Words that depend on the options before them.
    case computed(() -> [String])
}

/// The refusal of a value.
package struct InvalidValue: Error {
    /// What would have been right; it follows the words "must be".
    var expectation: String

    /// Refuses a value.
    ///
    /// - Parameter expectation: What would have been right; it follows the words "must be".
    package init(_ expectation: String) {
        self.expectation = expectation
    }
}
