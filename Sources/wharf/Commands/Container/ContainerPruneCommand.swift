// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf container prune`: removes all containers that do not run.
final class ContainerPruneCommand {
    private let global: GlobalOptions
    private var filters = FilterOptions()
    private var isForced = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("prune", summary: "Remove all containers that do not run.") { ContainerPruneCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container prune
                wharf container prune --filter until=24h    only those made more than a day ago
                """,
            options: [
                .value(
                    "filter",
                    "name=value",
                    help: "Remove only some, by until or label.",
                    isRepeatable: true
                ) { text throws(InvalidValue) in try self.filters.add(text) },
                .flag("force", short: "f", help: "Do not ask.") { self.isForced = $0 },
            ],
            run: run
        )
    }

    private func run() throws {
        guard Confirmation.asks("This will remove all stopped containers.", isForced: isForced) else { return }
        let pruned = try global.client().pruneContainers(filters.filters)
        let lines = (pruned.containersDeleted ?? []).map { $0 + "\n" }
        PruneReport.write("Deleted Containers", lines, reclaimed: pruned.spaceReclaimed)
    }
}
