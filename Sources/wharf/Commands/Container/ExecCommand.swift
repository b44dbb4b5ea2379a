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
        request.detach = isDetached
        request.detachKeys = detachKeys?.text ?? ""
        if !isDetached {
            (request.attachStdin, request.attachStdout, request.attachStderr) = (isInteractive, true, true)
            if isInteractive, request.tty { try StandardInput.checkTerminal() }
            if request.tty, let size = TerminalSize.current {
                request.consoleSize = [UInt32(size.rows), UInt32(size.columns)]
            }
        }
        let client = try global.client()
        do {
            let id = try client.createExec(in: container, request).id
            var start = ExecStartRequest()
            (start.detach, start.tty, start.consoleSize) = (isDetached, request.tty, request.consoleSize)
            if isDetached {
                try client.startDetachedExec(id, start)
            } else {
                try attach(client, id, start)
            }
        } catch let error as EngineError {
            throw CommandFailure(of: error, isRun: false)
        }
    }

    private func attach(_ client: EngineClient, _ id: String, _ start: ExecStartRequest) throws {
        let session = TerminalSession(
            hasTerminal: request.tty,
            takesInput: isInteractive,
            keys: detachKeys ?? .standard
        )
        session.resize = { try? client.resizeExec(id, rows: $0.rows, columns: $0.columns) }
        let stream = try client.startExec(id, start)
        try session.begin()
        defer { session.end() }
        let end = try session.copy(stream)
        session.end()
        guard let status = try status(client, id, isDetached: end == .detached) else { return }
        if status != 0 { throw CommandFailure(code: Int32(truncatingIfNeeded: status)) }
    }

    /// The exit status of the program; nil where it goes on without us.
    private func status(_ client: EngineClient, _ id: String, isDetached: Bool) throws -> Int? {
        // Its streams may end before its end is on record.
        for pause: UInt32 in [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1000] {
            usleep(pause * 1000)
            let found = try client.inspectExec(id)
            if let status = found.exitCode, !found.running { return status }
            if isDetached { return nil }
        }
        throw CommandFailure(
            message: "the program has closed its streams and still runs in the container; its exit status is not known"
        )
    }
}
