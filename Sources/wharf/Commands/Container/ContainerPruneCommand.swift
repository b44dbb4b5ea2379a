// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient

/// `wharf container prune`: removes all containers that do not run.
enum ContainerPruneCommand {
    static func command(_ global: GlobalOptions) -> Command {
        PruneCommand.command(global, summary: "Remove all containers that do not run.") {
            PruneCommand.Subject(
                examples: """
                    wharf container prune
                    wharf container prune --filter until=24h    only those made more than a day ago
                    """,
                filters: "until or label",
                warning: { _ in "This will remove all stopped containers." },
                prune: { engine, filters, _ in
                    let pruned = try engine.pruneContainers(filters.filters)
                    return PruneReport(
                        title: "Deleted Containers",
                        lines: pruned.containersDeleted ?? [],
                        reclaimed: pruned.spaceReclaimed
                    )
                }
            )
        }
    }
}
