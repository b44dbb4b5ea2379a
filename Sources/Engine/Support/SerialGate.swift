// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Lets one task at a time through, or another number of them, in the order in which they came.
///
/// An actor alone does not do that: at each `await` it takes up other work.
final class SerialGate: Sendable {
    private struct State {
        /// How many may still go through.
        var free: Int
        var waiters: [(id: Int, continuation: CheckedContinuation<Void, any Error>)] = []
        var next = 0
    }

    private let state: Mutex<State>

    /// - Parameter width: How many tasks are let through at a time.
    init(width: Int = 1) {
        state = Mutex(State(free: width))
    }

    /// Runs a function in its turn.
    ///
    /// - Parameter body: The function; it must not come to this gate again.
    /// - Returns: What it returns.
    /// - Throws: What it throws, or `CancellationError` where the task was cancelled before its turn.
    func run<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async throws {
        let id: Int? = state.withLock { state in
            if state.free > 0 {
                state.free -= 1
                return nil
            }
            state.next += 1
            return state.next
        }
        guard let id else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in add(continuation, id) }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0).continuation }
            }
            waiter?.resume(throwing: CancellationError())
        }
    }

    private func add(_ continuation: CheckedContinuation<Void, any Error>, _ id: Int) {
        let outcome: Result<Void, any Error>? = state.withLock { state in
            if Task.isCancelled { return .failure(CancellationError()) }
            guard state.free == 0 else {
                state.free -= 1
                return .success(())
            }
            state.waiters.append((id, continuation))
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            if state.waiters.isEmpty {
                state.free += 1
                return nil
            }
            return state.waiters.removeFirst().continuation
        }
        next?.resume()
    }
}
