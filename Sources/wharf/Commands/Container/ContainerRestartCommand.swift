// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient

/// `wharf container restart`: ends containers and starts them again.
final class ContainerRestartCommand {
    private let global: GlobalOptions
    private var options = StopOptions()
    private var names: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("restart", summary: "Restart containers.") { ContainerRestartCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container restart web
                wharf container restart -t 0 web      do not wait for its end
                """,
            options: StopOptions.table(timeout: { self.options.timeout = $0 }, signal: { self.options.signal = $0 }),
            positionals: [.containers(of: global) { self.names.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let (engine, options) = (try global.client(), options)
        try Targets.run(names) { name in
            try engine.restartContainer(name, timeout: options.timeout, signal: options.signal)
        }
    }
}
