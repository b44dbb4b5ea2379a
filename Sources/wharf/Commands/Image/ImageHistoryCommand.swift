// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf image history`: how an image was made.
final class ImageHistoryCommand {
    private let global: GlobalOptions
    private var format = ""
    private var isHuman = true
    private var isWhole = false
    private var isQuiet = false
    private var name = ""

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("history", summary: "Show how an image was made.") { ImageHistoryCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf image history app:1
                wharf image history --no-trunc -H=false app:1   whole lines, sizes in bytes
                """,
            options: [
                .listFormat { self.format = $0 },
                .flag("human", short: "H", help: "Show sizes and times for people. (default: true)") {
                    self.isHuman = $0
                },
                .flag("no-trunc", help: "Cut nothing.") { self.isWhole = $0 },
                .flag("quiet", short: "q", help: "Show only identifiers.") { self.isQuiet = $0 },
            ],
            positionals: [.image(of: global) { self.name = $0 }],
            run: run
        )
    }

    private func run() throws {
        let now = HumanUnits.now
        let rows = try global.client().history(of: name).map {
            $0.row(truncates: !isWhole, isHuman: isHuman, now: now)
        }
        OutputStream.standard.write(
            try Listing.history(isHuman: isHuman).text(rows, format: isQuiet ? Listing.quiet(format) : format)
        )
    }
}
