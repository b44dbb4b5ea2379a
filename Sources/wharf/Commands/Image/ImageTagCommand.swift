// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineClient

/// `wharf image tag`: gives an image one more name.
final class ImageTagCommand {
    private let global: GlobalOptions
    private var name = ""
    private var newName = ""

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("tag", summary: "Give an image one more name.") { ImageTagCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: "wharf image tag app:1 app:latest",
            positionals: [
                .image(of: global) { self.name = $0 },
                .one("NAME[:TAG]", help: "The new name; its tag is latest unless given.") { self.newName = $0 },
            ],
            run: run
        )
    }

    private func run() throws {
        let (repository, tag) = try ImageName.parts(of: newName)
        try global.client().tagImage(name, repository: repository, tag: tag)
    }
}
