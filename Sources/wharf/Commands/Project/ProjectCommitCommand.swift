// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf commit`: makes an image of a container of a service.
final class ProjectCommitCommand {
    private let global: GlobalOptions
    private let commit = ContainerCommit()
    private var service = ""
    private var index: Int?

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "commit",
            summary: "Make an image of a container of a service.",
            section: ProjectCommands.section
        ) { ProjectCommitCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf commit web shop-web:patched
                wharf commit -c 'CMD ["httpd", "-f"]' -m 'with a patch' web shop-web:patched
                """,
            options: commit.options() + [.index { self.index = $0 }],
            positionals: [.service(of: global) { self.service = $0 }, commit.name],
            run: run
        )
    }

    private func run() throws {
        let scope = try ProjectScope(global, of: service)
        let container = try scope.container(of: scope.service(service), index: index, includesStopped: true)
        if scope.client.onlyAsks { throw ClientError.dryRun }
        let progress = try ProjectWork(global, title: "Committing").progress
        defer { progress.finish() }
        let text = "Commit \(container.name)"
        progress.update(ProgressEvent(.unnamed, container.name, "Committing", .working, detail: text))
        let image = try commit.run(scope.client, container: container.id)
        progress.update(ProgressEvent(.unnamed, container.name, "Committed as \(image)", .done, detail: text))
    }
}
