// SPDX-License-Identifier: Apache-2.0

/// The program and the commands below it that were chosen, each with its syntax as soon as somebody asks for it.
struct CommandPath {
    private(set) var commands: [Command]
    private var syntaxes: [Syntax?]

    init(_ program: Command) {
        commands = [program]
        syntaxes = [nil]
    }

    mutating func append(_ command: Command) {
        commands.append(command)
        syntaxes.append(nil)
    }

    /// The command that was chosen last.
    var last: Command { commands[commands.count - 1] }

    /// The words that lead to the last command.
    var name: String { commands.map(\.name).joined(separator: " ") }

    /// The syntax of the last command.
    var syntax: Syntax {
        mutating get { syntax(at: commands.count - 1) }
    }

    private mutating func syntax(at index: Int) -> Syntax {
        if let syntax = syntaxes[index] {
            return syntax
        }
        var syntax = commands[index].syntax()
        if index == 0 {
            syntax.options.append(CompletionScript.option(of: commands[0].name))
        }
        syntaxes[index] = syntax
        return syntax
    }

    /// The syntaxes that somebody has asked for.
    var known: [Syntax] { syntaxes.compactMap(\.self) }

    /// The first option that fits, looked for from the last command up to the program.
    ///
    /// Every command has `--help` and, unless it uses the letter itself, `-h`.
    mutating func option(where fits: (Option) -> Bool) -> Option? {
        for index in commands.indices.reversed() {
            let isLast = index == commands.count - 1
            for option in syntax(at: index).options where fits(option) && (isLast || option.isInherited) {
                return option
            }
            if isLast, fits(.help) {
                return .help
            }
        }
        return nil
    }

    /// The options that may be written now and are not hidden, those of the last command first.
    mutating func visibleOptions() -> [Option] {
        var options: [Option] = []
        for index in commands.indices.reversed() {
            let isLast = index == commands.count - 1
            options += syntax(at: index).options.filter { !$0.isHidden && (isLast || $0.isInherited) }
            if isLast {
                options.append(.help)
            }
        }
        return options
    }

    /// The line that shows the order of options, commands and arguments.
    var usage: String {
        mutating get {
            var words = ["usage:"] + commands.map(\.name)
            if !commands[0].subcommands.isEmpty {
                words.insert("[global options]", at: 2)
            }
            words += last.subcommands.isEmpty ? [] : ["COMMAND"]
            words.append("[options]")
            words += last.subcommands.isEmpty ? syntax.positionals.map(\.usage) : ["[arguments]"]
            return words.joined(separator: " ")
        }
    }
}

extension Option {
    /// The option that every command has.
    static var help: Option {
        Option(name: "help", short: "h", help: "Show this help.", isInherited: false, action: .help)
    }
}
