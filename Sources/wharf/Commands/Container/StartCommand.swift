// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf container start`: starts containers that do not run.
final class StartCommand {
    private let global: GlobalOptions
    private var containers: [String] = []
    private var isAttached = false
    private var isInteractive = false
    private var detachKeys: DetachKeys?

    init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("start", summary: "Start containers that do not run.") { StartCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container start web db
                wharf container start -ai shell   with its input and output here
                """,
            options: [
                .flag("attach", short: "a", help: "Show its output, and pass signals on.") { self.isAttached = $0 },
                .flag("interactive", short: "i", help: "Connect standard input.") { self.isInteractive = $0 },
                DetachKeys.option { self.detachKeys = $0 },
                .value("checkpoint", "name", help: "Not supported.", isHidden: true) { _ throws(InvalidValue) in
                    throw InvalidValue("left out: wharf has no checkpoints")
                },
                .value("checkpoint-dir", "path", help: "Not supported.", isHidden: true) { _ throws(InvalidValue) in
                    throw InvalidValue("left out: wharf has no checkpoints")
                },
            ],
            positionals: [.some("CONTAINER", help: "The containers.") { self.containers.append($0) }],
            run: run
        )
    }

    func run() throws {
        let client = try global.client()
        if isAttached || isInteractive { return try attach(client) }
        try Targets.run(containers) { try client.startContainer($0) }
    }

    private func attach(_ client: EngineClient) throws {
        guard containers.count == 1 else {
            throw CommandFailure(message: "only one container at a time can be started with its streams here")
        }
        let found = try client.inspectContainer(containers[0])
        var attach = AttachQuery()
        attach.input = isInteractive && found.config.openStdin
        attach.detachKeys = detachKeys?.text
        if attach.input, found.config.tty { try StandardInput.checkTerminal() }
        if found.state.running {
            // Its output is wanted from now on, and its end.
            return try AttachCommand.attach(to: found, client, attach, detachKeys, forwardsSignals: true)
        }
        let process = AttachedContainer(client: client, id: found.id, hasTerminal: found.config.tty, attach: attach)
        try process.run(
            waitCondition: found.hostConfig.autoRemove ? "removed" : "next-exit",
            keys: detachKeys ?? .standard,
            forwardsSignals: true
        ) {
            do {
                try client.startContainer(found.id)
            } catch {
                throw CommandFailure(of: error, isRun: false)
            }
        }
    }
}
