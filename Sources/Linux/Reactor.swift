// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Synchronization

/// Waits for descriptors in tasks, with one thread for all of them (epoll(7)).
///
/// A task that waits here holds no thread. A descriptor may have one task for each interest; it must stay open until all
/// of them have gone on.
package final class Reactor: Sendable {
    /// The one of this process.
    package static let shared = Reactor()

    /// What a task waits for.
    package enum Interest: Sendable {
        /// Something to read, or the end.
        case readable
        /// Room to write, or that nobody reads any more.
        case writable
        /// A change of a file of the kernel that tells of changes, such as `memory.events` (`POLLPRI` of poll(2)).
        case exceptional
        /// That the other end has gone altogether, not only one of its directions (`EPOLLHUP`).
        case hangup
    }

    private typealias Waiter = CheckedContinuation<Void, any Error>

    /// The tasks that wait for a descriptor.
    private struct Waiters {
        var readable: Waiter?
        var writable: Waiter?
        var exceptional: Waiter?
        var hangup: Waiter?

        private static func place(of interest: Interest) -> WritableKeyPath<Self, Waiter?> {
            switch interest {
            case .readable: \.readable
            case .writable: \.writable
            case .exceptional: \.exceptional
            case .hangup: \.hangup
            }
        }

        subscript(interest: Interest) -> Waiter? {
            get { self[keyPath: Self.place(of: interest)] }
            set { self[keyPath: Self.place(of: interest)] = newValue }
        }

        var isEmpty: Bool { readable == nil && writable == nil && exceptional == nil && hangup == nil }

        var events: UInt32 {
            (readable == nil ? 0 : Reactor.input) | (writable == nil ? 0 : Reactor.output)
                | (exceptional == nil ? 0 : Reactor.priority) | Reactor.once
        }

        /// Takes out the tasks that an event is for.
        mutating func take(_ events: UInt32) -> [Waiter] {
            var ready: [Waiter] = []
            // Failure and hangup are told unasked (epoll_ctl(2)).
            let wanted = [
                (Reactor.input, Interest.readable), (Reactor.output, .writable), (Reactor.priority, .exceptional),
                (0, .hangup),
            ]
            for (event, interest) in wanted where events & (event | Reactor.failure) != 0 {
                if let waiter = self[interest].take() { ready.append(waiter) }
            }
            return ready
        }
    }

    // EPOLLIN | EPOLLRDHUP, EPOLLOUT, EPOLLPRI, EPOLLONESHOT, EPOLLERR | EPOLLHUP.
    private static let input: UInt32 = 0x2001
    private static let output: UInt32 = 0x4
    private static let priority: UInt32 = 0x2
    private static let once: UInt32 = 1 << 30
    private static let failure: UInt32 = 0x18

    private let epoll: Int32
    private let waiters = Mutex<[Int32: Waiters]>([:])

    private init() {
        epoll = clinux_epoll_create()
        precondition(epoll >= 0, "a process can have an epoll instance")
        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Reactor>.fromOpaque(context).takeUnretainedValue().run()
                return nil
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
        precondition(result == 0, "a process can have a second thread")
        pthread_detach(thread)
    }

    /// Waits until a descriptor is ready.
    ///
    /// - Parameters:
    ///   - number: The descriptor, borrowed until the call returns. A regular file is always ready.
    ///   - interest: What to wait for.
    /// - Throws: `CancellationError` where the task is cancelled, or the error of epoll_ctl(2).
    package func wait(for number: Int32, _ interest: Interest) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { add($0, number, interest) }
        } onCancel: {
            let waiter = waiters.withLock { $0[number]?[interest].take() }
            waiter?.resume(throwing: CancellationError())
        }
    }

    private func add(_ waiter: Waiter, _ number: Int32, _ interest: Interest) {
        /// What becomes of the task: nil where it waits.
        let outcome: Result<Void, any Error>? = waiters.withLock { table in
            // Checked under the lock: a cancellation before it found no waiter to resume.
            if Task.isCancelled { return .failure(CancellationError()) }
            var entry = table[number] ?? Waiters()
            precondition(entry[interest] == nil, "one task at a time waits for the same of a descriptor")
            entry[interest] = waiter
            // An entry may be left over of a task that was cancelled, or of a closed descriptor with the same number.
            var result = clinux_epoll_add(epoll, number, entry.events, UInt64(number))
            if result == -EEXIST { result = clinux_epoll_change(epoll, number, entry.events, UInt64(number)) }
            // Regular files cannot be watched, because they are always ready.
            if result == -EPERM { return .success(()) }
            if result < 0 { return .failure(SystemError("epoll_ctl", -result, on: "descriptor \(number)")) }
            table[number] = entry
            return nil
        }
        if let outcome { waiter.resume(with: outcome) }
    }

    private func run() {
        let capacity = 64
        let events = UnsafeMutablePointer<clinux_event>.allocate(capacity: capacity)
        while true {
            let count = clinux_epoll_wait(epoll, events, Int32(capacity), -1)
            for index in 0..<max(0, Int(count)) { deliver(events[index]) }
        }
    }

    private func deliver(_ event: clinux_event) {
        let number = Int32(truncatingIfNeeded: event.token)
        var ready: [Waiter] = []
        waiters.withLock { table in
            guard var entry = table[number] else {
                _ = clinux_epoll_remove(epoll, number)
                return
            }
            ready = entry.take(event.events)
            if entry.isEmpty {
                table[number] = nil
                _ = clinux_epoll_remove(epoll, number)
            } else {
                table[number] = entry
                _ = clinux_epoll_change(epoll, number, entry.events, event.token)
            }
        }
        for waiter in ready { waiter.resume() }
    }
}
