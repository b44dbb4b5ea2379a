// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Glibc
import Terminal

/// `wharf logs`: shows what the containers of a project have written.
final class ProjectLogsCommand {
    private let global: GlobalOptions
    private var request = LogRequest()
    private var index: Int?
    private var hasColour = true
    private var hasPrefix = true
    private var isJSON = false
    private var services: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("logs", summary: "Show what the containers have written.", section: ProjectCommands.section) {
            ProjectLogsCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf logs                      of all services, in the order of time
                wharf logs -f web db            as it is written
                wharf logs --since 10m 'api-*'  of the last ten minutes
                wharf logs -n 20 -t web         the last lines, with their times
                wharf logs --format json        for scripts, an object for each line
                """,
            options: LogOptions.options { $0(&self.request) } + [
                .value(
                    "format",
                    "form",
                    help: "The form: text or json.",
                    allowed: ["text", "json"],
                    default: "text"
                ) { self.isJSON = $0 == "json" },
                .index { self.index = $0 },
                .flag("no-color", help: "Use no colour.") { self.hasColour = !$0 },
                .flag("no-log-prefix", help: "Show no names of containers.") { self.hasPrefix = !$0 },
            ],
            positionals: [.services(of: global) { self.services.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let scope = try ProjectScope(global)
        let chosen = try scope.services(services)
        if let index {
            guard chosen.count == 1 else { throw UsageError("`--index` needs one service to be named") }
            _ = try scope.container(of: chosen[0], index: index, includesStopped: !request.follows)
        }
        let variable = getenv("COMPOSE_ANSI").map { String(cString: $0) }
        let screen = LogScreen(colour: hasColour ? global.colour(variable) : .never) { options in
            options.hasPrefix = hasPrefix
            options.showsTime = request.timestamps
            options.isJSON = isJSON
        }
        let logs = ProjectLogs(scope.client, request, on: screen)
        let number = index.map(String.init)
        let accepts = { (labels: [String: String]) in
            labels[ProjectLabel.oneOff] != "True"
                && (chosen.isEmpty || chosen.contains(labels[ProjectLabel.service] ?? ""))
                && (number == nil || labels[ProjectLabel.number] == number)
        }
        if request.follows { return try logs.follow(scope.containerFilters, where: accepts) }
        try logs.show(scope.containers.filter { accepts($0.labels) })
    }
}
