// SPDX-License-Identifier: Apache-2.0

import Arguments

/// `wharf image`: the images of the engine.
enum ImageCommand {
    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "image",
            summary: "Pull, push, load, list and remove images.",
            subcommands: [
                ImageListCommand.command(global), ImagePullCommand.command(global),
                ImagePushCommand.command(global), ImageLoadCommand.command(global),
                ImageImportCommand.command(global),
                ImageSaveCommand.command(global), ImageInspectCommand.command(global),
                ImageHistoryCommand.command(global), ImageTagCommand.command(global),
                ImageRemoveCommand.command(global), ImagePruneCommand.command(global),
            ]
        ) {
            Syntax(
                examples: """
                    wharf image load -i app.tar           read an archive of images
                    wharf image ls                        show what there is
                    wharf image rm app:1                  remove a name, and the image with its last one
                    """
            )
        }
    }
}
