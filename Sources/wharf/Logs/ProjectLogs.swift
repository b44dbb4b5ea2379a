// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import Terminal

/// The logs of containers of a project as one, in the order of the times of their lines.
final class ProjectLogs {
    private let client: EngineClient
    private let request: LogRequest
    private var screen: LogScreen
    private var merger: LogMerger<Timestamp, LogItem>
    private var sources: [LogMerger<Timestamp, LogItem>.Stream: LogPresenter.Source] = [:]
    private var followed: [Followed] = []
    /// What happens to the containers; nil where no more of them is wanted.
    private var events: Response?
    /// The containers that run, by their identifiers.
    private var alive: Set<String> = []
    /// Whether a container ran at any time.
    private var hasRun = false
    /// When the run began of each container that was shown last.
    private var begun: [String: Timestamp] = [:]
    /// When each container ended last.
    private var ended: [String: Timestamp] = [:]
    /// When it is known that no container runs any more.
    private var end: ContinuousClock.Instant?
    /// Who starts the containers meanwhile; nil where they are there already.
    private var companion: LogCompanion?

    /// A run of a container whose log is being read.
    private struct Followed {
        var container: String
        var reader: ContainerLogReader
        var stream: LogMerger<Timestamp, LogItem>.Stream
        /// Whether its end is going to be told.
        var hasEnd: Bool
        var exit: (code: Int, isRestarting: Bool, time: Timestamp)?

        /// Whether there is nothing more to come.
        var isComplete: Bool { reader.isAtEnd && (!hasEnd || exit != nil) }
    }

    /// How long a line waits for earlier ones of other containers where logs are followed.
    private static let window = Duration.milliseconds(50)
    /// How long the last end is believed to be none: a container that is restarted has one as well.
    private static let grace = Duration.milliseconds(500)

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
            guard let found = try inspect(container.id) else { continue }
            try open(found, container, request, hasEnd: false)
        }
        while true {
            for stream in merger.starving {
                guard let place = followed.firstIndex(where: { $0.stream == stream }) else { continue }
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
        // First this, so that no container is missed.
        if request.until == nil {
            var values = filters.values
            values["type"] = ["container"]
            values["event"] = ["start", "die"]
            events = try client.events(since: nil, until: nil, Filters(values))
        }
        let containers = try client.listContainers(showsAll: true, filters).filter { accepts($0.labels) }
        screen.add(containers.map(Self.source))
        for container in containers.sorted(by: { $0.name < $1.name }) { try begin(container) }
        while true {
            while let next = merger.next(at: .now) { try show(next.line, of: next.stream) }
            try screen.flush()
            if isOver { return }
            try wait(where: accepts)
        }
    }

    // MARK: Containers

    private static func source(_ container: ContainerSummary) -> LogPresenter.Source {
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

    /// Follows a container that was there first.
    private func begin(_ container: ContainerSummary) throws {
        guard var found = try inspect(container.id) else { return }
        while true {
            let isAlive = found.state.running
            try open(found, container, request, hasEnd: isAlive && events != nil)
            // The log that was opened may belong to a run that began since: then it would be followed twice.
            guard let now = try inspect(container.id), now.state.startedAt != found.state.startedAt else {
                if isAlive { addAlive(container.id) }
                return
            }
            let last = followed.removeLast()
            merger.end(last.stream)
            found = now
        }
    }

    private func open(
        _ found: ContainerInspection,
        _ container: ContainerSummary,
        _ request: LogRequest,
        hasEnd: Bool
    ) throws {
        let reader = try ContainerLogReader(client, of: found.id, hasTerminal: found.config.tty, request)
        let stream = merger.add()
        sources[stream] = Self.source(container)
        begun[found.id] = found.state.startedAt
        followed.append(
            Followed(
                container: found.id,
                reader: reader,
                stream: stream,
                hasEnd: hasEnd
            )
        )
    }

    private func addAlive(_ id: String) {
        alive.insert(id)
        hasRun = true
        end = nil
    }

    private func read(_ place: Int) throws {
        let run = followed[place]
        let lines = try run.reader.read()
        let now = ContinuousClock.now
        for line in lines { merger.append(.line(line), at: line.time, to: run.stream, now: now) }
        finishIfComplete(place)
    }

    /// Ends the stream of a run that is over, with the notice that it exited.
    private func finishIfComplete(_ place: Int) {
        let run = followed[place]
        guard run.isComplete else { return }
        if let exit = run.exit {
            let item = LogItem.exit(code: exit.code, isRestarting: exit.isRestarting, time: exit.time)
            merger.append(item, at: exit.time, to: run.stream, now: .now)
        }
        merger.end(run.stream)
        followed.remove(at: place)
    }

    private func show(_ item: LogItem, of stream: LogMerger<Timestamp, LogItem>.Stream) throws {
        if let source = sources[stream] { try screen.show(item, from: source) }
    }

    // MARK: Following

    /// How long the last end is believed to be none, as things are.
    private var grace: Duration { companion?.isStopping == true ? .zero : Self.grace }

    private var isOver: Bool {
        if companion?.isCalledOff == true { return true }
        guard followed.isEmpty, merger.count == 0 else { return false }
        if events == nil { return true }
        if let companion {
            if companion.isBusy { return false }
            if !hasRun { return true }
        }
        return hasRun && alive.isEmpty && end.map { $0 + grace <= .now } ?? false
    }

    /// Waits until something was written or has happened, or a line has waited long enough.
    private func wait(where accepts: ([String: String]) -> Bool) throws {
        var waits = followed.map { run in
            pollfd(fd: run.reader.isAtEnd ? -1 : run.reader.number, events: Int16(POLLIN), revents: 0)
        }
        waits.append(pollfd(fd: companion?.news.number ?? -1, events: Int16(POLLIN), revents: 0))
        waits.append(pollfd(fd: eventsNumber, events: Int16(POLLIN), revents: 0))
        let deadlines = [merger.deadline, alive.isEmpty ? end.map { $0 + grace } : nil].compactMap(\.self)
        var timeout: Int32 = -1
        if let deadline = deadlines.min() {
            let left = (deadline - .now).components
            // Rounded up, since a wait that ends too early begins again.
            timeout = Int32(clamping: max(0, left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1))
        }
        if poll(&waits, nfds_t(waits.count), timeout) < 0 {
            if errno == EINTR { return }
            throw SystemError("poll", errno)
        }
        companion?.news.clear()
        // From the last one on, since those that are over are taken out.
        for place in followed.indices.reversed() where waits[place].revents != 0 { try read(place) }
        if waits[waits.count - 1].revents != 0 { try readEvents(where: accepts) }
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
        guard let found = try inspect(id), begun[id] != found.state.startedAt else { return }
        var container = ContainerSummary()
        (container.id, container.names, container.labels) = (id, [found.name], found.config.labels ?? [:])
        screen.add([Self.source(container)])
        var request = request
        request.tail = nil
        // From its last end on; of one that was not there before, everything.
        request.since = (ended[id] ?? begun[id].map { _ in found.state.startedAt })?.description
        // One that has ended again is told of by the next event.
        try open(found, container, request, hasEnd: true)
    }

    private func handleEnd(_ event: EngineEvent) throws {
        let id = event.actor.id
        ended[id] = event.time
        let isRestarting = try inspect(id)?.state.restarting ?? false
        if !isRestarting {
            alive.remove(id)
            if alive.isEmpty { end = .now }
        }
        let code = event.actor.attributes["exitCode"].flatMap { Int($0) } ?? 0
        companion?.exited(service: event.actor.attributes[ProjectLabel.service] ?? "", code, isRestarting)
        guard let place = followed.firstIndex(where: { $0.container == id && $0.hasEnd && $0.exit == nil }) else {
            return
        }
        followed[place].exit = (code, isRestarting, event.time)
        finishIfComplete(place)
    }
}
