// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux

/// Reads a log: both streams in the order of time.
///
/// A line is never torn by one of the other stream, as far as it has arrived.
package struct LogReader: ~Copyable {
    private let query: LogQuery
    private var output: LogStreamReader
    private var error: LogStreamReader
    private var waiting: (output: LogPiece?, error: LogPiece?)
    /// Which streams had no more at the last look, and the bytes given out since then.
    private var isDry = (output: true, error: true)
    private var taken = 0
    /// Lines that are before the wanted tail.
    private var skipped = 0
    /// The stream whose line is not complete.
    private var open: LogStream?
    private let changes: LogChanges?
    /// Whether everything up to the query's last time has been given out.
    package private(set) var isFinished = false

    /// After how many bytes of one stream the other is looked at again.
    private static let patience = 1 << 16

    /// Opens a log.
    ///
    /// - Parameters:
    ///   - directory: The log's directory.
    ///   - query: What is wanted of it.
    /// - Throws: Why it cannot be read.
    package init(_ directory: borrowing Descriptor, _ query: LogQuery) throws(LogError) {
        do {
            self.query = query
            // Before the first look, so that no change is missed between them.
            let changes = query.follows ? try LogChanges(of: directory) : nil
            var output = try LogStreamReader(.standardOutput, in: directory)
            var error = try LogStreamReader(.standardError, in: directory)
            var skipped = 0
            if let tail = query.tail {
                var lines = 0
                if query.streams.contains(.standardOutput) { lines += try output.seek(tail: tail) }
                if query.streams.contains(.standardError) { lines += try error.seek(tail: tail) }
                skipped = max(0, lines - tail)
            } else if let since = query.since {
                try output.seek(since: since)
                try error.seek(since: since)
            }
            self.output = consume output
            self.error = consume error
            self.skipped = skipped
            self.changes = consume changes
        } catch {
            throw .unreadable(error)
        }
    }

    /// The next piece that is wanted.
    ///
    /// - Parameter isEnd: Whether nothing more will be written.
    /// - Returns: Nil where there is none, or none yet.
    /// - Throws: What made the log unreadable.
    package mutating func next(isEnd: Bool) throws(LogError) -> LogPiece? {
        while !isFinished, let piece = try nextOfAll(isEnd: isEnd) {
            if skipped > 0 {
                if piece.endsLine { skipped -= 1 }
                continue
            }
            if let since = query.since, piece.time < since { continue }
            isFinished = query.until.map { piece.time > $0 } ?? false
            return isFinished ? nil : piece
        }
        return nil
    }

    /// Waits until something was written since the last look, or until another descriptor is readable.
    ///
    /// - Parameter other: A descriptor that ends the wait, such as one that tells of the end of the process.
    /// - Throws: What made the wait fail.
    package func wait(or other: Int32) throws(LogError) {
        do {
            try changes?.wait(or: other)
        } catch {
            throw .unreadable(error)
        }
    }

    private mutating func nextOfAll(isEnd: Bool) throws(LogError) -> LogPiece? {
        do {
            // A stream that had no more is asked again only now and then: that costs more than a piece of the other.
            if taken >= Self.patience { lookAgain() }
            try fill(isEnd: isEnd)
            if waiting.output == nil, waiting.error == nil {
                lookAgain()
                try fill(isEnd: isEnd)
            }
        } catch {
            throw .unreadable(error)
        }
        let piece = take()
        taken += piece?.bytes.count ?? 0
        open = piece.map { $0.endsLine ? nil : $0.stream } ?? open
        return piece
    }

    private mutating func lookAgain() {
        taken = 0
        isDry = (!query.streams.contains(.standardOutput), !query.streams.contains(.standardError))
    }

    private mutating func fill(isEnd: Bool) throws(SystemError) {
        if waiting.output == nil, !isDry.output {
            waiting.output = try output.next(isEnd: isEnd)
            isDry.output = waiting.output == nil
        }
        if waiting.error == nil, !isDry.error {
            waiting.error = try error.next(isEnd: isEnd)
            isDry.error = waiting.error == nil
        }
    }

    private mutating func take() -> LogPiece? {
        guard let first = waiting.output else { return waiting.error.take() }
        guard let second = waiting.error else { return waiting.output.take() }
        let chosen = open ?? (second.time < first.time ? .standardError : .standardOutput)
        return chosen == .standardOutput ? waiting.output.take() : waiting.error.take()
    }
}

/// Tells of writes to the files of a directory (inotify(7)).
struct LogChanges: ~Copyable, Sendable {
    private let descriptor: Descriptor

    init(of directory: borrowing Descriptor) throws(SystemError) {
        descriptor = try Self.watch(directory)
    }

    private static func watch(_ directory: borrowing Descriptor) throws(SystemError) -> Descriptor {
        let number = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        if number < 0 { throw SystemError("inotify_init1", errno) }
        let descriptor = Descriptor(owning: number)
        let path = "/proc/self/fd/\(directory.number)"
        if inotify_add_watch(number, path, UInt32(IN_MODIFY | IN_CREATE)) < 0 {
            throw SystemError("inotify_add_watch", errno, on: "the log's directory")
        }
        return descriptor
    }

    func wait(or other: Int32) throws(SystemError) {
        var requests = [
            pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&requests, nfds_t(requests.count), -1) < 0 {
            if errno != EINTR { throw SystemError("poll", errno) }
        }
        var events = [UInt8](repeating: 0, count: 4096)
        while read(descriptor.number, &events, events.count) > 0 {}
    }
}
