// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import EngineClient
import Terminal

/// `wharf export`: writes the root file system of a container of a service as a tar.
final class ProjectExportCommand {
    private let global: GlobalOptions
    private var service = ""
    private var index: Int?
    private var output: String?

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "export",
            summary: "Write the root file system of a container of a service as a tar.",
            section: ProjectCommands.section
        ) { ProjectExportCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf export -o root.tar web
                wharf export --index 2 web | tar -t
                """,
            options: [
                .index { self.index = $0 },
                ArchiveOutput.option { self.output = $0 },
            ],
            positionals: [.service(of: global) { self.service = $0 }],
            run: run
        )
    }

    private func run() throws {
        try ArchiveOutput.check(output)
        let scope = try ProjectScope(global, of: service)
        let container = try scope.container(of: scope.service(service), index: index, includesStopped: true)
        if scope.client.onlyAsks { throw ClientError.dryRun }
        let progress = try ProjectWork(global, title: "Exporting").progress
        defer { progress.finish() }
        let text = "export \(container.name) to \(output ?? "")"
        progress.update(ProgressEvent(.unnamed, container.name, "Exporting", .working, detail: text))
        var response = try scope.client.exportContainer(container.id)
        try ArchiveOutput.write(&response, to: output)
        progress.update(ProgressEvent(.unnamed, container.name, "Exported", .done, detail: text))
    }
}
