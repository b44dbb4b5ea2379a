// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import Synchronization
import Terminal

/// `wharf watch`: brings a project up, and watches until the user has enough.
struct StandaloneWatch {
    let client: EngineClient
    let wanted: WantedProject
    let paths: [WatchedPath]
    let screen: WatchScreen
    let global: GlobalOptions
    /// What the engine is asked for at first; nil for nothing.
    let request: ProjectUpRequest?
    /// Builds images anew.
    let rebuild: ServiceRebuild

    /// What the thread that works has come to.
    private final class Outcome: Sendable {
        let ended: WakeUp
        private let failure = Mutex<CommandFailure?>(nil)

        init() throws { ended = try WakeUp() }

        func end(_ failure: CommandFailure?) {
            self.failure.withLock { $0 = failure }
            ended.signal()
        }

        func get() throws {
            if let failure = failure.withLock(\.self) { throw failure }
        }
    }

    /// Runs until a signal comes or something failed.
    ///
    /// - Throws: ``CommandFailure``, after a signal with the status that Docker Compose has then.
    func run() throws {
        // Before any thread, which would get the signals otherwise.
        let signals = try SignalWatch([SIGINT, SIGTERM, SIGHUP])
        let session = try WatchSession(client, wanted.project, paths, on: screen, rebuild)
        let (connection, outcome) = (WorkConnection(), try Outcome())
        let work = try ProjectWork(global, title: "Running", environment: wanted.environment)
        let (client, request) = (client, request)
        try BlockingCall.start {
            do {
                if let request {
                    let response = try client.bringUp(request)
                    connection.open(response.number)
                    defer { connection.forget() }
                    try work.follow(response)
                }
                try session.run()
                outcome.end(nil)
            } catch {
                outcome.end(CommandFailure(of: error, isRun: false))
            }
        }
        var isSignalled = false
        while true {
            var waits = [
                pollfd(fd: signals.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: outcome.ended.number, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&waits, nfds_t(waits.count), -1) < 0, errno != EINTR { throw SystemError("poll", errno) }
            while try signals.next() != nil {
                // What is under way is brought to its end, unless the user insists.
                if isSignalled { throw CommandFailure(code: 130) }
                isSignalled = true
                connection.close()
                session.stop()
            }
            if waits[1].revents != 0 { break }
        }
        if isSignalled { throw CommandFailure(code: 130) }
        try outcome.get()
    }
}
