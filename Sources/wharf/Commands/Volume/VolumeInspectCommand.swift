// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient

/// `wharf volume inspect`: all that the engine knows of volumes.
final class VolumeInspectCommand {
    private let global: GlobalOptions
    private var inspection = Inspection(shape: .inspection)
    private var names: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("inspect", summary: "Show all that is known of volumes.") { VolumeInspectCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf volume inspect data
                wharf volume inspect -f '{{.Mountpoint}}' data
                """,
            options: [
                .value("format", short: "f", "form", help: "The form: json for one line, or a Go template.") {
                    self.inspection.format = $0
                }
            ],
            positionals: [.volumes(of: global) { self.names.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let engine = try global.client()
        try inspection.run(names) { try engine.rawVolume($0) }
    }
}
