// SPDX-License-Identifier: Apache-2.0

/// A command of the program, or the program itself.
///
/// A tree of commands is a plain value that is cheap to make: the options of a command are made only when it is the one
/// that is chosen. Their closures put what is read into a variable that they share with the command's action:
///
///     Command("stop", summary: "Stop services.") {
///         let stop = Stop()
///         return Syntax(
///             options: [.number("timeout", short: "t", "seconds", help: "How long to wait.") { stop.timeout = $0 }],
///             positionals: [.any("SERVICE", help: "The services; all unless given.") { stop.services.append($0) }],
///             run: stop.run
///         )
///     }
///
/// The target exists for the time that a command takes to start. With swift-argument-parser the arguments took 17.6 of
/// the 25.7 million instructions of a whole `wharf config`, most of them for reflection, casts and the search for
/// conformances at run time. Here are only closures and comparisons of text.
package struct Command {
    /// The word that chooses the command.
    package var name: String
    /// Other words that choose it.
    package var aliases: [String]
    /// What it does, in one sentence.
    package var summary: String
    /// Whether help and completions leave it out.
    package var isHidden: Bool
    /// The title that it stands under in the help of the command above it.
    package var section: String
    /// The commands below it.
    package var subcommands: [Command]
    /// Makes the description of what may follow the name.
    let syntax: () -> Syntax

    /// Describes a command; see the properties.
    package init(
        _ name: String,
        aliases: [String] = [],
        summary: String,
        isHidden: Bool = false,
        section: String = "Commands",
        subcommands: [Command] = [],
        syntax: @escaping () -> Syntax = { Syntax() }
    ) {
        self.name = name
        self.aliases = aliases
        self.summary = summary
        self.isHidden = isHidden
        self.section = section
        self.subcommands = subcommands
        self.syntax = syntax
    }

    /// The command below this one that a word chooses.
    func subcommand(named word: String) -> Command? {
        subcommands.first { $0.name == word || $0.aliases.contains(word) }
    }
}

/// What may follow the name of a command, and what the command then does.
package struct Syntax {
    /// Lines for the help, printed as they are.
    package var examples: String
    /// Makes more for the help, printed as it is below the examples.
    package var notes: () -> String
    /// The title of the options in the help.
    package var optionsTitle: String
    /// The options, in the order of the help.
    package var options: [Option]
    /// The arguments without a name, in their order.
    package var positionals: [Positional]
    /// Whether options end at the first word that is none, as for `exec`: what follows belongs to another program.
    package var passesThrough: Bool
    /// Looks at the options together when all have been read.
    package var check: () throws(UsageError) -> Void
    /// Does the work; a command without it prints its help.
    package var run: (() throws -> Void)?

    /// Describes what may follow; see the properties.
    package init(
        examples: String = "",
        notes: @escaping @autoclosure () -> String = "",
        optionsTitle: String = "Options",
        options: [Option] = [],
        positionals: [Positional] = [],
        passesThrough: Bool = false,
        check: @escaping () throws(UsageError) -> Void = {},
        run: (() throws -> Void)? = nil
    ) {
        self.examples = examples
        self.notes = notes
        self.optionsTitle = optionsTitle
        self.options = options
        self.positionals = positionals
        self.passesThrough = passesThrough
        self.check = check
        self.run = run
    }
}
