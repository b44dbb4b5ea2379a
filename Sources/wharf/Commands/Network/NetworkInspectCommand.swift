// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient

/// `wharf network inspect`: all that the engine knows of networks.
enum NetworkInspectCommand {
    static func command(_ global: GlobalOptions) -> Command {
        InspectCommand.command(global, of: "networks") {
            InspectCommand.Subject(
                examples: """
                    wharf network inspect back
                    wharf network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' back
                    wharf network inspect -f '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}' back
                    """,
                shape: .network,
                detail: ("verbose", "v", "Show the services of a cluster; there are none here."),
                targets: { .networks(of: global, store: $0) },
                read: { engine, name, isVerbose in try engine.rawNetwork(name, isVerbose: isVerbose) }
            )
        }
    }
}
