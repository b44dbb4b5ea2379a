// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient

/// `wharf container attach`: connects to the streams of a container that runs.
final class AttachCommand {
    private let global: GlobalOptions
    private var container = ""
    private var takesInput = true
    private var forwardsSignals = true
    private var detachKeys: DetachKeys?

    init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("attach", summary: "Connect to the streams of a container that runs.") {
            AttachCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container attach shell
                wharf container attach --no-stdin web   only look
                """,
            options: [
                DetachKeys.option { self.detachKeys = $0 },
                .flag("no-stdin", help: "Do not connect standard input.") { self.takesInput = !$0 },
                .flag("sig-proxy", help: "Pass signals on to the program; true unless given.") {
                    self.forwardsSignals = $0
                },
            ],
            positionals: [.one("CONTAINER", help: "The container.") { self.container = $0 }],
            run: run
        )
    }

    func run() throws {
        let client = try global.client()
        try Self.attach(
            to: try client.inspectContainer(container),
            client,
            takesInput: takesInput,
            detachKeys,
            forwardsSignals: forwardsSignals
        )
    }

    /// Connects to a container that runs, where it takes that.
    ///
    /// - Parameters:
    ///   - found: The container.
    ///   - client: The client.
    ///   - takesInput: Whether standard input is connected, where the container has one.
    ///   - detachKeys: The keys that detach; nil for the engine's.
    ///   - forwardsSignals: Whether the container gets the signals that this command gets.
    /// - Throws: ``CommandFailure`` where it does not run, or with its exit status where that is not 0.
    static func attach(
        to found: ContainerInspection,
        _ client: EngineClient,
        takesInput: Bool,
        _ detachKeys: DetachKeys?,
        forwardsSignals: Bool
    ) throws {
        if !found.state.running {
            throw CommandFailure(message: "cannot attach to a stopped container: start it with `wharf container start`")
        }
        if found.state.paused {
            throw CommandFailure(message: "cannot attach to a paused container: use `wharf container unpause` first")
        }
        if found.state.restarting {
            throw CommandFailure(message: "cannot attach to a restarting container: wait until it runs")
        }
        var attach = AttachQuery()
        attach.input = takesInput && found.config.openStdin
        attach.detachKeys = detachKeys?.text
        if attach.input, found.config.tty { try StandardInput.checkTerminal() }
        try Self.attach(to: found, client, attach, detachKeys, forwardsSignals: forwardsSignals)
    }

    /// Connects to a container that runs.
    static func attach(
        to found: ContainerInspection,
        _ client: EngineClient,
        _ attach: AttachQuery,
        _ keys: DetachKeys?,
        forwardsSignals: Bool
    ) throws {
        let process = AttachedContainer(client: client, id: found.id, hasTerminal: found.config.tty, attach: attach)
        try process.run(
            waitCondition: "not-running",
            keys: keys ?? .standard,
            forwardsSignals: forwardsSignals
        ) {
            // Another size than before makes a full-screen program draw itself anew.
            if found.config.tty, let size = TerminalSize.current {
                try? client.resizeContainer(found.id, rows: size.rows + 1, columns: size.columns + 1)
            }
        }
    }
}
