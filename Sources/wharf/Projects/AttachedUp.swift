// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import EngineAPI
import EngineClient
import Glibc
import Linux
import Reconciler
import Synchronization
import Terminal

/// `wharf up` in the foreground: brings the project up, shows what its containers write, and stops them when the user has enough.
final class AttachedUp {
    private let client: EngineClient
    private let wanted: WantedProject
    private let request: ProjectUpRequest
    private let options: Options
    private let global: GlobalOptions
    /// What the threads tell the one that decides.
    private let inbox: Inbox
    /// What is watched, and who does that once everything runs.
    private var paths: [WatchedPath] = []
    private var session: WatchSession?

    /// What is shown, and what ends it.
    struct Options: Sendable {
        var attached: [String] = []
        var attachesDependencies = false
        var notAttached: [String] = []
        var abortsOnExit = false
        var abortsOnFailure = false
        /// The service whose exit status this command ends with.
        var exitCodeFrom: String?
        var hasColour = true
        var hasPrefix = true
        var showsTime = false
        /// Whether containers follow the files that `develop.watch` names.
        var watches = false
    }

    /// What happens on other threads.
    private enum Message: Sendable {
        case exited(service: String, code: Int)
        /// The engine has done what it was asked for, or has failed.
        case workEnded(failure: CommandFailure?)
        case logsEnded(failure: CommandFailure?)
        case stopEnded(isDone: Bool)
        case watchEnded(failure: CommandFailure?)
    }

    /// Messages, with a descriptor that is readable while there are some.
    private final class Inbox: Sendable {
        let news: WakeUp
        private let messages = Mutex<[Message]>([])

        init() throws { news = try WakeUp() }

        func put(_ message: Message) {
            messages.withLock { $0.append(message) }
            news.signal()
        }

        func takeAll() -> [Message] {
            news.clear()
            return messages.withLock { messages in
                defer { messages = [] }
                return messages
            }
        }
    }

    init(
        client: EngineClient,
        wanted: WantedProject,
        request: ProjectUpRequest,
        options: Options,
        global: GlobalOptions
    ) throws {
        self.client = client
        self.wanted = wanted
        self.request = request
        self.options = options
        self.global = global
        inbox = try Inbox()
    }

    // MARK: What is attached

    /// The services whose output is shown.
    private func attachedServices() throws -> Set<String> {
        let graph = DependencyGraph(wanted.project.services)
        let named = wanted.services.isEmpty ? Set(graph.services) : Set(wanted.services)
        let taking = request.options.includesDependencies ? graph.closure(of: named) : named
        for name in options.attached + options.notAttached where !taking.contains(name) {
            throw CommandFailure(message: "cannot attach to services not included in up: \(name)")
        }
        var chosen = options.attached.isEmpty ? (options.attachesDependencies ? taking : named) : Set(options.attached)
        if options.attached.isEmpty {
            chosen = chosen.filter { wanted.project.services[$0]?.attach != false }
        }
        return chosen.subtracting(options.notAttached)
    }

    // MARK: Running

    /// Runs until all attached containers have ended, something failed, or the user has enough.
    ///
    /// - Parameter explains: Whether the reasons of actions are shown.
    /// - Throws: ``CommandFailure`` with the exit status.
    func run(explains: Bool) throws {
        let services = try attachedServices()
        if let name = options.exitCodeFrom, wanted.project.services[name] == nil {
            throw CommandFailure(message: "no such service: \(name)")
        }
        let screen = WatchScreen(colour: colour, names: [])
        if options.watches { paths = try WatchedPath.all(of: wanted) { screen.warn($0) } }
        // Before any thread, which would get the signals otherwise.
        let signals = try SignalWatch([SIGINT, SIGTERM, SIGHUP])
        let work = try ProjectWork(global, title: "Running", environment: wanted.environment, explains: explains)
        let inbox = inbox
        let companion = try LogCompanion { service, code, isRestarting in
            if !isRestarting { inbox.put(.exited(service: service, code: code)) }
        }
        tellAttached(services)
        try startLogs(services, companion, work)
        let cancel = try startWork(work, companion)
        var decision = Decision(options: options)
        while !decision.isOver {
            try wait(for: signals)
            while let signal = try signals.next() { decision.signalled(signal) }
            for message in inbox.takeAll() { decision.take(message) }
            act(on: &decision, companion, cancel, work, services)
        }
        work.progress.finish()
        try end(decision)
    }

    /// The user's wish about colour.
    private var colour: ColourChoice {
        options.hasColour ? global.colour(wanted.environment["COMPOSE_ANSI"]) : .never
    }

    /// What the containers of services are called.
    private func names(of services: Set<String>) -> [String] {
        services.sorted().flatMap { service -> [String] in
            let count = request.options.scales[service] ?? wanted.project.services[service]?.replicas ?? 1
            if let fixed = wanted.project.services[service]?.containerName { return [fixed] }
            return count == 0 ? [] : (1...count).map { "\(service)\(wanted.separator)\($0)" }
        }
    }

    private func tellAttached(_ services: Set<String>) {
        let names = names(of: services)
        if !names.isEmpty { OutputStream.standard.write("Attaching to \(names.joined(separator: ", "))\n") }
    }

    private func wait(for signals: borrowing SignalWatch) throws {
        var waits = [
            pollfd(fd: signals.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: inbox.news.number, events: Int16(POLLIN), revents: 0),
        ]
        if poll(&waits, nfds_t(waits.count), -1) < 0, errno != EINTR { throw SystemError("poll", errno) }
    }

    /// Does what the decision asks for next.
    private func act(
        on decision: inout Decision,
        _ companion: LogCompanion,
        _ cancel: WorkConnection,
        _ work: ProjectWork,
        _ services: Set<String>
    ) {
        let order = decision.takeOrder()
        if [.stop, .kill, .leave].contains(order) || decision.haveLogsEnded { session?.stop() }
        switch order {
        case .none: break
        case .watch: watch(companion, work, services)
        case .stop:
            cancel.close()
            companion.stop()
            conduct(.stop, title: "Stopping")
        case .kill: conduct(.kill, title: "Killing")
        case .leave:
            cancel.close()
            companion.callOff()
        }
    }

    // MARK: Threads

    private func startWork(_ work: ProjectWork, _ companion: LogCompanion) throws -> WorkConnection {
        let connection = WorkConnection()
        let (client, request, inbox) = (client, request, inbox)
        try BlockingCall.start {
            var failure: CommandFailure?
            do {
                let response = try client.bringUp(request)
                connection.open(response.number)
                defer { connection.forget() }
                try work.follow(response)
            } catch {
                failure = CommandFailure(of: error, isRun: false)
            }
            companion.becomeIdle()
            inbox.put(.workEnded(failure: failure))
        }
        return connection
    }

    private func startLogs(_ services: Set<String>, _ companion: LogCompanion, _ work: ProjectWork) throws {
        var logRequest = LogRequest()
        logRequest.follows = true
        logRequest.since = PointInTime.now
        let (client, inbox, options, progress) = (client, inbox, options, work.progress)
        let project = wanted.project.name
        let colour = colour
        try BlockingCall.start { [logRequest] in
            var failure: CommandFailure?
            do {
                let screen = LogScreen(colour: colour, writingBy: { progress.print($1, on: $0) }) { presentation in
                    presentation.hasPrefix = options.hasPrefix
                    presentation.showsTime = options.showsTime
                }
                let logs = ProjectLogs(client, logRequest, on: screen)
                let filters = Filters(["label": ["\(ProjectLabel.project)=\(project)"]])
                try logs.follow(filters, beside: companion) { labels in
                    labels[ProjectLabel.oneOff] != "True" && services.contains(labels[ProjectLabel.service] ?? "")
                }
            } catch {
                failure = CommandFailure(of: error, isRun: false)
            }
            inbox.put(.logsEnded(failure: failure))
        }
    }

    /// Begins to watch, now that everything runs.
    private func watch(_ companion: LogCompanion, _ work: ProjectWork, _ services: Set<String>) {
        let (inbox, progress) = (inbox, work.progress)
        do {
            let screen = WatchScreen(colour: colour, names: names(of: services)) { progress.print($1, on: $0) }
            let session = try WatchSession(client, wanted.project, paths, on: screen) { services, isUnderWay in
                if isUnderWay { companion.beginRestart(of: services) } else { companion.endRestart(of: services) }
            }
            try BlockingCall.start {
                var failure: CommandFailure?
                do {
                    try session.run()
                } catch {
                    failure = CommandFailure(of: error, isRun: false)
                }
                inbox.put(.watchEnded(failure: failure))
            }
            self.session = session
        } catch {
            inbox.put(.watchEnded(failure: CommandFailure(of: error, isRun: false)))
        }
    }

    private func conduct(_ command: LifeCommand, title: String) {
        let (client, inbox, global, wanted) = (client, inbox, global, wanted)
        var life = ProjectLifeRequest(wanted.project)
        life.options.services = wanted.services
        life.options.timeout = request.options.timeout
        do {
            let work = try ProjectWork(global, title: title, environment: wanted.environment)
            try BlockingCall.start { [life] in
                var isDone = true
                do {
                    try work.follow(try client.conduct(command, ofProject: wanted.project.name, life))
                } catch {
                    isDone = false
                    Wharf.show(CommandFailure(of: error, isRun: false))
                }
                inbox.put(.stopEnded(isDone: isDone))
            }
        } catch {
            Wharf.show(CommandFailure(of: error, isRun: false))
            inbox.put(.stopEnded(isDone: false))
        }
    }

    // MARK: The end

    private func end(_ decision: Decision) throws {
        if let failure = decision.failure { throw failure }
        if let service = options.exitCodeFrom, decision.signal == nil {
            let filters = Filters([
                "label": [
                    "\(ProjectLabel.project)=\(wanted.project.name)", "\(ProjectLabel.service)=\(service)",
                ]
            ])
            let containers = try client.listContainers(showsAll: true, filters)
            guard let container = containers.first else {
                throw CommandFailure(message: "no container of \(service) is left")
            }
            let code = try client.inspectContainer(container.id).state.exitCode
            if code != 0 { throw CommandFailure(code: Int32(truncatingIfNeeded: code)) }
            return
        }
        if decision.code != 0 { throw CommandFailure(code: decision.code) }
    }

    /// What becomes of the command, by all that happens.
    private struct Decision {
        /// What is to be done now.
        enum Order {
            case none
            /// Watch files.
            case watch
            /// Stop the containers.
            case stop
            case kill
            /// Let everything be as it is, and end.
            case leave
        }

        let options: Options
        private var order = Order.none
        private(set) var code: Int32 = 0
        private(set) var signal: Int32?
        private(set) var failure: CommandFailure?
        private var isStopping = false
        private var stopsUnderWay = 0
        private var isWatching = false
        private(set) var haveLogsEnded = false
        private var hasWorkEnded = false

        init(options: Options) {
            self.options = options
        }

        var isOver: Bool { haveLogsEnded && hasWorkEnded && stopsUnderWay == 0 && !isWatching }

        mutating func takeOrder() -> Order {
            defer { order = .none }
            return order
        }

        mutating func signalled(_ number: Int32) {
            if number == SIGHUP {
                (signal, code, order) = (number, 128 + SIGHUP, .leave)
                return
            }
            if isStopping, signal != nil {
                order = .kill
                stopsUnderWay += 1
                return
            }
            OutputStream.error.write("\rGracefully Stopping... press Ctrl+C again to force\n")
            (signal, code) = (number, 130)
            stop()
        }

        private mutating func stop() {
            if isStopping { return }
            isStopping = true
            stopsUnderWay += 1
            order = .stop
        }

        mutating func take(_ message: Message) {
            switch message {
            case .exited(let service, let code): exited(service, Int32(truncatingIfNeeded: code))
            case .workEnded(let failure):
                hasWorkEnded = true
                if failure == nil, options.watches, !isStopping, signal == nil, order == .none {
                    (isWatching, order) = (true, .watch)
                }
                // One that was called off ends so.
                guard let failure, !isStopping, order != .leave, signal == nil else { return }
                self.failure = failure
                order = .leave
            case .logsEnded(let failure):
                haveLogsEnded = true
                if let failure, self.failure == nil { self.failure = failure }
            case .watchEnded(let failure):
                isWatching = false
                // The containers go on, and so does what shows their output.
                if let failure { Wharf.show(failure) }
            case .stopEnded(let isDone):
                stopsUnderWay -= 1
                // The logs come to their end by themselves, unless something runs on.
                if !isDone, stopsUnderWay == 0, !haveLogsEnded { order = .leave }
            }
        }

        private mutating func exited(_ service: String, _ status: Int32) {
            guard !isStopping, options.abortsOnExit || options.abortsOnFailure && status != 0 else { return }
            OutputStream.error.write("Aborting on container exit...\n")
            code = status
            stop()
        }
    }
}

extension AttachedUp.Options {
    /// The options of the command line.
    ///
    /// - Parameter change: Has what was written kept.
    /// - Returns: The options.
    static func options(_ change: @escaping ((inout AttachedUp.Options) -> Void) -> Void) -> [Option] {
        [
            .flag("abort-on-container-exit", help: "Stop everything when a container ends.") { value in
                change { $0.abortsOnExit = value }
            },
            .flag("abort-on-container-failure", help: "Stop everything when a container ends with a failure.") {
                value in
                change { $0.abortsOnFailure = value }
            },
            .value(
                "attach",
                "service",
                help: "Show the output of this service only; repeat for several.",
                isRepeatable: true
            ) {
                name in change { $0.attached.append(name) }
            },
            .flag("attach-dependencies", help: "Show the output of dependencies as well.") { value in
                change { $0.attachesDependencies = value }
            },
            .value(
                "exit-code-from",
                "service",
                help: "End with the exit status of this service; implies --abort-on-container-exit."
            ) { name in
                change { ($0.exitCodeFrom, $0.abortsOnExit) = (name, true) }
            },
            .value("no-attach", "service", help: "Do not show the output of this service.", isRepeatable: true) {
                name in
                change { $0.notAttached.append(name) }
            },
            .flag("no-color", help: "Use no colour for output of containers.") { value in
                change { $0.hasColour = !value }
            },
            .flag("no-log-prefix", help: "Show no names of containers.") { value in change { $0.hasPrefix = !value } },
            .flag("timestamps", help: "Show the time of each line.") { value in change { $0.showsTime = value } },
            .flag("watch", short: "w", help: "Have containers follow the files that `develop.watch` names.") { value in
                change { $0.watches = value }
            },
        ]
    }

    /// Refuses options that exclude each other, in Docker Compose's words.
    func check(isDetached: Bool, waits: Bool) throws(UsageError) {
        if abortsOnFailure, abortsOnExit {
            throw UsageError("--abort-on-container-failure cannot be combined with --abort-on-container-exit")
        }
        if !attached.isEmpty, attachesDependencies {
            throw UsageError("cannot combine --attach and --attach-dependencies")
        }
        let attaches = abortsOnExit || abortsOnFailure || !attached.isEmpty || attachesDependencies
        if waits, attaches {
            throw UsageError(
                "--wait cannot be combined with --abort-on-container-exit, --attach or --attach-dependencies"
            )
        }
        if isDetached, attaches || watches {
            throw UsageError(
                "--detach cannot be combined with --abort-on-container-exit, --abort-on-container-failure, --attach, "
                    + "--attach-dependencies or --watch"
            )
        }
    }
}
