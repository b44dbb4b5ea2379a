// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf volume ls`: the volumes.
final class VolumeListCommand {
    private let global: GlobalOptions
    private var filters = FilterOptions()
    private var format = ""
    private var isQuiet = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("ls", aliases: ["list"], summary: "List volumes.") { VolumeListCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf volume ls
                wharf volume ls -f dangling=true -q    names of those that no container uses
                wharf volume ls --format json
                """,
            options: [
                .value(
                    "filter",
                    short: "f",
                    "name=value",
                    help: "Show only some, by dangling, driver, label or name.",
                    isRepeatable: true
                ) { text throws(InvalidValue) in try self.filters.add(text) },
                .listFormat { self.format = $0 },
                .flag("quiet", short: "q", help: "Show only names.") { self.isQuiet = $0 },
            ],
            run: run
        )
    }

    private func run() throws {
        let volumes = try global.client().listVolumes(filters.filters).volumes
        let rows = volumes.sorted { NameOrder.precedes($0.name, $1.name) }.map(\.row)
        let format = isQuiet ? Listing.field("Name", unless: format) : format
        OutputStream.standard.write(try Listing.volumes.text(rows, format: format))
    }
}
