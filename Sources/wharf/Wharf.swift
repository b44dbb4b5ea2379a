// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Terminal

/// The command line: `wharf [global options] COMMAND [options] [arguments]`.
@main
struct Wharf: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wharf",
        abstract: "Compose files on Linux without Docker.",
        usage: """
            wharf [global options] COMMAND [options] [arguments]

            EXAMPLES:
              wharf config                          check the compose file here and show what it means
              wharf -f base.yaml -f dev.yaml config merge two files and show the result
              wharf config --explain services.web.image
                                                    show which file and line gave a value
              wharf graph --format svg > stack.svg  draw the services and what they depend on
            """,
        discussion: ExitStatus.table,
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
        do {
            var command = try parseAsRoot(BooleanFlags.normalise(Array(CommandLine.arguments.dropFirst())))
            try command.run()
        } catch let failure as CommandFailure {
            if !failure.message.isEmpty {
                let style = OutputStream.error.style(.automatic)
                OutputStream.error.write("\(style.red("error")): \(failure.message)\n")
            }
            Glibc.exit(failure.status.rawValue)
        } catch {
            let text = fullMessage(for: error)
            let isHelp = exitCode(for: error).isSuccess
            (isHelp ? OutputStream.standard : OutputStream.error).write(text + "\n")
            Glibc.exit(isHelp ? ExitStatus.success.rawValue : ExitStatus.usage.rawValue)
        }
    }
}
