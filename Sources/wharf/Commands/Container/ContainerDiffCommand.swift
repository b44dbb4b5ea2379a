// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf container diff`: what a container changed in its file system.
final class ContainerDiffCommand {
    private let global: GlobalOptions
    private var name = ""

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("diff", summary: "Show what a container changed in its file system.") {
            ContainerDiffCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: "wharf container diff web",
            notes: "A is added, C is changed, D is deleted.",
            positionals: [.container(of: global) { self.name = $0 }],
            run: run
        )
    }

    private func run() throws {
        let lines = try global.client().changes(of: name).map { change in
            let letter =
                switch change.kind {
                case .modified: "C"
                case .added: "A"
                case .deleted: "D"
                }
            return "\(letter) \(change.path)\n"
        }
        OutputStream.standard.write(lines.joined())
    }
}
