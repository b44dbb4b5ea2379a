// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import GoTemplate
import Terminal

/// `wharf system`: what the engine has on the disk.
enum SystemCommand {
    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "system",
            summary: "Look at what takes room on the disk, or make room.",
            subcommands: [DiskUsageCommand.command(global), SystemPruneCommand.command(global)]
        ) {
            Syntax(
                examples: """
                    wharf system df                       how much images, containers, volumes and builds take
                    wharf system prune                    remove what nothing needs
                    """
            )
        }
    }
}

/// `wharf builder`: what builds keep.
enum BuilderCommand {
    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "builder",
            summary: "Forget what builds keep.",
            subcommands: [
                PruneCommand.command(global, summary: "Forget what builds have kept.") {
                    PruneCommand.Subject(
                        examples: """
                            wharf builder prune                    what was not used for two days
                            wharf builder prune -a                 all, with the folders of cache mounts
                            wharf builder prune --filter until=24h what was not used for a day
                            """,
                        filters: "until",
                        all: "Forget also what was used lately, and the folders of cache mounts.",
                        warning: { removesAll in
                            "This will remove all \(removesAll ? "" : "dangling ")build cache."
                        },
                        prune: { engine, filters, removesAll in
                            let pruned = try engine.pruneBuilds(includesAll: removesAll, filters.filters)
                            return PruneReport(
                                title: "Deleted build cache objects",
                                lines: (pruned.cachesDeleted ?? []).map {
                                    $0.split(separator: ":").last.map(String.init) ?? $0
                                },
                                reclaimed: pruned.spaceReclaimed
                            )
                        }
                    )
                }
            ]
        ) {
            Syntax(examples: "wharf builder prune                   forget what was not used for two days")
        }
    }
}

/// `wharf system prune`: removes everything that nothing needs.
final class SystemPruneCommand {
    private let global: GlobalOptions
    private var filters = FilterOptions()
    private var removesAll = false
    private var removesVolumes = false
    private var isForced = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("prune", summary: "Remove what nothing needs.") { SystemPruneCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf system prune                    containers that do not run, networks, images without a name
                wharf system prune -a --volumes       all images that no container uses, and volumes without a name
                """,
            options: [
                .flag("all", short: "a", help: "Remove all images that no container uses, and all that builds keep.") {
                    self.removesAll = $0
                },
                .value(
                    "filter",
                    "name=value",
                    help: "Remove only some, by until or label.",
                    isRepeatable: true
                ) { text throws(InvalidValue) in try self.filters.add(text) },
                .flag("force", short: "f", help: "Do not ask.") { self.isForced = $0 },
                .flag("volumes", help: "Remove volumes without a name as well.") { self.removesVolumes = $0 },
            ],
            check: { () throws(UsageError) in
                if self.removesVolumes, self.filters.has("until") {
                    throw UsageError("the filter `until` is nothing that volumes know: leave out --volumes")
                }
            },
            run: run
        )
    }

    private var warning: String {
        let images = removesAll ? "all images without at least one container associated to them" : "all dangling images"
        let parts =
            ["all stopped containers", "all networks not used by at least one container"]
            + (removesVolumes ? ["all anonymous volumes not used by at least one container"] : [])
            + [images, removesAll ? "all build cache" : "unused build cache"]
        return "This will remove:\n" + parts.map { "  - \($0)\n" }.joined()
    }

    private func run() throws {
        guard Confirmation.asks(warning, isForced: isForced) else { return }
        let client = try global.client()
        var reclaimed: UInt64 = 0
        func show(_ title: String, _ lines: [String]?, _ bytes: UInt64 = 0) {
            PruneReport(title: title, lines: lines ?? []).write()
            reclaimed += bytes
        }
        let containers = try client.pruneContainers(filters.filters)
        show("Deleted Containers", containers.containersDeleted, containers.spaceReclaimed)
        show("Deleted Networks", try client.pruneNetworks(filters.filters).networksDeleted)
        if removesVolumes {
            let volumes = try client.pruneVolumes(filters.filters)
            show("Deleted Volumes", volumes.volumesDeleted, volumes.spaceReclaimed)
        }
        var chosen = filters
        if !chosen.has("dangling") { chosen.add("dangling", removesAll ? "false" : "true") }
        let images = try client.pruneImages(chosen.filters)
        show("Deleted Images", images.imagesDeleted?.map(\.line), images.spaceReclaimed)
        // Labels say nothing about what builds keep.
        if !filters.has("label"), !filters.has("label!") {
            let builds = try client.pruneBuilds(includesAll: removesAll, filters.filters)
            show("Deleted build cache objects", builds.cachesDeleted, builds.spaceReclaimed)
        }
        PruneReport(title: "", lines: [], reclaimed: reclaimed).write()
    }
}
