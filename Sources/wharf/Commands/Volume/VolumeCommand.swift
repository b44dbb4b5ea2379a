// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient

/// `wharf volume`: the volumes of the engine.
enum VolumeCommand {
    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "volume",
            summary: "Make, list and remove volumes.",
            subcommands: [
                VolumeCreateCommand.command(global), VolumeInspectCommand.command(global),
                VolumeListCommand.command(global), VolumePruneCommand.command(global),
                VolumeRemoveCommand.command(global),
            ]
        ) {
            Syntax(
                examples: """
                    wharf volume create data              make a volume
                    wharf volume ls                       show what there is
                    wharf volume rm data                  remove a volume with its data
                    """
            )
        }
    }
}

extension Completion {
    /// The names of the volumes.
    static func volumes(of global: GlobalOptions) -> Completion {
        .computed {
            quickly {
                let engine = try global.client(startsEngine: false)
                return try engine.listVolumes().volumes.map(\.name)
            }
        }
    }
}

extension Positional {
    /// Volumes, of which there must be one.
    static func volumes(of global: GlobalOptions, store: @escaping (String) -> Void) -> Positional {
        .some("VOLUME", help: "The volumes, by name.", completion: .volumes(of: global)) { store($0) }
    }
}
