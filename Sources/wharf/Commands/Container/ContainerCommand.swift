// SPDX-License-Identifier: Apache-2.0

import Arguments

/// `wharf container`: one container at a time.
enum ContainerCommand {
    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "container",
            summary: "Make, run and look at single containers.",
            subcommands: [
                RunCommand.command(global), CreateCommand.command(global), StartCommand.command(global),
                AttachCommand.command(global), ExecCommand.command(global), LogsCommand.command(global),
                WaitCommand.command(global), CopyCommand.command(global), ExportCommand.command(global),
                ContainerCommitCommand.command(global),
            ] + ContainerLifeCommands.all(global)
        )
    }
}
