// SPDX-License-Identifier: Apache-2.0

import Arguments

/// The subcommands of `wharf container` that look at containers and change what is there; those that start programs and
/// move files are made elsewhere.
enum ContainerLifeCommands {
    /// The commands.
    static func all(_ global: GlobalOptions) -> [Command] {
        [
            ContainerListCommand.command(global), ContainerInspectCommand.command(global),
            ContainerStopCommand.command(global), ContainerRestartCommand.command(global),
            ContainerKillCommand.command(global), ContainerRemoveCommand.command(global),
            ContainerPauseCommand.command(global, pauses: true), ContainerPauseCommand.command(global, pauses: false),
            ContainerRenameCommand.command(global), ContainerUpdateCommand.command(global),
            ContainerTopCommand.command(global), ContainerStatsCommand.command(global),
            ContainerDiffCommand.command(global), ContainerPortCommand.command(global),
            ContainerPruneCommand.command(global),
        ]
    }
}
