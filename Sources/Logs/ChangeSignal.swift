// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Tells one task that there is something to look at; what comes while it does not wait is not lost.
final class ChangeSignal: Sendable {
    private struct State {
        var isChanged = false
        var waiter: CheckedContinuation<Void, any Error>?
    }

    private let state = Mutex(State())

    /// Says that there is something to look at.
    func notify() {
        let waiter = state.withLock { state in
            let waiter = state.waiter.take()
            state.isChanged = waiter == nil
            return waiter
        }
        waiter?.resume()
    }

    /// Waits until something has been said since the last return.
    ///
    /// - Throws: `CancellationError` where the task is cancelled.
    func wait() async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { add($0) }
        } onCancel: {
            state.withLock { $0.waiter.take() }?.resume(throwing: CancellationError())
        }
    }

    private func add(_ waiter: CheckedContinuation<Void, any Error>) {
        let outcome: Result<Void, any Error>? = state.withLock { state in
            // Under the lock: a cancellation before this found no waiter.
            if Task.isCancelled { return .failure(CancellationError()) }
            if state.isChanged {
                state.isChanged = false
                return .success(())
            }
            precondition(state.waiter == nil, "one task at a time waits for changes")
            state.waiter = waiter
            return nil
        }
        if let outcome { waiter.resume(with: outcome) }
    }
}
