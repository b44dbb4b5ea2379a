// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compose
import Glibc
import Terminal

/// The command line: `wharf [global options] COMMAND [options] [arguments]`.
@main
struct Wharf: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wharf",
        abstract: "Compose files on Linux without Docker.",
        usage: "wharf [global options] COMMAND [options] [arguments]",
        discussion: """
            EXAMPLES:
              wharf config                          check the compose file and print it
              wharf -f base.yaml -f dev.yaml config merge two files and show the result
              wharf config --explain services.web.image
                                                    show which file and line gave a value
              wharf graph --format svg > stack.svg  draw the services

            \(ExitStatus.table)
            """,
        subcommands: [ConfigCommand.self, GraphCommand.self, VersionCommand.self]
    )

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Flag(name: .customShort("v"), help: .hidden)
    var showsVersion = false

    /// Runs without a command: `-v` prints the version, anything else the help.
    func run() throws {
        guard showsVersion else {
            throw CleanExit.helpRequest(self)
        }
        OutputStream.standard.write(VersionCommand.sentence + "\n")
    }

    static func main() {
        let arguments = BooleanFlags.normalise(Array(CommandLine.arguments.dropFirst()))
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch let failure as CommandFailure {
            if !failure.message.isEmpty {
                let style = OutputStream.error.style(.automatic)
                OutputStream.error.write("\(style.red("error")): \(failure.message)\n")
            }
            Glibc.exit(failure.status.rawValue)
        } catch {
            let isHelp = exitCode(for: error).isSuccess
            let text = isHelp ? fullMessage(for: error) : unknownCommand(in: arguments) ?? fullMessage(for: error)
            (isHelp ? OutputStream.standard : OutputStream.error).write(text + "\n")
            Glibc.exit(isHelp ? ExitStatus.success.rawValue : ExitStatus.usage.rawValue)
        }
    }

    /// What is said of a command line that names no command of ours but another word in its place.
    private static func unknownCommand(in arguments: [String]) -> String? {
        let names = configuration.subcommands.flatMap { command in
            [command.configuration.commandName].compactMap { $0 } + command.configuration.aliases
        }
        guard arguments.allSatisfy({ !names.contains($0) && $0 != "help" }) else {
            return nil
        }
        // An option may take the word after it as its value.
        let words = zip(arguments, [""] + arguments).filter { !$0.hasPrefix("-") && !$1.hasPrefix("-") }
        guard let name = words.first?.0 else {
            return nil
        }
        let near = Suggestions.nearest(to: name, in: names).map { "did you mean `\($0)`?" }
        return "error: unknown command `\(name)`; \(near ?? "there are: \(names.joined(separator: ", "))")"
    }
}
