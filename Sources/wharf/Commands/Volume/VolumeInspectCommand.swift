// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient

/// `wharf volume inspect`: all that the engine knows of volumes.
enum VolumeInspectCommand {
    static func command(_ global: GlobalOptions) -> Command {
        InspectCommand.command(global, of: "volumes") {
            InspectCommand.Subject(
                examples: """
                    wharf volume inspect data
                    wharf volume inspect -f '{{.Mountpoint}}' data
                    """,
                targets: { .volumes(of: global, store: $0) },
                read: { engine, name, _ in try engine.rawVolume(name) }
            )
        }
    }
}
