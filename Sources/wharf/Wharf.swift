// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import Glibc
import Terminal

/// The command line: `wharf [global options] COMMAND [options] [arguments]`.
@main
enum Wharf {
    /// The tree of commands.
    static func program() -> Command {
        let global = GlobalOptions()
        return Command(
            "wharf",
            summary: "Compose files on Linux without Docker.",
            subcommands: [
                ConfigCommand.command(global), GraphCommand.command(global), ContainerCommand.command(global),
                ImageCommand.command(global), NetworkCommand.command(global), VolumeCommand.command(global),
                BuilderCommand.command(global), SystemCommand.command(global), LoginCommand.command(global),
                LogoutCommand.command(), EngineCommand.command(global), DoctorCommand.command(global),
                VersionCommand.command(),
            ] + ProjectCommands.all(global)
        ) {
            Syntax(
                examples: """
                    wharf config                          check the compose file and print it
                    wharf -f base.yaml -f dev.yaml config merge two files and show the result
                    wharf config --explain services.web.image
                                                          show which file and line gave a value
                    wharf graph --format svg > stack.svg  draw the services
                    """,
                notes: ExitStatus.table,
                optionsTitle: "Global options",
                options: global.options() + [
                    .show("version", short: "v", help: "Print the version.") { VersionCommand.sentence + "\n" }
                ],
                check: global.check
            )
        }
    }

    static func main() {
        let parser = CommandLineParser(
            program(),
            width: { OutputStream.standard.width },
            nearest: { Suggestions.nearest(to: $0, in: $1) }
        )
        do {
            switch try parser.parse(Array(CommandLine.arguments.dropFirst())) {
            case .show(let text): OutputStream.standard.write(text)
            case .run(let run): try run()
            }
        } catch let error as UsageError {
            // Scripts that were written for docker look for its status.
            let isDockers = ["builder", "container", "image", "network", "system", "volume"].contains(
                error.command.split(separator: " ").dropFirst().first
            )
            end(CommandFailure(message: error.text, status: isDockers ? .engine : .usage))
        } catch {
            end(CommandFailure(of: error, isRun: false))
        }
    }

    /// Shows what a command has to say about its end; nothing where it has said everything.
    static func show(_ failure: CommandFailure) {
        if !failure.message.isEmpty {
            let style = OutputStream.error.style(.automatic)
            OutputStream.error.write("\(style.red("error")): \(failure.message)\n")
        }
    }

    private static func end(_ failure: CommandFailure) -> Never {
        show(failure)
        exit(failure.code)
    }
}
