// SPDX-License-Identifier: Apache-2.0

import CKeeper
import Glibc
import Linux

/// Reads one stream of a log piece by piece, across its segments, while it is written.
struct LogStreamReader: ~Copyable {
    let stream: LogStream
    private let directory: Descriptor
    private var segment: LogSegment?
    /// The number of the segment; nil where there is none yet.
    private var number: UInt32?
    /// The next record, and the next byte of the segment.
    private var record = 0
    private var offset: UInt64 = 0
    /// What has been read and not given out, from `start` on, and the time of its last byte.
    private var buffer: [UInt8] = []
    private var start = 0
    private var time: UInt64 = 0
    private var startsLine = true
    private var dropped: UInt64 = 0
    /// Where a log that is not followed ends.
    private var last: (segment: UInt32, size: UInt64, records: Int)?
    /// Whether it has gone on from one segment to another.
    private(set) var hasTurned = false

    /// Whether it is at a segment, which is kept for it then.
    var isPlaced: Bool { number != nil }

    /// A line that is longer is given out in pieces.
    static let longestPiece = 1 << 16

    init(_ stream: LogStream, in directory: borrowing Descriptor) throws(SystemError) {
        self.stream = stream
        self.directory = try directory.duplicate()
    }

    // MARK: Places

    /// Ends the log where it ends now.
    mutating func stopAtEnd() throws(SystemError) {
        last = (0, 0, 0)
        for number in try LogSegment.numbers(of: stream, in: directory).reversed() {
            guard let candidate = try LogSegment(stream, number, in: directory) else { continue }
            // In this order: what the records cover is there.
            let records = try candidate.recordCount()
            last = (number, try candidate.size(), records)
            return
        }
    }

    /// Goes to the first piece that is not older than a time.
    mutating func seek(since time: UInt64) throws(SystemError) {
        for number in try LogSegment.numbers(of: stream, in: directory) {
            guard let candidate = try LogSegment(stream, number, in: directory) else { continue }
            guard let last = try candidate.lastTime(), last >= time else { continue }
            record = try candidate.firstRecord { $0.time < time }
            offset = try candidate.record(record)?.offset ?? 0
            segment = consume candidate
            self.number = number
            return
        }
    }

    /// Goes to the start of the last lines.
    ///
    /// - Parameter count: How many lines.
    /// - Returns: How many there really are from there on.
    /// - Throws: What made the log unreadable.
    mutating func seek(tail count: Int) throws(SystemError) -> Int {
        var found = 0
        var isLastByte = true
        for number in try LogSegment.numbers(of: stream, in: directory).reversed() {
            guard let candidate = try LogSegment(stream, number, in: directory) else { continue }
            var end = try candidate.size()
            while end > 0 {
                let begin = end - min(end, UInt64(Self.longestPiece))
                let block = try candidate.bytes(at: begin, count: Int(end - begin))
                for position in block.indices.reversed() where isLastByte || block[position] == UInt8(ascii: "\n") {
                    // The line at the end of the log counts whether it ended or not.
                    if isLastByte {
                        isLastByte = false
                        startsLine = count > 0 || block[position] == UInt8(ascii: "\n")
                        found = count > 0 ? 1 : 0
                        if count > 0 { continue }
                    } else {
                        found += 1
                    }
                    if found > count || count == 0 {
                        try go(to: consume candidate, begin + UInt64(position) + 1)
                        return count
                    }
                }
                end = begin
            }
        }
        return isLastByte ? 0 : found
    }

    private mutating func go(to segment: consuming LogSegment, _ offset: UInt64) throws(SystemError) {
        record = try segment.firstRecord {
            $0.offset + UInt64($0.flags & LOG_DROPPED.rawValue == 0 ? $0.length : 0) <= offset
        }
        self.offset = offset
        number = segment.number
        self.segment = consume segment
    }

    // MARK: Pieces

    /// The next line, or a part of a long one.
    ///
    /// - Parameter isEnd: Whether nothing more will come: then a line without an end is given out too.
    /// - Returns: Nil where there is none yet.
    /// - Throws: What made the log unreadable.
    mutating func next(isEnd: Bool) throws(SystemError) -> LogPiece? {
        while true {
            if let newline = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) { return take(to: newline + 1) }
            if buffer.count - start >= Self.longestPiece { return take(to: buffer.count) }
            if try !readMore(isEnd: isEnd) {
                return isEnd && (start < buffer.count || dropped > 0) ? take(to: buffer.count) : nil
            }
        }
    }

    /// What has arrived next, as much as there is of it.
    ///
    /// - Parameter isEnd: Whether nothing more will come.
    /// - Returns: Nil where there is nothing yet.
    /// - Throws: What made the log unreadable.
    mutating func nextArrival(isEnd: Bool) throws(SystemError) -> LogPiece? {
        while start == buffer.count {
            if try !readMore(isEnd: isEnd) { return dropped > 0 ? take(to: buffer.count) : nil }
        }
        return take(to: buffer.count)
    }

    private mutating func take(to end: Int) -> LogPiece {
        var piece = LogPiece(stream: stream, time: time, bytes: Array(buffer[start..<end]), startsLine: startsLine)
        piece.droppedBefore = dropped
        dropped = 0
        if !piece.bytes.isEmpty { startsLine = piece.endsLine }
        start = end
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        }
        return piece
    }

    /// Reads the bytes of the next record into the buffer; false where there are none yet.
    private mutating func readMore(isEnd: Bool) throws(SystemError) -> Bool {
        if isAtLast() { return false }
        if number == nil { return try openFirst() }
        if let next = try segment?.record(record) {
            time = next.time
            if next.flags & LOG_DROPPED.rawValue != 0 {
                dropped += UInt64(next.length)
                record += 1
                return true
            }
            let end = next.offset + UInt64(next.length)
            try read(to: end)
            if offset >= end { record += 1 }
            return true
        }
        // What no record covers is final once nobody writes to the segment any more.
        let following = try following()
        let size = try segment?.size() ?? 0
        if size > offset, isEnd || following != nil, try segment?.record(record) == nil {
            try read(to: size)
            return true
        }
        guard let following, size <= offset else { return false }
        return try open(following)
    }

    /// Whether the end of a log that is not followed has been reached.
    private func isAtLast() -> Bool {
        guard let last else { return false }
        guard let number else { return last == (0, 0, 0) }
        return number > last.segment || (number == last.segment && offset >= last.size && record >= last.records)
    }

    private mutating func read(to end: UInt64) throws(SystemError) {
        var end = end
        if let last, last.segment == number { end = min(end, last.size) }
        guard end > offset else { return }
        if start > 0 {
            buffer.removeSubrange(..<start)
            start = 0
        }
        let count = Int(min(end - offset, UInt64(Self.longestPiece)))
        let bytes = try segment?.bytes(at: offset, count: count) ?? []
        buffer += bytes
        // A segment that is shorter than its records was cut by somebody: go on behind it.
        offset = bytes.isEmpty ? end : offset + UInt64(bytes.count)
    }

    /// The number of the segment after this one; nil where there is none yet.
    private func following() throws(SystemError) -> UInt32? {
        guard let current = number, current < UInt32.max else { return nil }
        if try LogSegment.exists(stream, current + 1, in: directory) { return current + 1 }
        // Only where this one is gone may the next one be.
        guard try segment?.isRemoved() ?? false else { return nil }
        return try LogSegment.numbers(of: stream, in: directory).first { $0 > current }
    }

    /// Opens the oldest segment; false where there is none.
    private mutating func openFirst() throws(SystemError) -> Bool {
        for number in try LogSegment.numbers(of: stream, in: directory) where try open(number) { return true }
        return false
    }

    /// Opens a segment, and lets go of the one before; false where it is gone, or not quite there.
    private mutating func open(_ number: UInt32) throws(SystemError) -> Bool {
        guard let next = try LogSegment(stream, number, in: directory) else { return false }
        if let current = self.number {
            hasTurned = true
            let missing = UInt64(number - current - 1)
            if missing > 0 { dropped += missing * max(1, try segment?.size() ?? 0) }
        }
        segment = consume next
        self.number = number
        record = 0
        offset = 0
        return true
    }
}
