// SPDX-License-Identifier: Apache-2.0

import Arguments

/// `wharf cp`: copies files between the containers of a service and this machine.
final class ProjectCopyCommand {
    private let global: GlobalOptions
    private var source = ""
    private var destination = ""
    private var options = CopyOptions()
    private var index: Int?
    private var includesOneOffs = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "cp",
            summary: "Copy files between a service and this machine.",
            section: ProjectCommands.section
        ) { ProjectCopyCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf cp web:/etc/nginx/nginx.conf .
                wharf cp site/. web:/srv           to all containers of the service
                wharf cp --index 2 dump.sql db:/   to the second one only
                wharf cp web:/srv - | tar -t       as an archive
                """,
            options: [
                .flag("all", help: "Copy also to the containers of `run`.") { self.includesOneOffs = $0 },
                .flag("archive", short: "a", help: "Keep owners and groups.") { self.options.copiesOwners = $0 },
                .flag("follow-link", short: "L", help: "Copy what a link as the source leads to.") {
                    self.options.followsLink = $0
                },
                .index { self.index = $0 },
            ],
            positionals: [
                .one("SOURCE", help: "SERVICE:PATH, a path, or - for a tar on standard input.") { self.source = $0 },
                .one("DESTINATION", help: "SERVICE:PATH, a path, or - for a tar on standard output.") {
                    self.destination = $0
                },
            ],
            run: run
        )
    }

    private func run() throws {
        let job = try CopyJob(from: source, to: destination, options, isQuiet: true)
        let scope = try ProjectScope(global)
        let progress = try ProjectWork(global, title: "Copying").progress
        try job.run(
            scope.client,
            origin: { try scope.container(of: scope.service($0), index: index, includesStopped: true).name },
            targets: { name in
                let service = try scope.service(name)
                if index != nil {
                    return [try scope.container(of: service, index: index, includesStopped: true).name]
                }
                let all = scope.containers(of: [service], includesStopped: true, includesOneOffs: includesOneOffs)
                // The error of a service without containers.
                if all.isEmpty { _ = try scope.container(of: service, index: nil) }
                return all.map(\.name)
            },
            progress: progress
        )
    }
}
