// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf container run`: makes a container and runs it.
final class RunCommand {
    private let global: GlobalOptions
    private let options: ContainerOptions
    private var isDetached = false
    private var forwardsSignals = true
    private var detachKeys: DetachKeys?

    init(_ global: GlobalOptions) {
        self.global = global
        options = ContainerOptions(global)
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("run", summary: "Make a container and run it.") { RunCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container run --rm busybox echo hello
                wharf container run --rm -it busybox sh            a shell
                wharf container run -d --name web busybox httpd -f in the background
                wharf container run -d -p 8080:80 busybox httpd -f at the host's port 8080
                wharf container run -d --network back busybox sleep 1000
                """,
            options: ownOptions() + options.options(),
            positionals: options.positionals(),
            passesThrough: true,
            run: run
        )
    }

    private func ownOptions() -> [Option] {
        [
            .flag("detach", short: "d", help: "Run in the background and print the identifier.") {
                self.isDetached = $0
            },
            .flag("sig-proxy", help: "Pass signals on to the program; true unless given.") {
                self.forwardsSignals = $0
            },
            DetachKeys.option { self.detachKeys = $0 },
        ]
    }

    func run() throws {
        let request = try options.request(isAttached: !isDetached)
        let config = request.config
        if config.attachStdin, config.tty { try StandardInput.checkTerminal() }
        options.setConsoleSize()
        var sized = request
        sized.hostConfig.consoleSize = options.host.consoleSize
        let client = try global.client()
        let id = try ContainerCreation(client: client, options: options, global: global).create(sized)
        if isDetached {
            try start(id, client)
            OutputStream.standard.write(id + "\n")
            return
        }
        var attach = AttachQuery()
        (attach.input, attach.output, attach.errors) = (config.attachStdin, config.attachStdout, config.attachStderr)
        attach.detachKeys = detachKeys?.text
        let process = AttachedContainer(client: client, id: id, hasTerminal: config.tty, attach: attach)
        try process.run(
            waitCondition: request.hostConfig.autoRemove ? "removed" : "next-exit",
            keys: detachKeys ?? .standard,
            forwardsSignals: forwardsSignals
        ) { try self.start(id, client) }
    }

    private func start(_ id: String, _ client: EngineClient) throws {
        do {
            try client.startContainer(id)
        } catch {
            throw CommandFailure(of: error, isRun: true)
        }
    }
}
