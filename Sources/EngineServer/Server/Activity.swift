// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Whether anybody wants something of the server, for those who would end it.
package final class Activity: Sendable {
    private struct State {
        var open = 0
        var last = ContinuousClock.now
    }

    private let state = Mutex(State())
    private let ending: AsyncStream<Void>.Continuation

    /// An element after something has ended, one for all since the last that was taken; for one reader.
    package let endings: AsyncStream<Void>

    package init() {
        (endings, ending) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// How many requests, and connections without a first one, are open.
    package var open: Int { state.withLock(\.open) }

    /// How long nothing has been open; nil where something is.
    package var idleTime: Duration? {
        state.withLock { $0.open == 0 ? ContinuousClock.now - $0.last : nil }
    }

    /// One more is open.
    package func begin() { state.withLock { $0.open += 1 } }

    /// One of them has ended.
    package func end() {
        state.withLock { state in
            state.open -= 1
            state.last = ContinuousClock.now
        }
        ending.yield()
    }
}
