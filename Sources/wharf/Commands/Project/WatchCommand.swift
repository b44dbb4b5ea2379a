// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import EngineAPI
import EngineClient
import Reconciler
import Terminal

/// `wharf watch`: has containers follow the files that they are made of.
final class WatchCommand {
    private let global: GlobalOptions
    private var services: [String] = []
    private var bringsUp = true
    private var prunes = true
    private var isQuiet = false

    private init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command(
            "watch",
            summary: "Have containers follow changed files by copies, restarts and builds, as `develop.watch` says.",
            section: ProjectCommands.section
        ) { WatchCommand(global).syntax() }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf watch               start everything, and watch until Ctrl-C
                wharf watch --no-up web   watch for one service, which runs already
                wharf up --watch          the same, with the output of the containers
                """,
            options: [
                .flag("no-up", help: "Do not start the services before.") { self.bringsUp = !$0 },
                .flag("prune", help: "Remove images that a rebuild has replaced; true unless given.") {
                    self.prunes = $0
                },
                .flag("quiet", help: "Show no progress of builds.") { self.isQuiet = $0 },
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
        var wanted = try WantedProject(global, services: services)
        let screen = WatchScreen(colour: global.colour(wanted.environment["COMPOSE_ANSI"]), names: [])
        let paths = try WatchedPath.all(of: wanted) { screen.warn($0) }
        let client = try global.client()
        // As with Docker Compose: what is developed is built from what it is now.
        for (name, service) in wanted.project.services where service.build != nil && service.develop != nil {
            wanted.project.services[name]?.pullPolicy = .build
        }
        var request = wanted.upRequest(UpOptions(), parallelism: global.parallel)
        if bringsUp {
            let images = try ProjectImages(
                client,
                wanted,
                global,
                services: wanted.taken(includingDependencies: true),
                policy: nil,
                builds: .missing
            )
            try images.obtain(for: &request, pullsQuietly: isQuiet, buildsQuietly: isQuiet)
        }
        if global.dryRun {
            if bringsUp { try PlanCommand.show(try client.plan(request), global, isDryRun: true) }
            return
        }
        var options = BuildOptions()
        options.isQuiet = isQuiet
        let watch = StandaloneWatch(
            client: client,
            wanted: wanted,
            paths: paths,
            screen: screen,
            global: global,
            request: bringsUp ? request : nil,
            rebuild: try ServiceRebuild(
                client,
                wanted,
                on: screen,
                options.form(global),
                request.options,
                prunes: prunes
            )
        )
        try watch.run()
    }
}
