// SPDX-License-Identifier: Apache-2.0

import Linux
import Runtime
import Synchronization

/// The programs that builds run: they have no record, so that an engine that takes over ends them.
final class BuildProcesses: Sendable {
    /// One of them.
    actor Entry: HandedOver {
        /// Kept at its end.
        nonisolated let end = Promise<ProcessNews>()
        /// Kept with it, for whoever reads its output.
        nonisolated let status = Promise<Int32>()
        private var process: RunningProcess?

        /// Notes that it runs.
        func began(_ process: RunningProcess) { self.process = process }

        func hand(to supervisor: any Supervisor) async {
            guard let process else { return }
            _ = try? await BlockingCall.run { try process.hand(to: supervisor, nil) }
        }
    }

    private let entries = Mutex<[String: Entry]>([:])

    /// What the name of each of them begins with; no container has such a name.
    static let prefix = "build-"

    /// All of them.
    var all: [Entry] { entries.withLock { Array($0.values) } }

    /// Adds one before it is launched.
    ///
    /// - Parameter name: What the supervisor is to call it.
    /// - Returns: Where its end is told.
    func add(_ name: String) -> Entry {
        let entry = Entry()
        entries.withLock { $0[name] = entry }
        return entry
    }

    /// Forgets one.
    func remove(_ name: String) { entries.withLock { $0[name] = nil } }

    /// Tells of an end.
    ///
    /// - Parameter news: What the supervisor tells.
    /// - Returns: Whether it is about one of them.
    func tell(_ news: ProcessNews) -> Bool {
        guard let entry = entries.withLock({ $0[news.name] }) else { return false }
        entry.end.keep(news)
        entry.status.keep(news.end?.status ?? ContainerUnit.unknownStatus)
        return true
    }
}
