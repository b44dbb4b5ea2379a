// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux

/// Gives the pieces of a log to one task, which waits without holding a thread until there are more.
///
/// Segments that are still to be read are not removed while it is behind, within bounds (`keeper_protocol.h`); what is
/// missing all the same is told by ``LogPiece/droppedBefore``.
package actor LogFollower {
    private var reader: LogReader
    private let query: LogQuery
    private let changes: Changes?
    private let end: EndSignal

    /// Opens a log: what is written from now on is not missed.
    ///
    /// - Parameters:
    ///   - directory: The log's directory.
    ///   - query: What is wanted of it.
    ///   - end: Is signalled when nothing more will be written.
    /// - Throws: Why it cannot be read.
    package init(
        _ directory: borrowing Descriptor,
        _ query: LogQuery,
        until end: EndSignal
    ) throws(LogError) {
        // Before the first look, so that no change is missed between them.
        do throws(SystemError) {
            changes = query.follows ? try Changes(of: directory, end) : nil
        } catch {
            throw .unreadable(error)
        }
        reader = try LogReader(directory, query)
        self.query = query
        self.end = end
    }

    /// The next piece.
    ///
    /// - Returns: Nil where there will be no more: the process has ended, the query's last time has come, or the log is not
    ///   followed and read to its end.
    /// - Throws: What made the log unreadable, or `CancellationError`.
    package func next() async throws -> LogPiece? {
        while true {
            // Before the look: what was written before the end is seen by it.
            let isEnd = changes == nil || end.isSignalled
            let isLate = Self.isPast(query.until)
            if let piece = try reader.next(isEnd: isEnd) { return piece }
            if isEnd || isLate || reader.isFinished { return nil }
            try await changes?.wait(until: query.until)
        }
    }

    private static func isPast(_ time: UInt64?) -> Bool {
        guard let time else { return false }
        return now() > time
    }

    /// The time in nanoseconds since 1970, as the index of a log has it.
    fileprivate static func now() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return UInt64(max(0, now.tv_sec)) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    /// News of writes and of the end, until nobody refers to it any more.
    private final class Changes: Sendable {
        private let signal = ChangeSignal()
        private let source: LogChanges
        private let subscription: LogChanges.Subscription
        private let end: EndSignal
        private let token: UInt64

        init(of directory: borrowing Descriptor, _ end: EndSignal) throws(SystemError) {
            source = try LogChanges.ofProcess()
            subscription = try source.subscribe(signal, to: directory)
            self.end = end
            token = end.add(signal)
        }

        deinit {
            source.unsubscribe(subscription)
            end.remove(token)
        }

        /// Waits for the next news, or for a time after which none is wanted.
        func wait(until time: UInt64?) async throws {
            guard let time else { return try await signal.wait() }
            let now = LogFollower.now()
            if now > time { return }
            let rest = Duration.nanoseconds(min(time - now, UInt64(Int64.max) - 1) + 1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.signal.wait() }
                group.addTask { try await Task.sleep(for: rest) }
                try await group.next()
                group.cancelAll()
            }
        }
    }
}
