// SPDX-License-Identifier: Apache-2.0

/// Reads the arguments of a program along a tree of commands.
///
/// Options are written as for Docker, whose programs read them with the Go package pflag; see ``Option``. Those of a
/// command may also follow the names of the commands below it. `--help`, `-h` where it has no other meaning, and
/// `help COMMAND` print help, and `--generate-completion-script SHELL` prints what a shell loads to complete commands.
package struct CommandLineParser {
    /// What the arguments ask for.
    package enum Action {
        /// To run a command, whose options are stored by now.
        case run(() throws -> Void)
        /// To print a text on standard output.
        case show(String)
    }

    let program: Command
    let width: () -> Int
    let nearest: (String, [String]) -> String?

    /// Prepares to read arguments.
    ///
    /// - Parameters:
    ///   - program: The tree of commands; its name is that of the program.
    ///   - width: Gives the columns that help may take.
    ///   - nearest: Finds the word that was probably meant by a misspelt one.
    package init(
        _ program: Command,
        width: @escaping () -> Int = { 80 },
        nearest: @escaping (String, [String]) -> String? = { _, _ in nil }
    ) {
        self.program = program
        self.width = width
        self.nearest = nearest
    }

    /// Reads the arguments.
    ///
    /// - Parameter arguments: The arguments without the name of the program.
    /// - Returns: What they ask for.
    /// - Throws: ``UsageError`` where they cannot be understood.
    package func parse(_ arguments: [String]) throws(UsageError) -> Action {
        if arguments.first == CompletionScript.request {
            return .show(Completer(program).answer(to: Array(arguments.dropFirst())))
        }
        var reader = ArgumentReader(program, nearest: nearest)
        do {
            try reader.read(arguments)
            return Self.naming(reader.chosen.name, try reader.action(width: width))
        } catch {
            var error = error
            error.command = reader.chosen.name
            error.context = "usage: \(reader.chosen.usage)\nsee `\(reader.chosen.name) --help`"
            throw error
        }
    }

    /// What a command says of its command line while it runs has the command's name as well.
    private static func naming(_ command: String, _ action: Action) -> Action {
        guard case .run(let run) = action else { return action }
        return .run {
            do {
                try run()
            } catch var error as UsageError {
                error.command = command
                throw error
            }
        }
    }
}
