// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// The connection on which the engine works for this command: it ends its work when that is closed.
final class WorkConnection: Sendable {
    private struct State {
        var number: Int32 = -1
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Takes note of the connection, which is closed at once where nobody wants the work any more.
    func open(_ descriptor: Int32) {
        state.withLock { state in
            state.number = descriptor
            if state.isClosed { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// Forgets the connection, whose number may belong to another one soon.
    func forget() { state.withLock { $0.number = -1 } }

    /// Ends the work.
    func close() {
        state.withLock { state in
            state.isClosed = true
            if state.number >= 0 { shutdown(state.number, Int32(SHUT_RDWR)) }
        }
    }
}
