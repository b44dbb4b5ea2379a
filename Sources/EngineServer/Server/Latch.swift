// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Something that happens once, and tasks that wait for it.
package final class Latch: Sendable {
    private struct State {
        var isOpen = false
        var next = 0
        var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether it has happened.
    package var isOpen: Bool { state.withLock(\.isOpen) }

    /// Lets it happen; again does nothing.
    package func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for task in waiting { task.resume() }
    }

    /// Waits until it has happened; `CancellationError` where the task is cancelled.
    package func wait() async throws {
        let ticket = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (task: CheckedContinuation<Void, any Error>) in
                let outcome: Result<Void, any Error>? = state.withLock { state in
                    if state.isOpen { return .success(()) }
                    // Checked under the lock: a cancellation before it found nobody to tell.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiting[ticket] = task
                    return nil
                }
                if let outcome { task.resume(with: outcome) }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume(throwing: CancellationError())
        }
    }
}
