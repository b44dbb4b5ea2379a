// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Remembers what the last bodies of requests stood for: who brings a project up again mostly wants the same as before.
final class BodyMemo<Value: Sendable>: Sendable {
    private static var count: Int { 4 }
    /// In bytes.
    private static var largest: Int { 1 << 20 }

    private let known = Mutex<[(body: [UInt8], value: Value)]>([])

    /// What a body stands for, where it is known.
    subscript(body: [UInt8]) -> Value? { known.withLock { known in known.first { $0.body == body }?.value } }

    /// Notes what a body stands for, and forgets the oldest one where there are many.
    func note(_ value: Value, of body: [UInt8]) {
        if body.count > Self.largest { return }
        known.withLock { known in
            if known.count >= Self.count { known.removeFirst() }
            known.append((body, value))
        }
    }
}
