// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf container ls`: the containers.
final class ContainerListCommand {
    private let global: GlobalOptions
    private var showsAll = false
    private var filters = FilterOptions()
    private var format = ""
    private var last: Int?
    private var showsLatest = false
    private var isWhole = false
    private var isQuiet = false
    private var showsSize = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("ls", aliases: ["list", "ps"], summary: "List containers.") { ContainerListCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container ls                       the containers that run
                wharf container ls -a -f status=exited   those that have ended
                wharf container ls -q -l                 only the identifier of the newest
                wharf container ls --format 'table {{.Names}}\\t{{.Status}}'
                """,
            options: [
                .flag("all", short: "a", help: "Show also those that do not run.") { self.showsAll = $0 },
                .value(
                    "filter",
                    short: "f",
                    "name=value",
                    help:
                        "Show only some, by id, name, label, status, ancestor, before, since, exited, health, network, "
                        + "volume, publish or expose.",
                    isRepeatable: true
                ) { text throws(InvalidValue) in try self.filters.add(text) },
                .listFormat { self.format = $0 },
                .number("last", short: "n", "count", help: "Show that many of the newest, running or not.") {
                    self.last = $0 < 0 ? nil : $0
                },
                .flag("latest", short: "l", help: "Show the newest, running or not.") { self.showsLatest = $0 },
                .flag("no-trunc", help: "Cut nothing.") { self.isWhole = $0 },
                .flag("quiet", short: "q", help: "Show only identifiers.") { self.isQuiet = $0 },
                .flag("size", short: "s", help: "Show the sizes of the file systems.") { self.showsSize = $0 },
            ],
            run: run
        )
    }

    private func run() throws {
        let needsSize = showsSize || !isQuiet && format.contains(".Size")
        let listing = showsSize ? Listing.sizedContainers : Listing.containers
        let form = isQuiet ? Listing.quiet(format) : format
        let fields = listing.fields(shownBy: form)
        let containers = try global.client().listContainers(
            showsAll: showsAll,
            limit: showsLatest ? 1 : last,
            countsSizes: needsSize,
            isBrief: fields != nil,
            filters.filters
        )
        let now = HumanUnits.now
        let rows = containers.map { $0.row(truncates: !isWhole, now: now, fields: fields) }
        OutputStream.standard.write(try listing.text(rows, format: form))
    }
}

extension Listing {
    /// The format of a list of which only identifiers are wanted.
    static func quiet(_ format: String) -> String {
        if !format.isEmpty, format != "table" {
            OutputStream.error.write("warning: `--quiet` prints identifiers only: `--format` is not used\n")
        }
        return "{{.ID}}"
    }
}
