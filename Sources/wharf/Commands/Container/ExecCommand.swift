// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Glibc

/// `wharf container exec`: runs a further program in a container that runs.
final class ExecCommand {
    private let global: GlobalOptions
    private var container = ""
    private var request = ExecCreateRequest()
    private var environment = KeyValueList()
    private var arguments: [String] = []
    private var isDetached = false
    private var isInteractive = false
    private var detachKeys: DetachKeys?

    init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("exec", summary: "Run a further program in a container that runs.") { ExecCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container exec web cat /etc/hosts
                wharf container exec -it web sh    a shell
                """,
            options: options(),
            positionals: [
                .one("CONTAINER", help: "The container.") { self.container = $0 },
                .some("COMMAND", help: "The program with its arguments.") { self.arguments.append($0) },
            ],
            passesThrough: true,
            run: run
        )
    }

    private func options() -> [Option] {
        [
            .flag("detach", short: "d", help: "Run it in the background.") { self.isDetached = $0 },
            DetachKeys.option { self.detachKeys = $0 },
            .value(
                "env",
                short: "e",
                "name[=value]",
                help: "A variable; without a value it is taken from here.",
                isRepeatable: true
            ) { text throws(InvalidValue) in self.environment.entries.append(try ContainerOptions.variable(text)) },
            .value("env-file", "path", help: "A file of variables.", completion: .files(), isRepeatable: true) {
                self.environment.files.append($0)
            },
            .flag("interactive", short: "i", help: "Connect standard input.") { self.isInteractive = $0 },
            .flag("privileged", help: "Take nearly all walls away.") { self.request.privileged = $0 },
            .flag("tty", short: "t", help: "Give the program a terminal.") { self.request.tty = $0 },
            .value("user", short: "u", "user[:group]", help: "The user, by name or number.") { self.request.user = $0 },
            .value("workdir", short: "w", "path", help: "The working folder.") { self.request.workingDir = $0 },
        ]
    }

    func run() throws {
        let variables = try environment.pairs { getenv($0).map { String(cString: $0) } }
        request.env = variables.isEmpty ? nil : variables
        request.cmd = CommandWords(arguments)
        let exec = ContainerExec(
            client: try global.client(),
            container: container,
            request: request,
            isDetached: isDetached,
            isInteractive: isInteractive,
            detachKeys: detachKeys
        )
        try exec.run()
    }
}
