// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient

/// `wharf image inspect`: all that the engine knows of images.
enum ImageInspectCommand {
    static func command(_ global: GlobalOptions) -> Command {
        InspectCommand.command(global, of: "images") {
            InspectCommand.Subject(
                examples: """
                    wharf image inspect app:1
                    wharf image inspect -f '{{json .Config.Cmd}}' app:1
                    """,
                targets: { .images(of: global, store: $0) },
                read: { engine, name, _ in try engine.rawImage(name) }
            )
        }
    }
}
