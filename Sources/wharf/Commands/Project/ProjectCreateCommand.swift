// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import EngineClient
import Reconciler

/// `wharf create`: makes the containers of the project and starts none.
final class ProjectCreateCommand {
    private let global: GlobalOptions
    private let settings = UpSettings()

    init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("create", summary: "Make the containers, and start none.", section: ProjectCommands.section) {
            ProjectCreateCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: "wharf create && wharf start   make everything, and start it later",
            options: settings.creation(),
            positionals: [settings.positional(global)],
            check: settings.check,
            run: run
        )
    }

    private func run() throws {
        settings.options.starts = false
        let wanted = try WantedProject(global, services: settings.services)
        guard !wanted.project.services.isEmpty else { throw CommandFailure(message: "no service selected") }
        var request = wanted.upRequest(settings.options, parallelism: global.parallel)
        let client = try global.client()
        try settings.images(of: wanted, client, global)
            .obtain(for: &request, pullsQuietly: settings.pullsQuietly, buildsQuietly: false)
        if global.dryRun { return try PlanCommand.show(try client.plan(request), global, isDryRun: true) }
        let work = try ProjectWork(global, title: "Creating", environment: wanted.environment)
        try work.follow(try client.bringUp(request))
    }
}

/// `wharf scale`: changes how many containers services have.
final class ProjectScaleCommand {
    private let global: GlobalOptions
    private let settings = UpSettings()
    private var includesDependencies = true

    init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("scale", summary: "Change how many containers services have.", section: ProjectCommands.section) {
            ProjectScaleCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: "wharf scale web=3 worker=2   until the next `wharf up`, which goes by the file",
            options: [
                .flag("no-deps", help: "Leave out what the services depend on.") { self.includesDependencies = !$0 }
            ],
            positionals: [
                .some("SERVICE=NUM", help: "A service, and how many containers it is to have.") {
                    text throws(InvalidValue) in try self.settings.scale(text)
                }
            ],
            run: run
        )
    }

    private func run() throws {
        settings.options.includesDependencies = includesDependencies
        let wanted = try WantedProject(global, services: settings.options.scales.keys.sorted())
        var request = wanted.upRequest(settings.options, parallelism: global.parallel)
        let client = try global.client()
        try settings.images(of: wanted, client, global)
            .obtain(for: &request, pullsQuietly: settings.pullsQuietly, buildsQuietly: false)
        if global.dryRun { return try PlanCommand.show(try client.plan(request), global, isDryRun: true) }
        let work = try ProjectWork(global, title: "Running", environment: wanted.environment)
        try work.follow(try client.bringUp(request))
    }
}
