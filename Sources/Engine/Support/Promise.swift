// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A value that is given once and that any number of tasks may wait for.
final class Promise<Value: Sendable>: Sendable {
    private enum State {
        case open(waiters: [Int: CheckedContinuation<Value, any Error>], next: Int)
        case kept(Value)
    }

    private let state = Mutex(State.open(waiters: [:], next: 0))

    init() {}

    init(_ value: Value) {
        keep(value)
    }

    /// The value, where it has been given.
    var current: Value? {
        state.withLock { if case .kept(let value) = $0 { value } else { nil } }
    }

    /// Gives the value; only the first one counts.
    func keep(_ value: Value) {
        let waiters: [CheckedContinuation<Value, any Error>] = state.withLock { state in
            guard case .open(let waiters, _) = state else { return [] }
            state = .kept(value)
            return Array(waiters.values)
        }
        for waiter in waiters { waiter.resume(returning: value) }
    }

    /// Waits for the value.
    ///
    /// - Throws: `CancellationError`.
    func value() async throws -> Value {
        let id: Int? = state.withLock { state in
            guard case .open(let waiters, let next) = state else { return nil }
            state = .open(waiters: waiters, next: next + 1)
            return next
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in add(continuation, id) }
        } onCancel: {
            remove(id)?.resume(throwing: CancellationError())
        }
    }

    /// Waits for the value, but not for longer than a time.
    ///
    /// - Parameter time: How long to wait; nil for as long as it takes.
    /// - Returns: Nil where the time was over first.
    /// - Throws: `CancellationError`.
    func value(within time: Duration?) async throws -> Value? {
        guard let time else { return try await value() }
        if let current { return current }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await self.value() }
            group.addTask {
                try await Task.sleep(for: time)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    private func add(_ continuation: CheckedContinuation<Value, any Error>, _ id: Int?) {
        let outcome: Result<Value, any Error>? = state.withLock { state in
            switch state {
            case .kept(let value): return .success(value)
            case .open(var waiters, let next):
                // A cancellation before this found no waiter to resume.
                guard let id, !Task.isCancelled else { return .failure(CancellationError()) }
                waiters[id] = continuation
                state = .open(waiters: waiters, next: next)
                return nil
            }
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    private func remove(_ id: Int?) -> CheckedContinuation<Value, any Error>? {
        state.withLock { state in
            guard case .open(var waiters, let next) = state, let id else { return nil }
            let waiter = waiters.removeValue(forKey: id)
            state = .open(waiters: waiters, next: next)
            return waiter
        }
    }
}
