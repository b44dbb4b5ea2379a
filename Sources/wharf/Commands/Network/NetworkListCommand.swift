// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf network ls`: the networks.
final class NetworkListCommand {
    private let global: GlobalOptions
    private var filters = FilterOptions()
    private var format = ""
    private var isWhole = false
    private var isQuiet = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("ls", aliases: ["list"], summary: "List networks.") { NetworkListCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf network ls
                wharf network ls -f type=custom -q     identifiers of those that somebody made
                wharf network ls --format '{{.Name}} {{.Internal}} {{.Labels}}'
                """,
            options: [
                .value(
                    "filter",
                    short: "f",
                    "name=value",
                    help: "Show only some, by name, id, driver, scope, type, label or dangling.",
                    isRepeatable: true
                ) { text throws(InvalidValue) in try self.filters.add(text) },
                .listFormat { self.format = $0 },
                .flag("no-trunc", help: "Cut nothing.") { self.isWhole = $0 },
                .flag("quiet", short: "q", help: "Show only identifiers.") { self.isQuiet = $0 },
            ],
            run: run
        )
    }

    private func run() throws {
        let networks = try global.client().listNetworks(filters.filters)
        let sorted = networks.sorted { NameOrder.precedes($0.name, $1.name) }
        let rows = sorted.map { $0.row(truncates: !isWhole) }
        let format = isQuiet ? Listing.field("ID", unless: format) : format
        OutputStream.standard.write(try Listing.networks.text(rows, format: format))
    }
}
