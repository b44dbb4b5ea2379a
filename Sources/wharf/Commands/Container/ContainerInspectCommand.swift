// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient

/// `wharf container inspect`: all that the engine knows of containers.
final class ContainerInspectCommand {
    private let global: GlobalOptions
    private var inspection = Inspection(shape: .inspection)
    private var showsSize = false
    private var names: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("inspect", summary: "Show all that is known of containers.") {
            ContainerInspectCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container inspect web
                wharf container inspect -f '{{.State.Status}}' web
                wharf container inspect -f '{{json .Config.Env}}' web
                """,
            options: [
                .value("format", short: "f", "form", help: "The form: json for one line, or a Go template.") {
                    self.inspection.format = $0
                },
                .flag("size", short: "s", help: "Count the sizes of the file systems.") { self.showsSize = $0 },
            ],
            positionals: [.containers(of: global) { self.names.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let engine = try global.client()
        try inspection.run(names) { try engine.rawContainer($0, countsSizes: showsSize) }
    }
}
