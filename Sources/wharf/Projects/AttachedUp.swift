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
    /// The keys that are taken; nil before everything runs, and where there is no terminal.
    private var menu: UpMenu?

    /// What happens on other threads.
    enum Message: Sendable {
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
            // Where nothing would be left to show, everything is shown: who names such a service alone means to see it.
            if chosen.isEmpty { chosen = taking }
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
        let taken = wanted.taken(includingDependencies: request.options.includesDependencies)
        if let name = options.exitCodeFrom, !taken.contains(name) {
            throw CommandFailure(message: "no such service: \(name)")
        }
        let screen = WatchScreen(colour: colour, names: [])
        if options.watches { paths = try WatchedPath.all(of: wanted) { screen.warn($0) } }
        // Before any thread, which would get the signals otherwise.
        let signals = try SignalWatch([SIGINT, SIGTERM, SIGHUP, SIGQUIT] + (takesKeys ? [SIGCONT] : []))
        let work = try ProjectWork(global, title: "Running", environment: wanted.environment, explains: explains)
        let inbox = inbox
        let companion = try LogCompanion { service, code, isRestarting in
            if !isRestarting { inbox.put(.exited(service: service, code: code)) }
        }
        tellAttached(services)
        try startLogs(services, companion, work)
        let cancel = try startWork(work, companion)
        var decision = Decision(options: options)
        defer { menu?.close() }
        while !decision.isOver {
            let hasKeys = try wait(for: signals)
            while let signal = try signals.next() {
                if signal == SIGCONT { try menu?.resume() } else { decision.signalled(signal) }
            }
            for message in inbox.takeAll() { decision.take(message) }
            if hasKeys { for wish in menu?.wishes() ?? [] { decision.wished(wish) } }
            showMenu(decision, work)
            for notice in decision.takeNotices() { work.progress.print(Array("\(notice)\n".utf8), on: .error) }
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

    // MARK: Keys

    /// Whether the user can press keys, and has not said that they are to do nothing.
    private var takesKeys: Bool {
        let isWanted = options.hasMenu ?? wanted.environment["COMPOSE_MENU"].map(WantedProject.isTrue) ?? true
        return isWanted && StandardInput.isTerminal && StandardInput.isForeground && OutputStream.standard.isDrawable
    }

    /// Shows which keys may be pressed once everything runs, and gives the terminal back before anything ends.
    private func showMenu(_ decision: borrowing Decision, _ work: ProjectWork) {
        guard decision.isRunning else {
            menu?.close()
            menu = nil
            return
        }
        if let menu { return menu.show(isWatching: decision.isWatching) }
        guard takesKeys, work.drawsOnTerminal else { return }
        // A terminal that refuses takes no keys, and everything else goes on.
        menu = try? UpMenu(on: work.progress, isWatching: decision.isWatching)
    }

    /// Waits until something happens.
    ///
    /// - Returns: Whether keys were pressed.
    private func wait(for signals: borrowing SignalWatch) throws -> Bool {
        let keys = menu.map { $0.isReadable ? STDIN_FILENO : -1 } ?? -1
        var waits = [signals.number, inbox.news.number, keys].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        if poll(&waits, nfds_t(waits.count), -1) < 0 {
            if errno == EINTR { return false }
            throw SystemError("poll", errno)
        }
        return waits[2].revents != 0
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
        case .endWatch: session?.stop()
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
        (logRequest.follows, logRequest.isAttached) = (true, true)
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
                let filters = Filters(["label": ProjectLabel.containers(of: project)])
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
            if paths.isEmpty { paths = try WatchedPath.all(of: wanted) { screen.warn($0) } }
            var build = BuildOptions()
            build.isQuiet = options.buildsQuietly
            let rebuild = try ServiceRebuild(
                client,
                wanted,
                on: screen,
                build.form(global),
                request.options,
                prunes: true
            )
            let session = try WatchSession(client, wanted.project, paths, on: screen, rebuild) { services, isUnderWay in
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
            let filters = Filters(["label": ProjectLabel.containers(of: wanted.project.name, service: service)])
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
}
