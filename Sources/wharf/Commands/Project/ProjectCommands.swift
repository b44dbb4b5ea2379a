// SPDX-License-Identifier: Apache-2.0

import Arguments

/// The commands on projects that look at what is there and need no plan.
enum ProjectCommands {
    /// The title that they stand under in the help.
    static let section = "Commands on projects"

    /// The commands.
    static func all(_ global: GlobalOptions) -> [Command] {
        [
            UpCommand.command(global), PlanCommand.command(global), BuildCommand.command(global),
            ProjectCreateCommand.command(global),
            ProjectRunCommand.command(global), ProjectScaleCommand.command(global), WatchCommand.command(global),
            ProjectPullCommand.command(global), ProjectPushCommand.command(global),
        ] + ProjectLifeCommand.all(global) + [
            ProjectStatusCommand.command(global), ProjectListCommand.command(global),
            ProjectLogsCommand.command(global), ProjectExecCommand.command(global),
            ProjectAttachCommand.command(global), ProjectCopyCommand.command(global), ProjectTopCommand.command(global),
            ProjectStatsCommand.command(global), ProjectEventsCommand.command(global),
            ProjectImagesCommand.command(global), ProjectPortCommand.command(global),
            ProjectVolumesCommand.command(global), ProjectWaitCommand.command(global),
            ProjectExportCommand.command(global), ProjectCommitCommand.command(global), TimelineCommand.command(global),
        ]
    }
}
