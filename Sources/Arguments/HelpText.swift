// SPDX-License-Identifier: Apache-2.0

/// The help of a command.
struct HelpText: CustomStringConvertible {
    /// Where the right column begins.
    private static let indent = 26
    private static let minimumWidth = 20

    private(set) var description = ""
    private let width: Int

    /// Writes the help.
    ///
    /// - Parameters:
    ///   - chosen: The command.
    ///   - width: How many columns the lines may take.
    init(_ chosen: ChosenCommand, width: Int) {
        self.width = width
        let (command, syntax) = (chosen.command, chosen.syntax)
        description = "OVERVIEW: \(command.summary)\n"
        if !syntax.examples.isEmpty {
            description += "\nEXAMPLES:\n" + syntax.examples.indented
        }
        let notes = syntax.notes()
        if !notes.isEmpty {
            description += "\n\(notes)\n"
        }
        description += "\nUSAGE: \(chosen.usage)\n"
        let positionals = syntax.positionals.map { (label: $0.usage, help: $0.help) }
        append("Arguments", positionals)
        append(syntax.optionsTitle, Self.rows(of: syntax.options))
        appendCommands(of: command)
        if !command.subcommands.isEmpty {
            let words = [chosen.program.name, "help"] + chosen.wordsBelowProgram + ["COMMAND"]
            let place = words.joined(separator: " ")
            description += "\nSee `\(place)` for the help of a command.\n"
        } else if chosen.parent != nil {
            description += "\nSee `\(chosen.program.name) --help` for the global options.\n"
        }
    }

    private static func rows(of options: [Option]) -> [(label: String, help: String)] {
        var help = Option.help
        if options.contains(where: { $0.short == help.short }) {
            help.short = nil
        }
        return (options.filter { !$0.isHidden } + [help]).map { ($0.label, $0.explanation) }
    }

    /// Appends the commands below the command, by their sections in order of appearance.
    private mutating func appendCommands(of command: Command) {
        let commands = command.subcommands.filter { !$0.isHidden }
        var titles: [String] = []
        for title in commands.map(\.section) where !titles.contains(title) {
            titles.append(title)
        }
        for title in titles {
            append(
                title,
                commands.filter { $0.section == title }.map {
                    (([$0.name] + $0.aliases).joined(separator: ", "), $0.summary)
                }
            )
        }
    }

    private mutating func append(_ title: String, _ rows: [(label: String, help: String)]) {
        guard !rows.isEmpty else {
            return
        }
        description += "\n\(title.uppercased()):\n"
        for row in rows {
            append(row.label, row.help)
        }
    }

    /// Appends a label and its explanation, which begins on a line of its own where the label is too long.
    private mutating func append(_ label: String, _ explanation: String) {
        let lines = Self.wrapped(explanation, to: max(Self.minimumWidth, width - Self.indent))
        let margin = String(repeating: " ", count: Self.indent)
        let head = "  " + label
        let gap = Self.indent - head.count
        description += head
        if gap > 0, let first = lines.first {
            description += String(repeating: " ", count: gap) + first
        }
        description += "\n"
        for line in gap > 0 ? lines.dropFirst() : lines[...] {
            description += margin + line + "\n"
        }
    }

    /// The words of a text in lines; a word that is longer than a line has one of its own.
    private static func wrapped(_ text: String, to width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let line = lines.last, line.count + 1 + word.count <= width {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}

extension Option {
    /// The spellings and what stands for the value: `-o, --output <path>`.
    fileprivate var label: String {
        let spellings = [short.map { "-\($0)" }, name.isEmpty ? nil : "--\(name)"].compactMap(\.self)
        return spellings.joined(separator: ", ") + (valueName.isEmpty ? "" : " <\(valueName)>")
    }

    /// The help with the values to choose from and the default.
    fileprivate var explanation: String {
        var notes: [String] = []
        if !allowed.isEmpty {
            notes.append("values: \(allowed.joined(separator: ", "))")
        }
        if !defaultValue.isEmpty {
            notes.append("default: \(defaultValue)")
        }
        return notes.isEmpty ? help : "\(help) (\(notes.joined(separator: "; ")))"
    }
}

extension String {
    /// The lines, each two columns to the right.
    fileprivate var indented: String {
        split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)\n" }.joined()
    }
}
