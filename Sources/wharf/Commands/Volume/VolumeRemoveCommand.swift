// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient

/// `wharf volume rm`: removes volumes with their data.
final class VolumeRemoveCommand {
    private let global: GlobalOptions
    private var isForced = false
    private var names: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("rm", aliases: ["remove"], summary: "Remove volumes with their data.") {
            VolumeRemoveCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: "wharf volume rm data",
            options: [
                .flag("force", short: "f", help: "It is no error that there is none.") { self.isForced = $0 }
            ],
            positionals: [.volumes(of: global) { self.names.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let (engine, force) = (try global.client(), isForced)
        try Targets.run(names) { try engine.removeVolume($0, force: force) }
    }
}
