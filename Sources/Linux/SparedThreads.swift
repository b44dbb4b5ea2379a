// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Threads that run one job after another, and end when none has come for a moment.
///
/// Calls that wait come in rows: to make a thread for each, with its stack, and to clear both away again takes longer than
/// most of the calls themselves.
final class SparedThreads: Sendable {
    private struct State {
        /// How many threads wait that no job is for.
        var idle = 0
        /// One for each thread that waits and is not idle.
        var jobs: [@Sendable () -> Void] = []
    }

    /// The threads of this process.
    static let shared = SparedThreads(patience: .seconds(1))

    private let state = Mutex(State())
    /// One for each job.
    private let arrivals = Semaphore()
    private let patience: Duration

    /// Makes no thread yet.
    ///
    /// - Parameter patience: How long a thread waits for its next job.
    init(patience: Duration) {
        self.patience = patience
    }

    /// Runs a job on a thread that has nothing to do, or on a new one: at once in either case.
    ///
    /// - Parameter job: What to run. It leaves the thread as it was: no other signal mask, no other namespace.
    /// - Throws: The error of pthread_create(3).
    func run(_ job: @escaping @Sendable () -> Void) throws(SystemError) {
        let isTaken = state.withLock { state in
            if state.idle == 0 { return false }
            state.idle -= 1
            state.jobs.append(job)
            return true
        }
        if isTaken { return arrivals.signal() }
        let first = FirstJob(job)
        try BlockingCall.start { [self] in
            first.take()?()
            while let job = next() { job() }
        }
    }

    /// What a thread is made for, which does not last, with all that belongs to it, as long as the thread.
    private final class FirstJob: Sendable {
        private let job: Mutex<(@Sendable () -> Void)?>

        init(_ job: @escaping @Sendable () -> Void) {
            self.job = Mutex(job)
        }

        func take() -> (@Sendable () -> Void)? {
            job.withLock { job in
                defer { job = nil }
                return job
            }
        }
    }

    /// Waits for a job; nil when none is for this thread.
    private func next() -> (@Sendable () -> Void)? {
        state.withLock { $0.idle += 1 }
        while !arrivals.wait(upTo: patience) {
            let isUnwanted = state.withLock { state in
                if state.idle == 0 { return false }
                state.idle -= 1
                return true
            }
            // Otherwise a job is on its way.
            if isUnwanted { return nil }
        }
        return state.withLock { $0.jobs.removeFirst() }
    }
}
