// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import Terminal

/// The logs of containers of a project as one, in the order of the times of their lines.
final class ProjectLogs {
    private typealias Merger = LogMerger<LogItem>

    private let client: EngineClient
    private let request: LogRequest
    private var screen: LogScreen
    private var merger: Merger
    private var sources: [Merger.Stream: LogPresenter.Source] = [:]
    private var followed: [Followed] = []
    /// What happens to the containers; nil where no more of them is wanted.
    private var events: Response?
    /// The containers that run, by their identifiers.
    private var alive: Set<String> = []
    /// Whether a container ran at any time.
    private var hasRun = false
    /// When it is known that no container runs any more.
    private var end: ContinuousClock.Instant?
    /// The containers that were found to have run, and whose end has not been told of yet.
    private var untold: Set<String> = []
    /// Who starts the containers meanwhile; nil where they are there already.
    private var companion: LogCompanion?
    /// What asks for the containers that are followed.
    private var filters = Filters()

    /// A container whose log is shown.
    private struct Followed {
        let id: String
        let source: LogPresenter.Source
        let hasTerminal: Bool
        /// What reads its log, up to the end of the run at which it began, and where its lines go; nil behind that end.
        var log: (reader: ContainerLogReader, stream: Merger.Stream)?
        /// Where the next reader begins; nil shows everything.
        var next: Timestamp?
        /// Whether it was started since the reader began.
        var wasStarted = false
        /// Ends that stand behind lines which have not been read yet, in their order.
        var exits: [Exit] = []
        /// Whether its driver keeps no log that could be shown.
        var keepsNothing = false
    }

    private struct Exit {
        var code: Int
        var isRestarting: Bool
        var time: Timestamp
    }

    /// How long a line waits for earlier ones of other containers where logs are followed.
    private static let window = Duration.milliseconds(50)
    /// How long the last end is believed to be none: a container that is restarted has one as well.
    private static let grace = Duration.milliseconds(500)
    /// How long an end that was seen is waited for, so that it is shown as well.
    private static let patience = Duration.seconds(10)

    /// - Parameters:
    ///   - client: The client.
    ///   - request: The part of each log.
    ///   - screen: Where they are shown.
    init(_ client: EngineClient, _ request: LogRequest, on screen: LogScreen) {
        self.client = client
        self.request = request
        self.screen = screen
        merger = LogMerger(window: request.follows ? Self.window : nil)
    }

    /// Shows what containers have written, without waiting for more.
    ///
    /// - Parameter containers: The containers.
    /// - Throws: ``CommandFailure`` where it cannot be written, and what the client throws.
    func show(_ containers: [ContainerSummary]) throws {
        screen.add(containers.map(Self.source))
        for container in containers {
            if let place = try add(container, from: nil) { try open(place, request) }
        }
        while true {
            for stream in merger.starving {
                guard let place = followed.firstIndex(where: { $0.log?.stream == stream }) else { continue }
                try read(place)
            }
            while let next = merger.next(at: .now) { try show(next.line, of: next.stream) }
            if merger.starving.isEmpty, merger.count == 0 { break }
        }
        try screen.flush()
    }

    /// Shows what containers have written and what they write, until none runs any more; where none runs at first, it waits
    /// for one.
    ///
    /// - Parameters:
    ///   - filters: What asks for the containers.
    ///   - companion: Who starts the containers meanwhile: it does not end before that has.
    ///   - accepts: Tells by its labels whether a container is wanted.
    /// - Throws: ``CommandFailure`` where it cannot be written, and what the client throws.
    func follow(
        _ filters: Filters,
        beside companion: LogCompanion? = nil,
        where accepts: ([String: String]) -> Bool
    ) throws {
        self.companion = companion
        self.filters = filters
        // First this, so that no container is missed.
        if request.until == nil {
            var values = filters.values
            values["type"] = ["container"]
            values["event"] = ["start", "die"]
            events = try client.events(since: nil, until: nil, Filters(values))
        }
        let containers = try client.listContainers(showsAll: true, filters).filter { accepts($0.labels) }
        screen.add(containers.map(Self.source))
        // What is not wanted of what they wrote so far is not wanted after their next start either.
        let now = Timestamp.now
        for container in containers.sorted(by: { $0.name < $1.name }) {
            guard let place = try add(container, from: now) else { continue }
            try open(place, request)
            if container.isAlive { addAlive(container.id) }
        }
        while true {
            while let next = merger.next(at: .now) { try show(next.line, of: next.stream) }
            try screen.flush()
            if isOver { return }
            try wait(where: accepts)
        }
    }

    // MARK: Containers

    /// What a container is called before its lines.
    static func source(_ container: ContainerSummary) -> LogPresenter.Source {
        let project = container.labels[ProjectLabel.project] ?? ""
        let number = container.labels[ProjectLabel.number] ?? ""
        let name = container.name
        // A name that the user chose is shown as it is.
        let isMade = ["-", "_"].contains { name == [project, container.service, number].joined(separator: $0) }
        return LogPresenter.Source(
            name: isMade ? String(name.dropFirst(project.count + 1)) : name,
            service: container.service,
            container: name
        )
    }

    private func inspect(_ id: String) throws -> ContainerInspection? {
        do {
            return try client.inspectContainer(id)
        } catch let error as EngineError where error.code == .notFound {
            return nil
        }
    }

    /// Takes up a container.
    ///
    /// - Parameters:
    ///   - container: The container.
    ///   - next: Where a second look at its log begins, where the first one shows nothing.
    /// - Returns: Its place; nil where it is gone.
    /// - Throws: What the client throws.
    private func add(_ container: ContainerSummary, from next: Timestamp?) throws -> Int? {
        guard let found = try inspect(container.id) else { return nil }
        let source = Self.source(container)
        screen.add([source])
        followed.append(Followed(id: found.id, source: source, hasTerminal: found.config.tty, next: next))
        return followed.count - 1
    }

    /// Begins to read the log of a container.
    private func open(_ place: Int, _ request: LogRequest) throws {
        let container = followed[place]
        followed[place].wasStarted = false
        if container.keepsNothing { return }
        do {
            let reader = try ContainerLogReader(client, of: container.id, hasTerminal: container.hasTerminal, request)
            let stream = merger.add()
            sources[stream] = container.source
            followed[place].log = (reader, stream)
        } catch let error as EngineError where error.code == .notFound {
            return
        } catch let error as EngineError where error.code == .notImplemented {
            // Its ends are shown all the same.
            followed[place].keepsNothing = true
            try screen.flush()
            let name = container.source.container
            OutputStream.error.write("warning: cannot show what \(name) writes: \(error.message)\n")
        }
    }

    private func addAlive(_ id: String) {
        alive.insert(id)
        hasRun = true
        end = nil
    }

    private func read(_ place: Int) throws {
        guard let (reader, stream) = followed[place].log else { return }
        let lines = try reader.read()
        let now = ContinuousClock.now
        for line in lines {
            while let exit = followed[place].exits.first, exit.time < line.time { show(exit, of: place, on: stream) }
            merger.append(.line(line), at: line.time.unixNanoseconds, to: stream, now: now)
            // One nanosecond later, since the engine begins with lines of just that time.
            followed[place].next = Timestamp(unixNanoseconds: line.time.unixNanoseconds + 1)
        }
        guard reader.isAtEnd else { return }
        while let exit = followed[place].exits.first { show(exit, of: place, on: stream) }
        merger.end(stream)
        followed[place].log = nil
        if followed[place].wasStarted { try openAgain(place) }
    }

    /// Reads on after a start.
    private func openAgain(_ place: Int) throws {
        var request = request
        request.tail = nil
        request.since = followed[place].next?.description ?? request.since
        try open(place, request)
    }

    /// Shows the first end of a container that has not been shown.
    private func show(_ exit: Exit, of place: Int, on stream: Merger.Stream) {
        let item = LogItem.exit(code: exit.code, isRestarting: exit.isRestarting, time: exit.time)
        merger.append(item, at: exit.time.unixNanoseconds, to: stream, now: .now)
        followed[place].exits.removeFirst()
    }

    private func show(_ item: LogItem, of stream: Merger.Stream) throws {
        if let source = sources[stream] { try screen.show(item, from: source) }
    }

    // MARK: Following

    /// How long the last end is believed to be none, as things are.
    private var grace: Duration {
        if companion?.isStopping == true { return .zero }
        return untold.isEmpty ? Self.grace : Self.patience
    }

    private var isOver: Bool {
        if companion?.isCalledOff == true { return true }
        guard followed.allSatisfy({ $0.log == nil }), merger.count == 0 else { return false }
        if events == nil { return true }
        if let companion {
            if companion.isBusy || companion.wantsLook { return false }
            if !hasRun { return true }
        }
        return hasRun && alive.isEmpty && end.map { $0 + grace <= .now } ?? false
    }

    /// Waits until something was written or has happened, or a line has waited long enough.
    private func wait(where accepts: ([String: String]) -> Bool) throws {
        var waits = followed.map { container in
            pollfd(fd: container.log?.reader.number ?? -1, events: Int16(POLLIN), revents: 0)
        }
        waits.append(pollfd(fd: companion?.news.number ?? -1, events: Int16(POLLIN), revents: 0))
        waits.append(pollfd(fd: eventsNumber, events: Int16(POLLIN), revents: 0))
        let deadlines = [merger.deadline, alive.isEmpty ? end.map { $0 + grace } : nil].compactMap(\.self)
        // With the head of an answer a part of its body may have come.
        let arrived = followed.map { $0.log?.reader.hasArrived ?? false } + [false, events?.hasArrived ?? false]
        var timeout: Int32 = arrived.contains(true) ? 0 : -1
        if timeout < 0, let deadline = deadlines.min() {
            let left = (deadline - .now).components
            // Rounded up, since a wait that ends too early begins again.
            timeout = Int32(clamping: max(0, left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1))
        }
        if poll(&waits, nfds_t(waits.count), timeout) < 0 {
            if errno == EINTR { return }
            throw SystemError("poll", errno)
        }
        companion?.news.clear()
        let isReady = zip(waits, arrived).map { $0.revents != 0 || $1 }
        for place in followed.indices where isReady[place] { try read(place) }
        if isReady[isReady.count - 1] { try readEvents(where: accepts) }
        // Last, since it adds to what was waited for.
        if companion?.takeLook() == true { try lookWhatRuns(where: accepts) }
    }

    /// Finds out what runs when everything was started, of which not all events need have come.
    private func lookWhatRuns(where accepts: ([String: String]) -> Bool) throws {
        let containers = try client.listContainers(showsAll: true, filters).filter { accepts($0.labels) }
        for container in containers where container.state != .created {
            if followed.contains(where: { $0.id == container.id }) { continue }
            guard let place = try add(container, from: nil) else { continue }
            try openAgain(place)
            hasRun = true
            if !container.isAlive { untold.insert(container.id) }
        }
        alive = Set(containers.filter(\.isAlive).map(\.id))
        if !alive.isEmpty { hasRun = true }
        end = alive.isEmpty ? .now : nil
    }

    private var eventsNumber: Int32 {
        // A property of what cannot be copied is read in place.
        switch events {
        case .some(let response): response.number
        case .none: -1
        }
    }

    private func readEvents(where accepts: ([String: String]) -> Bool) throws {
        repeat {
            guard let event = try events?.nextValue(EngineEvent.self) else {
                throw CommandFailure(
                    message: "the engine has ended, the containers run on: use the command again to follow them"
                )
            }
            if accepts(event.actor.attributes) { try handle(event) }
        } while events?.hasArrived == true
    }

    private func handle(_ event: EngineEvent) throws {
        let id = event.actor.id
        if event.baseAction == "die" { return try handleEnd(event) }
        addAlive(id)
        var place = followed.firstIndex { $0.id == id }
        if place == nil {
            var container = ContainerSummary()
            (container.id, container.labels) = (id, event.actor.attributes)
            container.names = ["/" + (event.actor.attributes["name"] ?? "")]
            place = try add(container, from: nil)
        }
        guard let place else { return }
        followed[place].wasStarted = true
        if followed[place].log == nil { try openAgain(place) }
    }

    private func handleEnd(_ event: EngineEvent) throws {
        let id = event.actor.id
        untold.remove(id)
        let found = try inspect(id)
        // By the time that this is asked, the policy may have started it again already.
        let isStarted = found.map { $0.state.startedAt > event.time } ?? false
        let hasPolicy = !["", "no"].contains(found?.hostConfig.restartPolicy.name ?? "")
        let service = event.actor.attributes[ProjectLabel.service] ?? ""
        let isWanted = companion?.isRestart(of: service, at: event.time) == true
        let isRestarting = found?.state.restarting == true || isStarted && hasPolicy || isWanted
        if !isRestarting {
            alive.remove(id)
            if alive.isEmpty { end = .now }
        }
        let code = event.actor.attributes["exitCode"].flatMap { Int($0) } ?? 0
        companion?.exited(service: service, code, isRestarting)
        guard let place = followed.firstIndex(where: { $0.id == id }) else { return }
        followed[place].exits.append(Exit(code: code, isRestarting: isRestarting, time: event.time))
        guard followed[place].log == nil, let exit = followed[place].exits.first else { return }
        let stream = merger.add()
        sources[stream] = followed[place].source
        show(exit, of: place, on: stream)
        merger.end(stream)
    }
}

extension Timestamp {
    /// The time of this machine, which is that of the engine.
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
    }
}
