// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient

/// `wharf container rm`: removes containers.
final class ContainerRemoveCommand {
    private let global: GlobalOptions
    private var isForced = false
    private var removesVolumes = false
    private var isLink = false
    private var names: [String] = []

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("rm", aliases: ["remove"], summary: "Remove containers.") { ContainerRemoveCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf container rm web
                wharf container rm -f web             also where it runs
                wharf container rm -v web             with its anonymous volumes
                """,
            options: [
                .flag("force", short: "f", help: "Kill those that run; one that does not exist is no error.") {
                    self.isForced = $0
                },
                .flag("link", short: "l", help: "Remove the link of that name.") { self.isLink = $0 },
                .flag("volumes", short: "v", help: "Remove their anonymous volumes as well.") {
                    self.removesVolumes = $0
                },
            ],
            positionals: [.containers(of: global) { self.names.append($0) }],
            run: run
        )
    }

    private func run() throws {
        let engine = try global.client()
        let (force, volumes, link) = (isForced, removesVolumes, isLink)
        let missing = WarningList()
        try Targets.run(names) { name in
            let name = name.hasPrefix("/") ? String(name.dropFirst()) : name
            do {
                try engine.removeContainer(name, force: force, volumes: volumes, link: link)
                return true
            } catch let error as EngineError where force && error.code == .notFound {
                // As for rm(1), what is not there need not be removed.
                missing.add([error.message])
                return false
            }
        }
        missing.show()
    }
}
