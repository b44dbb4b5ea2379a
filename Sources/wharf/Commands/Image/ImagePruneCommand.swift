// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient

/// `wharf image prune`: removes images that nothing needs.
enum ImagePruneCommand {
    static func command(_ global: GlobalOptions) -> Command {
        PruneCommand.command(global, summary: "Remove images that nothing needs.") {
            PruneCommand.Subject(
                examples: """
                    wharf image prune                      those without a name
                    wharf image prune -a                   all that no container uses
                    """,
                filters: "until or label",
                all: "Remove all that no container uses, and not only those without a name.",
                warning: { removesAll in
                    removesAll
                        ? "This will remove all images without at least one container associated to them."
                        : "This will remove all dangling images."
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
        if !filters.has("dangling") { filters.add("dangling", removesAll ? "false" : "true") }
        let pruned = try engine.pruneImages(filters.filters)
        return PruneReport(
            title: "Deleted Images",
            lines: (pruned.imagesDeleted ?? []).map(\.line.lowercasedFirst),
            reclaimed: pruned.spaceReclaimed
        )
    }
}

extension String {
    /// The text with a small letter at its beginning, as the lists of `prune` have it.
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
