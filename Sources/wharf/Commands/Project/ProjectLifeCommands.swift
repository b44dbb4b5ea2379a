// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import EngineAPI
import EngineClient
import Glibc
import Reconciler
import Terminal

/// The commands on the containers of a project that make none: `start`, `stop`, `restart`, `kill`, `pause`, `unpause`, `rm` and
/// `down`.
final class ProjectLifeCommand {
    private let global: GlobalOptions
    private let command: LifeCommand
    private var options = LifeOptions()
    private var patterns: [String] = []
    private var isConfirmed = false
    private var waitTimeout: Int?

    init(_ global: GlobalOptions, _ command: LifeCommand) {
        self.global = global
        self.command = command
    }

    /// All of them.
    static func all(_ global: GlobalOptions) -> [Command] {
        LifeCommand.allCases.map { command in
            Command(command.rawValue, summary: command.summary, section: ProjectCommands.section) {
                ProjectLifeCommand(global, command).syntax()
            }
        }
    }

    private func syntax() -> Syntax {
        Syntax(
            examples: command.examples,
            options: choices(),
            positionals: [
                .any("SERVICE", help: "The services; all where none is named.", completion: .knownServices(of: global))
                {
                    self.patterns.append($0)
                }
            ],
            run: run
        )
    }

    private func choices() -> [Option] {
        switch command {
        case .pause, .unpause: []
        case .start:
            [
                .flag("wait", help: "End when everything runs and is healthy.") { self.options.waits = $0 },
                .number("wait-timeout", "seconds", help: "How long to wait at most.") { seconds throws(InvalidValue) in
                    self.waitTimeout = seconds
                },
            ]
        case .stop: [timeout]
        case .restart:
            [
                .flag("no-deps", help: "Do not restart what depends on the services.") {
                    self.options.includesDependants = !$0
                },
                timeout,
            ]
        case .kill:
            [
                removesOrphans,
                .value("signal", short: "s", "signal", help: "The signal.", default: "SIGKILL") {
                    self.options.signal = $0
                },
            ]
        case .remove:
            [
                .flag("all", short: "a", help: "Accepted for Docker Compose.", isHidden: true) { _ in },
                .flag("force", short: "f", help: "Ask nothing.") { self.isConfirmed = $0 },
                .flag("stop", short: "s", help: "Stop what runs before.") { self.options.stops = $0 },
                .flag("volumes", short: "v", help: "Remove volumes without a name as well.") {
                    self.options.removesVolumes = $0
                },
            ]
        case .down:
            [
                removesOrphans,
                .value(
                    "rmi",
                    "which",
                    help: "Remove images as well: local for those without a name in the files, or all.",
                    allowed: ["local", "all"]
                ) { self.options.images = LifeOptions.Images(rawValue: $0) ?? .none },
                timeout,
                .flag("volumes", short: "v", help: "Remove the project's volumes and those without a name as well.") {
                    self.options.removesVolumes = $0
                },
            ]
        }
    }

    private var timeout: Option {
        .number("timeout", short: "t", "seconds", help: "How long containers get to stop before they are killed.") {
            seconds throws(InvalidValue) in self.options.timeout = seconds
        }
    }

    private var removesOrphans: Option {
        .flag("remove-orphans", help: "Take containers of services that the project does not have along.") {
            self.options.removesOrphans = $0
        }
    }

    // MARK: Doing

    private func run() throws {
        // All services need no look at which there are; what there is to do is for the engine to find out.
        let needsContainers = !patterns.isEmpty || command == .remove || command == .start
        let scope = try ProjectScope(global, needsContainers: needsContainers)
        options.services = try scope.services(patterns)
        if command == .remove, !global.dryRun, !confirm(scope) { return }
        let removesOrphans = getenv("COMPOSE_REMOVE_ORPHANS").map { String(cString: $0) }
        if WantedProject.isTrue(removesOrphans), command == .down || command == .kill { options.removesOrphans = true }
        // As with Docker Compose a name alone means what is there, whatever the files here say of it.
        var request = ProjectLifeRequest(wantedProject(scope))
        request.options = options
        request.parallelism = global.parallel
        if global.dryRun {
            let plan = try scope.client.plan(command, ofProject: scope.name, request)
            return try PlanCommand.show(plan, global, isDryRun: true)
        }
        let work = try ProjectWork(global, title: command.title)
        try Deadline.run(seconds: waitTimeout, "application not healthy") {
            try work.follow(try scope.client.conduct(self.command, ofProject: scope.name, request))
        }
        try tellOfNothing(work, scope)
    }

    /// What the files say of the project; of its volumes those that the services name which take part, since others may hold what
    /// services of other profiles, or of an earlier version of the files, have written.
    private func wantedProject(_ scope: ProjectScope) -> Project? {
        guard var project = scope.isNamedAlone ? nil : scope.project else { return nil }
        if !global.allResources {
            let named = project.disabledServices.filter { options.services.contains($0.key) }
            let used = Set((Array(project.services.values) + named.values).flatMap(\.namedVolumes))
            project.volumes = project.volumes.filter { used.contains($0.key) }
        }
        return project
    }

    /// Says where there was nothing to do, so that silence means success.
    private func tellOfNothing(_ work: ProjectWork, _ scope: ProjectScope) throws {
        guard work.plan?.actions.isEmpty == true else { return }
        switch command {
        case .down: work.progress.tell("No resource of the project \(scope.name) was found to remove")
        case .remove: work.progress.tell("No stopped containers")
        case .start where scope.containers.isEmpty:
            throw CommandFailure(message: "the project \(scope.name) has no containers: make them with `wharf up`")
        default: break
        }
    }

    /// Asks before containers are removed, on a terminal.
    private func confirm(_ scope: ProjectScope) -> Bool {
        // Those of services that the files do not have, or have switched off, stay as well as those of `run`.
        let enabled = scope.isNamedAlone ? nil : scope.project?.services
        let names = scope.containers(of: options.services, includesStopped: true, includesOneOffs: false)
            .filter { !options.services.isEmpty || enabled == nil || enabled?[$0.service] != nil }
            .filter { options.stops || !$0.isAlive }.map(\.name)
        guard !names.isEmpty else {
            OutputStream.error.write("No stopped containers\n")
            return false
        }
        if isConfirmed {
            OutputStream.standard.write("Going to remove \(names.joined(separator: ", "))\n")
            return true
        }
        return Confirmation.asks("This removes \(names.joined(separator: ", ")).", isForced: false)
    }
}

extension LifeCommand {
    /// What it does, in one sentence.
    fileprivate var summary: String {
        switch self {
        case .start: "Start the containers that are there, in the order of their dependencies."
        case .stop: "Stop the containers, those that depend on others first."
        case .restart: "Stop the containers and start them again."
        case .kill: "Send a signal to the containers."
        case .pause: "Freeze the containers."
        case .unpause: "Let frozen containers go on."
        case .remove: "Remove containers that do not run."
        case .down: "Stop and remove the containers and the networks."
        }
    }

    /// What stands above the progress.
    fileprivate var title: String {
        switch self {
        case .start: "Running"
        case .stop: "Stopping"
        case .restart: "Restarting"
        case .kill: "Killing"
        case .pause: "Pausing"
        case .unpause: "Unpausing"
        case .remove, .down: "Running"
        }
    }

    fileprivate var examples: String {
        switch self {
        case .start: "wharf start db              start one service that was stopped"
        case .stop: "wharf stop -t 30 web        stop one service, with time to finish"
        case .restart: "wharf restart web           restart one service, without taking up changes of the files"
        case .kill: "wharf kill -s SIGHUP web    have a server read its configuration again"
        case .pause: "wharf pause web             freeze one service"
        case .unpause: "wharf unpause web           let it go on"
        case .remove: "wharf rm -fs web            remove one service, also where it runs"
        case .down:
            """
            wharf down                  everything but the volumes
            wharf down -v               and the volumes
            wharf -p shop down          a project whose files are not here
            """
        }
    }
}
