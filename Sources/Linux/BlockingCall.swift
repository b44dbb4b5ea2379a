// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Calls that wait in the kernel, without holding a thread that tasks share.
package enum BlockingCall {
    private final class Job: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Runs a function on a thread that does nothing else meanwhile, and waits for its end.
    ///
    /// The function is not stopped where the task is cancelled.
    ///
    /// - Parameter body: What to run. It leaves the thread as it was: the next function runs there as well.
    /// - Returns: What it returned.
    /// - Throws: What it threw, or the error of pthread_create(3).
    package static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            do throws(SystemError) {
                try SparedThreads.shared.run { continuation.resume(with: Result(catching: body)) }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Runs a function on a thread of its own while the calling thread waits: for what changes the thread itself, such as
    /// its namespaces.
    ///
    /// - Parameter body: What to run.
    /// - Returns: What it returned.
    /// - Throws: What it threw, or the error of pthread_create(3).
    package static func runAndJoin<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let outcome = Mutex<Result<Value, any Error>?>(nil)
        let job = Job { outcome.withLock { $0 = Result(catching: body) } }
        var thread = pthread_t()
        let failure = withExtendedLifetime(job) {
            let failure = pthread_create(
                &thread,
                nil,
                { context in
                    guard let context else { return nil }
                    Unmanaged<Job>.fromOpaque(context).takeUnretainedValue().run()
                    return nil
                },
                Unmanaged.passUnretained(job).toOpaque()
            )
            if failure == 0 { pthread_join(thread, nil) }
            return failure
        }
        guard failure == 0, let result = outcome.withLock(\.self) else { throw SystemError("pthread_create", failure) }
        return try result.get()
    }

    /// Begins to run a function on a thread of its own.
    ///
    /// `SIGPIPE` is blocked on the thread: a reader that has gone is the error `EPIPE` of write(2) there.
    ///
    /// - Parameter body: What to run.
    /// - Returns: What becomes of it.
    /// - Throws: The error of pthread_create(3).
    package static func begin<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) throws(SystemError) -> BlockingResult<Value> {
        let result = BlockingResult<Value>()
        try start {
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            result.finish(Result(catching: body))
        }
        return result
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

/// What becomes of a function that runs on a thread of its own.
package final class BlockingResult<Value: Sendable>: Sendable {
    private enum State {
        case running([CheckedContinuation<Value, any Error>])
        case ended(Result<Value, any Error>)
    }

    private let state = Mutex<State>(.running([]))

    fileprivate init() {}

    /// Waits for the end of the function.
    package var value: Value {
        get async throws {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Value, any Error>? = state.withLock { state in
                    switch state {
                    case .ended(let result): return result
                    case .running(let waiters):
                        state = .running(waiters + [continuation])
                        return nil
                    }
                }
                if let result { continuation.resume(with: result) }
            }
        }
    }

    fileprivate func finish(_ result: Result<Value, any Error>) {
        let waiters: [CheckedContinuation<Value, any Error>] = state.withLock { state in
            defer { state = .ended(result) }
            if case .running(let waiters) = state { return waiters }
            return []
        }
        for waiter in waiters { waiter.resume(with: result) }
    }
}
