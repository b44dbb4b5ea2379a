// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient

/// `wharf volume prune`: removes volumes that no container uses.
enum VolumePruneCommand {
    static func command(_ global: GlobalOptions) -> Command {
        PruneCommand.command(global, summary: "Remove volumes that no container uses.") {
            PruneCommand.Subject(
                examples: """
                    wharf volume prune                     those that nobody gave a name
                    wharf volume prune -a                  all that no container uses
                    """,
                filters: "label",
                all: "Remove also those with a name.",
                warning: { removesAll in
                    "This will remove \(removesAll ? "all" : "anonymous") local volumes "
                        + "not used by at least one container."
                },
                prune: prune
            )
        }
    }

    private static func prune(
        _ engine: EngineClient,
        _ filters: FilterOptions,
        _ removesAll: Bool
    ) throws -> PruneReport {
        var filters = filters
        if removesAll {
            if filters.has("all") {
                throw CommandFailure(message: "conflicting options: cannot specify both --all and --filter all=1")
            }
            filters.add("all", "true")
        }
        let pruned = try engine.pruneVolumes(filters.filters)
        return PruneReport(
            title: "Deleted Volumes",
            lines: pruned.volumesDeleted ?? [],
            reclaimed: pruned.spaceReclaimed
        )
    }
}
