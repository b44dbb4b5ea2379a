// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf image prune`: removes images that nothing needs.
final class ImagePruneCommand {
    private let global: GlobalOptions
    private var filters = FilterOptions()
    private var removesAll = false
    private var isForced = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("prune", summary: "Remove images that nothing needs.") { ImagePruneCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf image prune                      those without a name
                wharf image prune -a                   all that no container uses
                """,
            options: [
                .flag("all", short: "a", help: "Remove all that no container uses, and not only those without a name.")
                {
                    self.removesAll = $0
                },
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
        let warning =
            removesAll
            ? "This will remove all images without at least one container associated to them."
            : "This will remove all dangling images."
        guard Confirmation.asks(warning, isForced: isForced) else { return }
        if !filters.has("dangling") { filters.add("dangling", removesAll ? "false" : "true") }
        let pruned = try global.client().pruneImages(filters.filters)
        let lines = (pruned.imagesDeleted ?? []).map(\.line.lowercasedFirst)
        PruneReport.write("Deleted Images", lines, reclaimed: pruned.spaceReclaimed)
    }
}

extension String {
    /// The text with a small letter at its beginning, as the lists of `prune` have it.
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
