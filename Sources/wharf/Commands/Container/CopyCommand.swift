// SPDX-License-Identifier: Apache-2.0

import Arguments

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
        let job = try CopyJob(from: source, to: destination, options, isQuiet: isQuiet)
        try job.run(try global.client(), origin: { $0 }, targets: { [$0] })
    }
}
