// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Glibc

/// `wharf exec`: runs a further program in a container of a service.
final class ProjectExecCommand {
    private let global: GlobalOptions
    private var service = ""
    private var index: Int?
    private var request = ExecCreateRequest()
    private var variables: [String] = []
    private var arguments: [String] = []
    private var isDetached = false
    private var takesInput = true
    /// Whether standard input or the terminal was spoken of.
    private var namesInput = false
    private var refusesTerminal: Bool?
    private var detachKeys: DetachKeys?

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "exec",
            summary: "Run a further program in a container of a service.",
            section: ProjectCommands.section
        ) { ProjectExecCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf exec web sh                        a shell
                wharf exec --index 2 web cat /etc/hosts  in the second container
                wharf exec -T db pg_dump shop > dump.sql without a terminal
                """,
            options: options(),
            positionals: [
                .service(of: global) { self.service = $0 },
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
            ) { text throws(InvalidValue) in self.variables.append(try ContainerOptions.variable(text)) },
            .index { self.index = $0 },
            .flag(
                "no-tty",
                short: "T",
                help: "Give the program no terminal; it has one where this command has one unless given."
            ) { self.refusesTerminal = $0 },
            .flag("no-TTY", help: "The same.", isHidden: true) { self.refusesTerminal = $0 },
            .flag("privileged", help: "Take nearly all walls away.") { self.request.privileged = $0 },
            .value("user", short: "u", "user[:group]", help: "The user, by name or number.") { self.request.user = $0 },
            .value("workdir", short: "w", "path", help: "The working folder.") { self.request.workingDir = $0 },
            .flag("interactive", short: "i", help: "Connect standard input; true unless given.", isHidden: true) {
                (self.takesInput, self.namesInput) = ($0, true)
            },
            // As with Docker Compose the terminal of this command decides.
            .flag("tty", short: "t", help: "Accepted for Docker Compose.", isHidden: true) { _ in
                self.namesInput = true
            },
        ]
    }

    private func run() throws {
        let environment = try KeyValueList(entries: variables).pairs { getenv($0).map { String(cString: $0) } }
        request.env = environment.isEmpty ? nil : environment
        request.cmd = CommandWords(arguments)
        request.tty =
            !isDetached && StandardInput.givesTerminal(isRefused: refusesTerminal, isNamed: namesInput)
        let scope = try ProjectScope(global, of: service)
        let exec = ContainerExec(
            client: scope.client,
            container: try scope.container(of: scope.service(service), index: index).id,
            request: request,
            isDetached: isDetached,
            isInteractive: takesInput,
            detachKeys: detachKeys
        )
        try exec.run()
    }
}
