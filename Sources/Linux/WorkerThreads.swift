// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Threads for a program without tasks: each does one thing, and all have ended when the call returns.
package enum WorkerThreads {
    private final class Job: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    private final class Results<Value: Sendable>: Sendable {
        let values: Mutex<[Value?]>

        init(_ count: Int) {
            values = Mutex(Array(repeating: nil, count: count))
        }
    }

    /// What a function gives for each item, with a thread for each.
    ///
    /// - Parameters:
    ///   - items: The items, which should be few.
    ///   - body: The function; it may block.
    /// - Returns: The results in the order of the items.
    /// - Throws: The error of pthread_create(3); what was begun has ended by then.
    package static func map<Item: Sendable, Value: Sendable>(
        _ items: [Item],
        _ body: @escaping @Sendable (Item) -> Value
    ) throws(SystemError) -> [Value] {
        let results = Results<Value>(items.count)
        var threads: [pthread_t] = []
        var failure: SystemError?
        for (index, item) in items.enumerated() {
            let job = Job {
                let value = body(item)
                results.values.withLock { $0[index] = value }
            }
            var thread = pthread_t()
            let context = Unmanaged.passRetained(job)
            let result = pthread_create(
                &thread,
                nil,
                { context in
                    guard let context else { return nil }
                    Unmanaged<Job>.fromOpaque(context).takeRetainedValue().run()
                    return nil
                },
                context.toOpaque()
            )
            guard result == 0 else {
                context.release()
                failure = SystemError("pthread_create", result)
                break
            }
            threads.append(thread)
        }
        for thread in threads { pthread_join(thread, nil) }
        if let failure { throw failure }
        return results.values.withLock { $0.compactMap(\.self) }
    }
}
