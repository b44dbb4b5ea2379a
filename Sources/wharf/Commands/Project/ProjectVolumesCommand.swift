// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf volumes`: the volumes of a project.
final class ProjectVolumesCommand {
    private let global: GlobalOptions
    private var format = ""
    private var isQuiet = false
    private var services: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("volumes", summary: "List the volumes of the project.", section: ProjectCommands.section) {
            ProjectVolumesCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf volumes
                wharf volumes db               those of the containers of one service
                wharf volumes -q               only names
                wharf volumes --format json    for scripts, a line for each
                """,
            options: [
                .listFormat { self.format = $0 },
                .flag("quiet", short: "q", help: "Show only names.") { self.isQuiet = $0 },
            ],
            positionals: [.services(of: global) { self.services.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let scope = try ProjectScope(global, isBrief: false)
        let chosen = try scope.services(services)
        let containers = scope.containers(of: chosen, includesStopped: true, includesOneOffs: true)
        let used = Set(containers.flatMap { $0.mounts.map(\.name) })
        let volumes = try scope.client.listVolumes(scope.filters).volumes.filter {
            chosen.isEmpty || used.contains($0.name)
        }
        let rows = volumes.sorted { NameOrder.precedes($0.name, $1.name) }.map(\.row)
        let format = isQuiet ? Listing.field("Name", unless: "") : format
        OutputStream.standard.write(try Listing.volumes.text(rows, format: format))
    }
}
