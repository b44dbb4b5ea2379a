// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Linux

@Suite struct `Spared threads` {
    /// The threads that jobs ran on, in order, by their names below `/proc`.
    private final class Runs: Sendable {
        let threads = Mutex<[String]>([])
        let ends = Semaphore()

        func add() {
            var name = [UInt8](repeating: 0, count: 64)
            let length = readlink("/proc/thread-self", &name, name.count)
            threads.withLock { $0.append(String(decoding: name.prefix(max(0, length)), as: UTF8.self)) }
            ends.signal()
        }
    }

    /// Whether a thread sleeps.
    private func sleeps(_ thread: String) throws -> Bool {
        try readText("/proc/\(thread)/stat").contains(") S ")
    }

    @Test func `one job after the other runs on the same thread`() throws {
        let threads = SparedThreads(patience: .seconds(60))
        let runs = Runs()
        for number in 0..<20 {
            try threads.run { runs.add() }
            runs.ends.wait()
            let thread = runs.threads.withLock { $0[number] }
            // It waits for the next job then.
            #expect(try waitUntil { try sleeps(thread) })
        }
        #expect(Set(runs.threads.withLock(\.self)).count == 1)
    }

    @Test func `what belongs to a job goes with it, and not with the thread`() throws {
        final class Belonging: Sendable {
            let isGone: Linux.Semaphore

            init(_ isGone: Linux.Semaphore) {
                self.isGone = isGone
            }

            deinit { isGone.signal() }
        }
        let threads = SparedThreads(patience: .seconds(60))
        let isGone = Linux.Semaphore()
        func run(_ belonging: Belonging) throws {
            try threads.run { withExtendedLifetime(belonging) {} }
        }
        // The job that a thread is made for, and some that it goes on with.
        for _ in 0..<20 { try run(Belonging(isGone)) }
        for _ in 0..<20 { #expect(isGone.wait(upTo: .seconds(30))) }
    }

    @Test func `a job does not wait for one that is under way`() throws {
        let threads = SparedThreads(patience: .milliseconds(1))
        let (runs, released) = (Runs(), Semaphore())
        for _ in 0..<50 {
            try threads.run {
                runs.add()
                released.wait()
            }
        }
        for _ in 0..<50 { runs.ends.wait() }
        #expect(Set(runs.threads.withLock(\.self)).count == 50)
        for _ in 0..<50 { released.signal() }
    }

    @Test func `a thread that nobody needs ends`() throws {
        let threads = SparedThreads(patience: .zero)
        let runs = Runs()
        try threads.run { runs.add() }
        runs.ends.wait()
        let thread = runs.threads.withLock { $0[0] }
        #expect(try waitUntil { access("/proc/\(thread)", F_OK) != 0 })
    }

    @Test func `no job is lost between threads that end and threads that begin`() throws {
        let threads = SparedThreads(patience: .microseconds(20))
        let runs = Runs()
        for _ in 0..<2_000 {
            try threads.run { runs.add() }
            if Bool.random() { sched_yield() }
        }
        for _ in 0..<2_000 { runs.ends.wait() }
        #expect(runs.threads.withLock(\.count) == 2_000)
    }
}
