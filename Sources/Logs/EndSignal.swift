// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Tells everybody who follows a log that nothing more will be written: given once, by whoever knows that the process has
/// ended and that all it wrote is in its log.
package final class EndSignal: Sendable {
    private struct State {
        var isSignalled = false
        var nextToken: UInt64 = 0
        var observers: [UInt64: ChangeSignal] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether the signal was given.
    package var isSignalled: Bool { state.withLock(\.isSignalled) }

    /// Gives the signal; a second time changes nothing.
    package func signal() {
        let observers = state.withLock { state in
            state.isSignalled = true
            return Array(state.observers.values)
        }
        for observer in observers { observer.notify() }
    }

    /// Waits for the signal.
    ///
    /// - Throws: `CancellationError` where the task is cancelled.
    package func wait() async throws {
        let change = ChangeSignal()
        let token = add(change)
        defer { remove(token) }
        while !isSignalled { try await change.wait() }
    }

    /// Notifies somebody at the signal, which may have been given before.
    func add(_ observer: ChangeSignal) -> UInt64 {
        let (token, isSignalled) = state.withLock { state in
            state.nextToken += 1
            state.observers[state.nextToken] = observer
            return (state.nextToken, state.isSignalled)
        }
        if isSignalled { observer.notify() }
        return token
    }

    func remove(_ token: UInt64) {
        _ = state.withLock { $0.observers.removeValue(forKey: token) }
    }
}
