// SPDX-License-Identifier: Apache-2.0

import Arguments

/// `wharf engine`: the process that runs containers.
enum EngineCommand {
    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "engine",
            summary: "Look at the engine, which starts by itself, or stop it.",
            subcommands: [
                EngineStatusCommand.command(global), EngineStopCommand.command(global),
                EngineEventsCommand.command(global),
            ]
        ) {
            Syntax(
                examples: """
                    wharf engine status                   is there one, and what does it do
                    wharf engine events                   what happens, as it happens
                    wharf engine stop                     end it; containers go on
                    """
            )
        }
    }
}
