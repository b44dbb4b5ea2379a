// SPDX-License-Identifier: Apache-2.0

/// A command that was chosen, below the one that it was chosen from; the last of this chain is the program.
///
/// A chain and no array, because each further type of array costs a start tens of thousands of instructions.
final class ChosenCommand {
    let command: Command
    let parent: ChosenCommand?
    private var made: Syntax?

    init(_ command: Command, below parent: ChosenCommand? = nil) {
        self.command = command
        self.parent = parent
    }

    /// What may follow the command, made when somebody asks for it.
    var syntax: Syntax {
        if let made {
            return made
        }
        var syntax = command.syntax()
        if parent == nil {
            syntax.options.append(CompletionScript.option(of: command.name))
        }
        made = syntax
        return syntax
    }

    /// The program that the chain leads to.
    var program: Command { parent?.program ?? command }

    /// The words that lead to the command.
    var name: String { (parent.map { $0.name + " " } ?? "") + command.name }

    /// The words that lead to the command, without the name of the program.
    var wordsBelowProgram: [String] { parent.map { $0.wordsBelowProgram + [command.name] } ?? [] }

    /// Looks at the options of each command of which somebody has asked for the syntax, those of the program first.
    func check() throws(UsageError) {
        try parent?.check()
        try made?.check()
    }

    /// The first option that fits, looked for from the command up to the program.
    ///
    /// Every command has `--help` and, unless it uses the letter itself, `-h`.
    func option(where fits: (Option) -> Bool) -> Option? {
        if let option = syntax.options.first(where: fits) {
            return option
        }
        return fits(.help) ? .help : parent?.inheritedOption(where: fits)
    }

    private func inheritedOption(where fits: (Option) -> Bool) -> Option? {
        syntax.options.first { $0.isInherited && fits($0) } ?? parent?.inheritedOption(where: fits)
    }

    /// The options that may be written now and are not hidden, those of the command first.
    var visibleOptions: [Option] {
        syntax.options.filter { !$0.isHidden } + [.help] + (parent?.inheritedOptions ?? [])
    }

    private var inheritedOptions: [Option] {
        syntax.options.filter { !$0.isHidden && $0.isInherited } + (parent?.inheritedOptions ?? [])
    }

    /// The line that shows the order of options, commands and arguments.
    var usage: String {
        var words = [program.name]
        if !program.subcommands.isEmpty {
            words.append("[global options]")
        }
        words += wordsBelowProgram
        if command.subcommands.isEmpty {
            words += ["[options]"] + syntax.positionals.map(\.usage)
        } else {
            words += ["COMMAND", "[options]", "[arguments]"]
        }
        return words.joined(separator: " ")
    }
}

extension Option {
    /// The option that every command has.
    static var help: Option {
        Option(name: "help", short: "h", help: "Show this help.", isInherited: false, action: .help)
    }
}
