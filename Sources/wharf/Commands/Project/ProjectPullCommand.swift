// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import Terminal

/// `wharf pull`: brings the images of the project here.
final class ProjectPullCommand {
    private let global: GlobalOptions
    private var services: [String] = []
    private var policy = PullPolicy.always
    private var includesDependencies = false
    private var leavesBuildable = false
    private var ignoresFailures = false
    private var isQuiet = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("pull", summary: "Bring the images of services here.", section: ProjectCommands.section) {
            ProjectPullCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf pull                      all images, in the state that the registries have now
                wharf pull --policy missing web only what is not here
                """,
            options: [
                .flag("ignore-buildable", help: "Leave out images that can be built.") { self.leavesBuildable = $0 },
                .flag("ignore-pull-failures", help: "Pull what can be pulled.") { self.ignoresFailures = $0 },
                .flag("include-deps", help: "Also those of what the services depend on.") {
                    self.includesDependencies = $0
                },
                .flag("no-parallel", help: "Without effect.", isHidden: true) { _ in },
                .flag("parallel", help: "Without effect.", isHidden: true) { _ in },
                .value("policy", "policy", help: "Which images: missing or always.", allowed: ["missing", "always"]) {
                    self.policy = PullPolicy(rawValue: $0)
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
        var chosen = wanted.taken(includingDependencies: includesDependencies || services.isEmpty)
        chosen = chosen.filter { name in
            guard let service = wanted.project.services[name] else { return false }
            if [.never, .build].contains(service.pullPolicy) { return false }
            return !leavesBuildable || service.build == nil
        }
        let pulls = try ProjectPulls(try global.client(), wanted, services: chosen, policy: policy)
        if global.dryRun { return pulls.announce() }
        try pulls.run(global, isQuiet: isQuiet, ignoresFailures: ignoresFailures)
    }
}
