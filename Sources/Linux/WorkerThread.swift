// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A thread that runs one function after another, and lasts as long as somebody refers to it.
///
/// Some things belong to a thread and end with it, such as the parent death signal of what it has cloned (prctl(2)).
package final class WorkerThread: Sendable {
    /// What the thread itself refers to.
    private final class Queue: Sendable {
        let jobs = Mutex<[@Sendable () -> Void]>([])
        /// One for each job, and one more at the end.
        let arrivals = Semaphore()

        func run() {
            while true {
                arrivals.wait()
                guard let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return }
                job()
            }
        }
    }

    private let queue = Queue()

    /// Starts the thread.
    ///
    /// - Throws: The error of pthread_create(3).
    package init() throws(SystemError) {
        let queue = queue
        try BlockingCall.start { queue.run() }
    }

    deinit { queue.arrivals.signal() }

    /// Has the thread run a function, and waits for its result.
    ///
    /// - Parameter body: What to run, not for long: the caller's thread waits.
    /// - Returns: What it returned.
    package func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value {
        let result = Box<Value>()
        queue.jobs.withLock { jobs in
            jobs.append {
                let value = body()
                result.value.withLock { $0 = value }
                result.isThere.signal()
            }
        }
        queue.arrivals.signal()
        result.isThere.wait()
        guard let value = result.value.withLock({ $0 }) else { preconditionFailure("a job has a result at its end") }
        return value
    }

    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
        let isThere = Semaphore()
    }
}
