// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient

/// `wharf network prune`: removes networks that no container is in.
enum NetworkPruneCommand {
    static func command(_ global: GlobalOptions) -> Command {
        PruneCommand.command(global, summary: "Remove networks that no container is in.") {
            PruneCommand.Subject(
                examples: """
                    wharf network prune
                    wharf network prune --filter until=24h     only those made more than a day ago
                    """,
                filters: "until or label",
                warning: { _ in "This will remove all custom networks not used by at least one container." },
                prune: { engine, filters, _ in
                    let pruned = try engine.pruneNetworks(filters.filters)
                    return PruneReport(title: "Deleted Networks", lines: pruned.networksDeleted ?? [])
                }
            )
        }
    }
}
