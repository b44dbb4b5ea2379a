// SPDX-License-Identifier: Apache-2.0

/// What the engine does without anybody waiting for it: each job is a child of the one task that runs them all.
final class BackgroundWork: Sendable {
    typealias Job = @Sendable () async -> Void

    private let jobs: AsyncStream<Job>
    private let adder: AsyncStream<Job>.Continuation

    init() {
        (jobs, adder) = AsyncStream.makeStream()
    }

    /// Adds a job, which starts when the work runs.
    func add(_ job: @escaping Job) {
        adder.yield(job)
    }

    /// Runs jobs until the work is ended; those that run then are waited for, after they were cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs { group.addTask { await job() } }
            group.cancelAll()
        }
    }

    /// Ends the work.
    func end() {
        adder.finish()
    }
}
