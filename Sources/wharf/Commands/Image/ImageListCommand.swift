// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf image ls`: the images.
final class ImageListCommand {
    private let global: GlobalOptions
    private var showsAll = false
    private var showsDigests = false
    private var filters = FilterOptions()
    private var format = ""
    private var isWhole = false
    private var isQuiet = false
    private var name: String?

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("ls", aliases: ["list"], summary: "List images.") { ImageListCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf image ls
                wharf image ls 'app*'                  only some, by name
                wharf image ls -f dangling=true -q     identifiers of those without a name
                wharf image ls --format json
                """,
            options: [
                .flag("all", short: "a", help: "Show also what only other images are made of.") { self.showsAll = $0 },
                .flag("digests", help: "Show digests.") { self.showsDigests = $0 },
                .value(
                    "filter",
                    short: "f",
                    "name=value",
                    help: "Show only some, by reference, dangling, label, before, since or until.",
                    isRepeatable: true
                ) { text throws(InvalidValue) in try self.filters.add(text) },
                .listFormat { self.format = $0 },
                .flag("no-trunc", help: "Cut nothing.") { self.isWhole = $0 },
                .flag("quiet", short: "q", help: "Show only identifiers.") { self.isQuiet = $0 },
            ],
            positionals: [
                .optional(
                    "NAME[:TAG]",
                    help: "A name, perhaps with * for any text; all unless given.",
                    completion: .images(of: global)
                ) { self.name = $0 }
            ],
            run: run
        )
    }

    private func run() throws {
        if let name { filters.add("reference", name) }
        let images = try global.client().listImages(showsAll: showsAll, filters.filters)
        let now = HumanUnits.now
        let newest = images.sorted { $0.created > $1.created }
        let rows = newest.flatMap { $0.rows(truncates: !isWhole, showsDigests: showsDigests, now: now) }
        let listing = showsDigests ? Listing.imagesWithDigests : Listing.images
        OutputStream.standard.write(try listing.text(rows, format: isQuiet ? Listing.quiet(format) : format))
    }
}
