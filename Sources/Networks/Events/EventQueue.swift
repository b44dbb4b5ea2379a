// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux

/// What one thread waits for (epoll(7)).
struct EventQueue: ~Copyable, Sendable {
    private let descriptor: Descriptor

    static let readable: UInt32 = 1
    static let writable: UInt32 = 4

    init() throws(SystemError) {
        descriptor = Descriptor(owning: try SystemError.check(clinux_epoll_create(), "epoll_create1"))
    }

    /// Waits for a descriptor; the token comes back with its events.
    borrowing func add(
        _ number: Int32,
        _ events: UInt32 = readable,
        token: UInt64
    ) throws(SystemError) {
        try SystemError.check(clinux_epoll_add(descriptor.number, number, events, token), "epoll_ctl")
    }

    /// Waits for something else.
    borrowing func change(_ number: Int32, _ events: UInt32, token: UInt64) {
        clinux_epoll_change(descriptor.number, number, events, token)
    }

    /// Waits for it no longer; closing it does the same.
    borrowing func remove(_ number: Int32) {
        clinux_epoll_remove(descriptor.number, number)
    }

    /// The tokens of what has happened, in turn for those that always have something.
    ///
    /// - Parameter timeout: How many milliseconds to wait; -1 for as long as it takes.
    /// - Returns: The tokens, none where the time is over.
    borrowing func wait(_ timeout: Int32) -> [UInt64] {
        var events = [clinux_event](repeating: clinux_event(), count: 64)
        let count = clinux_epoll_wait(descriptor.number, &events, Int32(events.count), timeout)
        return events.prefix(Int(max(0, count))).map(\.token)
    }
}

/// A queue that goes to the thread which waits on it.
final class SharedEventQueue: Sendable {
    let queue: EventQueue

    init(_ queue: consuming EventQueue) {
        self.queue = queue
    }
}
