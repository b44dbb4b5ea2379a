// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf volume prune`: removes volumes that no container uses.
final class VolumePruneCommand {
    private let global: GlobalOptions
    private var filters = FilterOptions()
    private var removesAll = false
    private var isForced = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("prune", summary: "Remove volumes that no container uses.") { VolumePruneCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf volume prune                     those that nobody gave a name
                wharf volume prune -a                  all that no container uses
                """,
            options: [
                .flag("all", short: "a", help: "Remove also those with a name.") { self.removesAll = $0 },
                .value("filter", "name=value", help: "Remove only some, by label.", isRepeatable: true) {
                    text throws(InvalidValue) in try self.filters.add(text)
                },
                .flag("force", short: "f", help: "Do not ask.") { self.isForced = $0 },
            ],
            run: run
        )
    }

    private func run() throws {
        let warning =
            removesAll
            ? "This will remove all local volumes not used by at least one container."
            : "This will remove anonymous local volumes not used by at least one container."
        guard Confirmation.asks(warning, isForced: isForced) else { return }
        if removesAll {
            if filters.has("all") {
                throw CommandFailure(message: "conflicting options: cannot specify both --all and --filter all=1")
            }
            filters.add("all", "true")
        }
        let pruned = try global.client().pruneVolumes(filters.filters)
        let lines = (pruned.volumesDeleted ?? []).map { $0 + "\n" }
        PruneReport.write("Deleted Volumes", lines, reclaimed: pruned.spaceReclaimed)
    }
}
