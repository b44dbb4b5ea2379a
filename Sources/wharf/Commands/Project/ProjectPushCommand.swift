// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import OCI

/// `wharf push`: puts the images that the project builds into their registries.
final class ProjectPushCommand {
    private let global: GlobalOptions
    private var services: [String] = []
    private var includesDependencies = false
    private var ignoresFailures = false
    private var isQuiet = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("push", summary: "Put the images of services into registries.", section: ProjectCommands.section) {
            ProjectPushCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: "wharf push web   the image of one service that has `build`",
            options: [
                .flag("ignore-push-failures", help: "Push what can be pushed.") { self.ignoresFailures = $0 },
                .flag("include-deps", help: "Also those of what the services depend on.") {
                    self.includesDependencies = $0
                },
                .flag("quiet", short: "q", help: "Show no progress.") { self.isQuiet = $0 },
            ],
            positionals: [
                .any("SERVICE", help: "The services; all where none is named.", completion: .services(of: global)) {
                    self.services.append($0)
                }
            ],
            run: run
        )
    }

    private func run() throws {
        let wanted = try WantedProject(global, services: services)
        let chosen = wanted.taken(includingDependencies: includesDependencies || services.isEmpty).sorted()
        var references: [OCI.ImageReference] = []
        for name in chosen {
            guard let service = wanted.project.services[name], service.build != nil,
                let image = service.image?.rawValue
            else { continue }
            let reference = try ImagePuller.reference(image)
            if !references.contains(reference) { references.append(reference) }
        }
        let pushes = ImagePushes(client: try global.client(), references: references)
        let failures = try pushes.run(global, environment: wanted.environment, isQuiet: isQuiet)
        if !ignoresFailures { try failures.finish() }
    }
}
