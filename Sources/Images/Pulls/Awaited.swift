// SPDX-License-Identifier: Apache-2.0

import Linux
import Synchronization

/// A value that threads wait for.
final class Awaited<Value: Sendable>: Sendable {
    private let content = Mutex<Value?>(nil)
    private let arrival = Semaphore()

    /// The value, when it is there.
    var value: Value {
        arrival.wait()
        // For the next one who waits.
        arrival.signal()
        guard let value = content.withLock(\.self) else { preconditionFailure("what has come is there") }
        return value
    }

    /// Lets it be there; only the first one counts.
    func come(_ value: Value) {
        let isFirst = content.withLock { content in
            if content != nil { return false }
            content = .some(value)
            return true
        }
        if isFirst { arrival.signal() }
    }
}
