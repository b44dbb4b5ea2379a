// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Synchronization

/// Builds side by side, each behind those that it needs; the first failure ends all.
final class ParallelBuilds: Sendable {
    /// One of them.
    struct Job: Sendable {
        var name: String
        /// Those that have to be done before.
        var needs: Set<String>
        /// Builds; the connection is what it ends with.
        var run: @Sendable (WorkConnection) throws -> BuildEvent.Image
    }

    private struct State {
        var isEnded = false
        var connections: [String: WorkConnection] = [:]
        var ended: [(name: String, result: Result<BuildEvent.Image, any Error>)] = []
    }

    private let state = Mutex(State())
    private let news: WakeUp

    /// - Throws: The error of eventfd(2).
    init() throws {
        news = try WakeUp()
    }

    /// Ends what is under way, and begins nothing more.
    func end() {
        let connections = state.withLock { state in
            state.isEnded = true
            return state.connections.values.map(\.self)
        }
        for connection in connections { connection.close() }
    }

    /// Does all of them.
    ///
    /// - Parameters:
    ///   - jobs: The builds; those that are needed stand before the others.
    ///   - width: How many go on at a time.
    ///   - onCancel: Hears of those that were ended since another one has failed.
    /// - Returns: The images in the order of the builds.
    /// - Throws: The failure of the first one that has failed, or the error of pthread_create(3).
    func run(_ jobs: [Job], width: Int, onCancel: (String) -> Void) throws -> [BuildEvent.Image] {
        var images: [String: BuildEvent.Image] = [:]
        var (waiting, running) = (jobs, Set<String>())
        var failure: (any Error)?
        while true {
            while failure == nil, running.count < width,
                let index = waiting.firstIndex(where: { $0.needs.allSatisfy { images[$0] != nil } })
            {
                let job = waiting.remove(at: index)
                running.insert(job.name)
                do {
                    try start(job)
                } catch {
                    running.remove(job.name)
                    (failure, waiting) = (error, [])
                    end()
                }
            }
            if running.isEmpty { break }
            for (name, result) in try next() {
                running.remove(name)
                switch result {
                case .success(let image): images[name] = image
                case .failure where failure != nil: onCancel(name)
                case .failure(let error):
                    (failure, waiting) = (error, [])
                    end()
                }
            }
        }
        if let failure { throw failure }
        return jobs.compactMap { images[$0.name] }
    }

    private func start(_ job: Job) throws {
        let connection = WorkConnection()
        let isEnded = state.withLock { state in
            state.connections[job.name] = connection
            return state.isEnded
        }
        if isEnded { connection.close() }
        try BlockingCall.start { [self] in
            let result = Result { try job.run(connection) }
            state.withLock { state in
                state.connections[job.name] = nil
                state.ended.append((job.name, result))
            }
            news.signal()
        }
    }

    /// Waits for the end of builds.
    private func next() throws -> [(name: String, result: Result<BuildEvent.Image, any Error>)] {
        while true {
            var wait = pollfd(fd: news.number, events: Int16(POLLIN), revents: 0)
            if poll(&wait, 1, -1) < 0, errno != EINTR { throw SystemError("poll", errno) }
            news.clear()
            let ended = state.withLock { state in
                defer { state.ended = [] }
                return state.ended
            }
            if !ended.isEmpty { return ended }
        }
    }
}
