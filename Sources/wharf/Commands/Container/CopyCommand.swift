// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Glibc
import Terminal

import enum Compose.FilePath

/// `wharf container cp`: copies files between a container and this machine.
final class CopyCommand {
    private let global: GlobalOptions
    private var source = ""
    private var destination = ""
    private var options = CopyOptions()
    private var isQuiet = false

    init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("cp", summary: "Copy files between a container and this machine.") { CopyCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container cp web:/etc/passwd .
                wharf container cp site/. web:/srv     the content of a folder
                wharf container cp web:/srv - | tar -t as an archive
                """,
            options: [
                .flag("archive", short: "a", help: "Keep owners and groups.") { self.options.copiesOwners = $0 },
                .flag("follow-link", short: "L", help: "Copy what a link as the source leads to.") {
                    self.options.followsLink = $0
                },
                .flag("quiet", short: "q", help: "Do not say what was copied.") { self.isQuiet = $0 },
            ],
            positionals: [
                .one("SOURCE", help: "CONTAINER:PATH, a path, or - for a tar on standard input.") { self.source = $0 },
                .one("DESTINATION", help: "CONTAINER:PATH, a path, or - for a tar on standard output.") {
                    self.destination = $0
                },
            ],
            run: run
        )
    }

    func run() throws {
        switch (CopyPlace(source), CopyPlace(destination)) {
        case (.container(let name, let path), .stream):
            if isatty(STDOUT_FILENO) == 1 {
                throw CommandFailure(message: "an archive is not for a terminal: name a folder, or use a pipe")
            }
            try CopyOut(client: try global.client(), container: name, path: path, options: options).stream()
        case (.container(let name, let path), .here(let target)):
            let copy = CopyOut(client: try global.client(), container: name, path: path, options: options)
            tell(try copy.copy(to: target), target)
        case (.stream, .container(let name, let path)):
            try CopyIn(client: try global.client(), container: name, path: path, options: options).stream()
        case (.here(let source), .container(let name, let path)):
            let copy = CopyIn(client: try global.client(), container: name, path: path, options: options)
            tell(try copy.copy(from: source), destination)
        case (.container, .container):
            throw UsageError("copying from container to container is not supported; copy to this machine first")
        default: throw UsageError("the source or the destination must be in a container: CONTAINER:PATH")
        }
    }

    private func tell(_ size: Int64, _ target: String) {
        if !isQuiet, OutputStream.error.isTerminal {
            OutputStream.error.write("copied \(size) bytes to \(target)\n")
        }
    }
}
