// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient

/// `wharf container kill`: sends a signal to containers.
final class ContainerKillCommand {
    private let global: GlobalOptions
    private var signal: String?
    private var names: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("kill", summary: "Kill containers, or send them another signal.") {
            ContainerKillCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container kill web
                wharf container kill -s HUP web       let it read its configuration again
                """,
            options: [
                .value(
                    "signal",
                    short: "s",
                    "signal",
                    help: "The signal by name or number.",
                    default: "KILL"
                ) { self.signal = $0 }
            ],
            positionals: [.containers(of: global, onlyRunning: true) { self.names.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let (engine, signal) = (try global.client(), signal)
        try Targets.run(names) { try engine.killContainer($0, signal: signal) }
    }
}
