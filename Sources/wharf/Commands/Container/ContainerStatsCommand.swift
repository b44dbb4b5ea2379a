// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient

/// `wharf container stats`: what containers use, drawn again as it changes.
final class ContainerStatsCommand {
    private let global: GlobalOptions
    private var display = StatisticsDisplay()
    private var names: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("stats", summary: "Show what containers use.") { ContainerStatsCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container stats                  all that run, until Ctrl-C
                wharf container stats --no-stream web  once
                wharf container stats --no-stream --format json
                """,
            options: StatisticsDisplay.options { $0(&self.display) },
            positionals: [
                .any(
                    "CONTAINER",
                    help: "The containers; all that run unless given.",
                    completion: .containers(of: global, onlyRunning: true)
                ) { self.names.append($0) }
            ],
            run: run
        )
    }

    private func run() throws {
        let engine = try global.client()
        try display.run(engine, isFixed: !names.isEmpty) {
            names.isEmpty ? try engine.listContainers(showsAll: display.showsAll).map(\.id) : names
        }
    }
}
