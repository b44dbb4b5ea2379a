// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient

/// `wharf network disconnect`: takes a container out of a network.
final class NetworkDisconnectCommand {
    private let global: GlobalOptions
    private var network = ""
    private var request = NetworkDisconnectRequest()

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("disconnect", summary: "Take a container out of a network.") {
            NetworkDisconnectCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: "wharf network disconnect back web",
            options: [
                .flag("force", short: "f", help: "Take it out also where that fails in part.") {
                    self.request.force = $0
                }
            ],
            positionals: [
                .network(of: global) { self.network = $0 }, .container(of: global) { self.request.container = $0 },
            ],
            run: run
        )
    }

    private func run() throws {
        try global.client().disconnectNetwork(network, request)
    }
}
