// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux

/// Reads a log: both streams in the order of time.
///
/// A line is never torn by one of the other stream, as far as it has arrived, unless the query is for pieces as they arrive.
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
    /// Keeps all segments until both streams are at one (`keeper_protocol.h`).
    private var place: Descriptor?
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
            let place = try directory.open(".", O_RDONLY | O_DIRECTORY, resolution: .beneath)
            try place.lockShared()
            var output = try LogStreamReader(.standardOutput, in: directory)
            var error = try LogStreamReader(.standardError, in: directory)
            if !query.follows {
                try output.stopAtEnd()
                try error.stopAtEnd()
            }
            var skipped = 0
            if let tail = query.tail {
                var lines = 0
                if query.streams.contains(.standardOutput) { lines += try output.seek(tail: tail) }
                if query.streams.contains(.standardError) { lines += try error.seek(tail: tail) }
                skipped = query.isRaw ? 0 : max(0, lines - tail)
            } else if let since = query.since {
                try output.seek(since: since)
                try error.seek(since: since)
            }
            self.output = consume output
            self.error = consume error
            self.skipped = skipped
            self.place = consume place
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

    private mutating func nextOfAll(isEnd: Bool) throws(LogError) -> LogPiece? {
        do {
            // A stream that had no more is asked again only now and then: that costs more than a piece of the other.
            if taken >= (query.isRaw ? 0 : Self.patience) { lookAgain() }
            try fill(isEnd: isEnd)
            if waiting.output == nil, waiting.error == nil {
                lookAgain()
                try fill(isEnd: isEnd)
            }
            if place != nil, isPlaced { place = nil }
        } catch {
            throw .unreadable(error)
        }
        let piece = take()
        taken += piece?.bytes.count ?? 0
        if !query.isRaw { open = piece.map { $0.endsLine ? nil : $0.stream } ?? open }
        return piece
    }

    /// Whether all streams are at segments, or one that is not will hardly come: a terminal has just one stream.
    private var isPlaced: Bool {
        let isOutput = output.isPlaced || !query.streams.contains(.standardOutput)
        let isError = error.isPlaced || !query.streams.contains(.standardError)
        return isOutput && isError || output.hasTurned || error.hasTurned
    }

    private mutating func lookAgain() {
        taken = 0
        isDry = (!query.streams.contains(.standardOutput), !query.streams.contains(.standardError))
    }

    private mutating func fill(isEnd: Bool) throws(SystemError) {
        if waiting.output == nil, !isDry.output {
            waiting.output = query.isRaw ? try output.nextArrival(isEnd: isEnd) : try output.next(isEnd: isEnd)
            isDry.output = waiting.output == nil
        }
        if waiting.error == nil, !isDry.error {
            waiting.error = query.isRaw ? try error.nextArrival(isEnd: isEnd) : try error.next(isEnd: isEnd)
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
