// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Linux
import Terminal

/// `wharf engine stop`: ends the engine; containers go on.
final class EngineStopCommand {
    private let global: GlobalOptions
    private var stopsContainers = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("stop", summary: "End the engine; containers go on.") { EngineStopCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf engine stop                     containers go on; the next command starts an engine
                wharf engine stop --containers        stop all containers first
                """,
            options: [
                .flag("containers", help: "Stop all containers first, each within its time of grace.") {
                    self.stopsContainers = $0
                }
            ],
            run: run
        )
    }

    private func run() throws {
        let engine = try global.client(startsEngine: false)
        do {
            if stopsContainers { try Self.stopContainers(of: engine) }
            let pid = try engine.status().pid
            // One that cannot be found has ended by itself.
            let process = try? Descriptor.process(pid)
            try engine.stopEngine()
            // Whoever removes its folder next is not in its way, nor followed by the keeper's next engine.
            try process?.waitUntilEnded()
        } catch let error as ClientError where error.code == .notRunning {
            OutputStream.error.write("no engine runs: nothing to do\n")
        }
    }

    /// Stops what runs, at once; the engine is ended only where all of it has ended.
    private static func stopContainers(of engine: EngineClient) throws {
        let running = try engine.listContainers()
        let names = running.map { container in
            container.names.first.map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 } ?? container.id
        }
        try Targets.run(names) { try engine.stopContainer($0) }
    }
}
