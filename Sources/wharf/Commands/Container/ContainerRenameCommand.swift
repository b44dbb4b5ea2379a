// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient

/// `wharf container rename`: gives a container another name.
final class ContainerRenameCommand {
    private let global: GlobalOptions
    private var name = ""
    private var newName = ""

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("rename", summary: "Rename a container.") { ContainerRenameCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: "wharf container rename web web-old",
            positionals: [
                .container(of: global) { self.name = $0 }, .one("NAME", help: "The new name.") { self.newName = $0 },
            ],
            run: { try self.global.client().renameContainer(self.name, to: self.newName) }
        )
    }
}
