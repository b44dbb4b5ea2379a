// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient

/// `wharf container inspect`: all that the engine knows of containers.
enum ContainerInspectCommand {
    static func command(_ global: GlobalOptions) -> Command {
        InspectCommand.command(global, of: "containers") {
            InspectCommand.Subject(
                examples: """
                    wharf container inspect web
                    wharf container inspect -f '{{.State.Status}}' web
                    wharf container inspect -f '{{json .Config.Env}}' web
                    """,
                detail: ("size", "s", "Count the sizes of the file systems."),
                targets: { .containers(of: global, store: $0) },
                read: { engine, name, countsSizes in try engine.rawContainer(name, countsSizes: countsSizes) }
            )
        }
    }
}
