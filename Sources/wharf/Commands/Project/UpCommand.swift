// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import EngineAPI
import EngineClient
import Reconciler
import Terminal

/// `wharf up`: makes reality match the project.
final class UpCommand {
    private let global: GlobalOptions
    private let settings = UpSettings()
    private var attached = AttachedUp.Options()
    private var isDetached = false
    private var waitTimeout: Int?
    private var explains = false
    private var rollsBack = false
    private var showsTimeline = false

    init(_ global: GlobalOptions) {
        self.global = global
    }

    static func command(_ global: GlobalOptions) -> Command {
        Command("up", summary: "Make and start what the project says.", section: ProjectCommands.section) {
            UpCommand(global).syntax()
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: """
                wharf up                  start everything, and show its output until Ctrl-C
                wharf up -d               start everything, and go on
                wharf up -d --explain     and say why each thing is done
                wharf up --wait web       until web and what it depends on are healthy
                """,
            options: settings.creation() + containers() + attachment(),
            positionals: [settings.positional(global)],
            check: check,
            run: run
        )
    }

    private func containers() -> [Option] {
        [
            .flag("always-recreate-deps", help: "Replace the containers of dependencies as well.") {
                if $0 { self.settings.options.dependencyRecreation = .always }
            },
            .flag("detach", short: "d", help: "Go on in the background.") { self.isDetached = $0 },
            .flag("explain", help: "Say why each thing is done.") { self.explains = $0 },
            .flag("no-deps", help: "Leave out what the services depend on.") {
                self.settings.options.includesDependencies = !$0
            },
            .flag("no-start", help: "Make everything, and start nothing.") { self.settings.options.starts = !$0 },
            .flag("quiet-build", help: "Show no progress of builds.") { self.attached.buildsQuietly = $0 },
            .flag("renew-anon-volumes", short: "V", help: "Give replaced containers new volumes without a name.") {
                self.settings.options.renewsVolumes = $0
            },
            .flag("rollback", help: "Take everything back that was made where the whole fails.") {
                self.rollsBack = $0
            },
            .number("timeout", short: "t", "seconds", help: "How long containers get to stop before they are killed.") {
                seconds throws(InvalidValue) in self.settings.options.timeout = seconds
            },
            .flag("timeline", help: "Draw at the end when everything was started, and what took longest.") {
                self.showsTimeline = $0
            },
            .flag("wait", help: "End when everything runs and is healthy; implies --detach.") {
                self.settings.options.waits = $0
                if $0 { self.isDetached = true }
            },
            .number("wait-timeout", "seconds", help: "How long to wait at most.") { seconds throws(InvalidValue) in
                self.waitTimeout = seconds
            },
        ]
    }

    private func attachment() -> [Option] { AttachedUp.Options.options { $0(&self.attached) } }

    private func check() throws(UsageError) {
        try settings.check()
        if attached.watches, settings.buildsNothing {
            throw UsageError("--no-build and --watch are incompatible")
        }
        try attached.check(isDetached: isDetached, waits: settings.options.waits)
    }

    private func run() throws {
        let wanted = try WantedProject(global, services: settings.services)
        guard !wanted.project.services.isEmpty else { throw CommandFailure(message: "no service selected") }
        if wanted.removesOrphans { settings.options.removesOrphans = true }
        var request = wanted.upRequest(settings.options, parallelism: global.parallel)
        if request.options.ignoresOrphans, request.options.removesOrphans {
            throw CommandFailure(message: "cannot combine COMPOSE_IGNORE_ORPHANS and --remove-orphans")
        }
        request.rollsBack = rollsBack
        request.settles = isDetached && settings.options.starts
        let client = try global.client()
        try settings.images(of: wanted, client, global)
            .obtain(for: &request, pullsQuietly: settings.pullsQuietly, buildsQuietly: attached.buildsQuietly)
        if global.dryRun { return try PlanCommand.show(try client.plan(request), global, isDryRun: true) }
        let begin = Timestamp(query: PointInTime.now)
        let end = Result { try bringUp(client, wanted, request) }
        if showsTimeline, settings.options.starts, let begin {
            let timeline = ProjectTimeline(client: client, name: wanted.project.name, project: wanted.project)
            try timeline.show(since: begin, services: wanted.services, global)
        }
        try end.get()
    }

    private func bringUp(_ client: EngineClient, _ wanted: WantedProject, _ request: ProjectUpRequest) throws {
        guard isDetached || !settings.options.starts else {
            let up = try AttachedUp(
                client: client,
                wanted: wanted,
                request: request,
                options: attached,
                global: global
            )
            return try up.run(explains: explains)
        }
        let work = try ProjectWork(global, title: "Running", environment: wanted.environment, explains: explains)
        try Deadline.run(seconds: waitTimeout, "application not healthy") {
            try work.follow(try client.bringUp(request))
        }
        if settings.options.starts { try UpSummary(client, wanted).show(work) }
    }
}
