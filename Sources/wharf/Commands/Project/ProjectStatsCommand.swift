// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI

/// `wharf stats`: what the containers of a project use, drawn again as it changes.
final class ProjectStatsCommand {
    private let global: GlobalOptions
    private var display = StatisticsDisplay()
    private var services: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("stats", summary: "Show what the containers use.", section: ProjectCommands.section) {
            ProjectStatsCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf stats                  until Ctrl-C
                wharf stats --no-stream web  once, of one service
                wharf stats --no-stream --format json
                """,
            options: StatisticsDisplay.options { $0(&self.display) },
            positionals: [.services(of: global) { self.services.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let first = try ProjectScope(global)
        let chosen = try first.services(services)
        var next: ProjectScope? = first
        try display.run(first.client, isFixed: false) {
            // Containers come and go.
            let scope = try next ?? ProjectScope(global)
            next = nil
            return scope.containers(of: chosen, includesStopped: display.showsAll, includesOneOffs: true).map(\.id)
        }
    }
}
