// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import JSONTree
import Linux
import Store
import Synchronization

/// Tells everybody who listens what happens, and keeps it in the records.
final class EventHub: Sendable {
    private struct State {
        var listeners: [ObjectIdentifier: Listener] = [:]
        /// What was told and is not in the records yet.
        var unwritten: [EventRecord] = []
        /// Whether somebody sees to it that it will be.
        var isAttended = false
    }

    /// How long an event that goes with no change of the records waits for others, to be written together with them.
    private static let patience = Duration.milliseconds(20)

    private let store: Store
    private let background: BackgroundWork
    /// Locked for the whole of a publication, so that all see the same order.
    private let state = Mutex(State())

    init(_ store: Store, _ background: BackgroundWork) {
        (self.store, self.background) = (store, background)
    }

    /// How many listen.
    var listenerCount: Int { state.withLock(\.listeners.count) }

    /// Publishes an event.
    ///
    /// It is in the records a moment later; an engine that is killed meanwhile leaves it out.
    ///
    /// - Parameters:
    ///   - type: `container` and its like.
    ///   - action: What happened.
    ///   - id: To what.
    ///   - attributes: The labels of the object and what the action adds.
    ///   - isKept: Whether those who ask for events of the past are told as well.
    func publish(
        _ type: String,
        _ action: String,
        id: String,
        attributes: [String: String],
        isKept: Bool = true
    ) {
        let isFirst = state.withLock { state in
            if !isKept, state.listeners.isEmpty { return false }
            let event = EngineEvent(
                type,
                action,
                of: EngineEvent.Actor(id: id, attributes: attributes),
                at: .now
            )
            for listener in state.listeners.values { listener.receive(event) }
            guard isKept, let body = try? JSON.encode(event) else { return false }
            state.unwritten.append(EventRecord(time: UnixTime(event.time), body: body))
            defer { state.isAttended = true }
            return !state.isAttended
        }
        if isFirst { background.add { await self.writeSoon() } }
    }

    private func writeSoon() async {
        // The end of the engine writes as well.
        try? await Task.sleep(for: Self.patience)
        _ = try? await BlockingCall.run { self.write() }
    }

    /// Writes down what was told and is not in the records yet.
    func write() {
        state.withLock { state in
            state.isAttended = false
            write(&state)
        }
    }

    private func write(_ state: inout State) {
        if state.unwritten.isEmpty { return }
        let records = state.unwritten
        state.unwritten = []
        // They were told; that they cannot be kept is no reason to fail what they are about.
        try? store.write(.process) { writer in for record in records { try writer.append(record) } }
    }

    /// Publishes an event together with the change of the records that it tells of: either both are kept or neither.
    ///
    /// - Parameters:
    ///   - type: `container` and its like.
    ///   - action: What happened.
    ///   - id: To what.
    ///   - attributes: The labels of the object and what the action adds.
    ///   - durability: What both have to outlive.
    ///   - change: Changes the records.
    /// - Throws: Why nothing was changed, and so nobody was told.
    func publish(
        _ type: String,
        _ action: String,
        id: String,
        attributes: [String: String],
        durability: Store.Durability = .process,
        with change: (StoreWriter) throws -> Void
    ) throws {
        try state.withLock { state in
            let event = EngineEvent(type, action, of: EngineEvent.Actor(id: id, attributes: attributes), at: .now)
            let record = EventRecord(time: UnixTime(event.time), body: try JSON.encode(event))
            try store.write(durability) { writer in
                for earlier in state.unwritten { try writer.append(earlier) }
                try change(writer)
                try writer.append(record)
            }
            state.unwritten = []
            for listener in state.listeners.values { listener.receive(event) }
        }
    }

    /// Events from now on, with those before where that is asked for.
    func events(since: Timestamp?, until: Timestamp?, _ filter: EventFilter) throws -> EventStream {
        let listener = Listener(filter)
        try state.withLock { state in
            if let since {
                write(&state)
                let past = try store.read { try $0.events(since: UnixTime(since), until: until.map(UnixTime.init)) }
                for record in past.records {
                    guard let event = try? JSON.decode(EngineEvent.self, from: record.body) else {
                        continue
                    }
                    listener.receive(event, isPast: true)
                }
            }
            state.listeners[ObjectIdentifier(listener)] = listener
        }
        let subscription = Subscription(hub: self, listener: listener)
        return EventStream { try await subscription.next(until: until) }
    }

    fileprivate func remove(_ listener: Listener) {
        state.withLock { $0.listeners[ObjectIdentifier(listener)] = nil }
    }
}

/// Ends with its last reference: then nobody listens any more.
private final class Subscription: Sendable {
    private let hub: EventHub
    private let listener: Listener

    init(hub: EventHub, listener: Listener) {
        self.hub = hub
        self.listener = listener
    }

    deinit {
        hub.remove(listener)
    }

    func next(until: Timestamp?) async throws -> EngineEvent? {
        guard let until else { return try await listener.next() }
        if let event = listener.take() { return event }
        let left = until.unixNanoseconds - Timestamp.now.unixNanoseconds
        guard left > 0 else { return nil }
        return try await withThrowingTaskGroup(of: EngineEvent?.self) { group in
            group.addTask { try await self.listener.next() }
            group.addTask {
                try await Task.sleep(for: .nanoseconds(left))
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}

/// Somebody who listens: what has come and was not taken yet.
private final class Listener: Sendable {
    private struct State {
        var events: [EngineEvent] = []
        /// The promise of whoever waits for the next one.
        var arrival = Promise<Void>()
        var isOverrun = false
    }

    /// How many events may wait for a listener that does not take them.
    private static let room = 8192

    private let filter: EventFilter
    private let state = Mutex(State())

    init(_ filter: EventFilter) {
        self.filter = filter
    }

    func receive(_ event: EngineEvent, isPast: Bool = false) {
        guard filter.accepts(event) else { return }
        state.withLock { state in
            if state.events.count >= Self.room, !isPast {
                state.isOverrun = true
            } else if !state.isOverrun {
                state.events.append(event)
            }
            state.arrival.keep(())
        }
    }

    func take() -> EngineEvent? {
        state.withLock { state in
            if state.events.isEmpty {
                if state.arrival.current != nil, !state.isOverrun { state.arrival = Promise() }
                return nil
            }
            return state.events.removeFirst()
        }
    }

    func next() async throws -> EngineEvent? {
        while true {
            if let event = take() { return event }
            let (arrival, isOverrun) = state.withLock { ($0.arrival, $0.isOverrun) }
            if isOverrun {
                throw EngineError(.failed, "the listener did not take \(Self.room) events in time; listen again")
            }
            try await arrival.value()
        }
    }
}
