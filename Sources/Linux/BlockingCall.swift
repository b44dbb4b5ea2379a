// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Calls that wait in the kernel, without holding a thread that tasks share.
package enum BlockingCall {
    private final class Job: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Runs a function on a thread of its own and waits for its end.
    ///
    /// The function is not stopped where the task is cancelled.
    ///
    /// - Parameter body: What to run.
    /// - Returns: What it returned.
    /// - Throws: What it threw, or the error of pthread_create(3).
    package static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            do throws(SystemError) {
                try start { continuation.resume(with: Result(catching: body)) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Runs a function on a thread of its own, which ends with it.
    ///
    /// - Parameter body: What to run; whoever starts it sees to its end.
    /// - Throws: The error of pthread_create(3).
    package static func start(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Job(body))
        let result = pthread_create(
            &thread,
            &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<Job>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            context.toOpaque()
        )
        if result == 0 { return }
        context.release()
        throw SystemError("pthread_create", result)
    }
}
