// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient

/// `wharf network rm`: removes networks that no container is in.
final class NetworkRemoveCommand {
    private let global: GlobalOptions
    private var isForced = false
    private var names: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("rm", aliases: ["remove"], summary: "Remove networks that no container is in.") {
            NetworkRemoveCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf network rm back
                wharf network rm -f back front         whether they are there or not
                """,
            options: [
                .flag("force", short: "f", help: "It is no error that there is none.") { self.isForced = $0 }
            ],
            positionals: [.networks(of: global, onlyOwn: true) { self.names.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let (engine, isForced) = (try global.client(), isForced)
        try Targets.run(names) { name in
            do {
                try engine.removeNetwork(name)
                return true
            } catch let error as EngineError where isForced && error.code == .notFound {
                return false
            }
        }
    }
}
