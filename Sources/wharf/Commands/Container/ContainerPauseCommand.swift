// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient

/// `wharf container pause` and `wharf container unpause`: freeze containers and thaw them.
final class ContainerPauseCommand {
    private let global: GlobalOptions
    private let pauses: Bool
    private var names: [String] = []

    private init(_ global: GlobalOptions, pauses: Bool) {
        self.global = global
        self.pauses = pauses
    }

    /// One of the two commands.
    static func command(_ global: GlobalOptions, pauses: Bool) -> Command {
        let summary = pauses ? "Freeze all processes of containers." : "Let paused containers go on."
        return Command(pauses ? "pause" : "unpause", summary: summary) {
            ContainerPauseCommand(global, pauses: pauses).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: pauses ? "wharf container pause web" : "wharf container unpause web",
            positionals: [.containers(of: global, onlyRunning: true) { self.names.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let (engine, pauses) = (try global.client(), pauses)
        try Targets.run(names) { pauses ? try engine.pauseContainer($0) : try engine.unpauseContainer($0) }
    }
}
