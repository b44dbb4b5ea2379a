// SPDX-License-Identifier: Apache-2.0

/// Puts the lines of several streams into the order of their times.
///
/// The lines of one stream keep their order, also where its clock went back. Every line comes out just once. It waits for
/// nothing by itself: whoever reads the streams says what the time is, and asks when to ask again.
///
/// Streams that end are merged completely: read from those that are ``starving`` and take what ``next(at:)`` gives. Streams
/// that are followed may be silent for hours, so that a line waits for others at most as long as the window; one that comes
/// even later is given at once, behind lines of later times.
package struct LogMerger<Line: Sendable>: Sendable {
    /// One of the streams.
    package struct Stream: Hashable, Sendable {
        fileprivate let number: Int
    }

    /// A line that waits.
    private struct Held: Sendable {
        var line: Line
        var time: Int64
        var place: Place
    }

    /// What decides about a line: no more than numbers, for they are compared for each line of every stream.
    private struct Place: Sendable {
        /// The time that the line is ordered by: no earlier than those before it in its stream.
        var order: Int64
        var arrival: ContinuousClock.Instant
    }

    /// A stream as the choice of the next line sees it.
    private struct Head: Sendable {
        /// That of its first line; nil where none waits.
        var place: Place?
        /// The latest time of a line so far.
        var last = Int64.min
        var isOpen = true
    }

    /// The lines of one stream.
    private struct Queue: Sendable {
        private var lines: [Held] = []
        /// The place of the first line that still waits.
        private var first = 0

        var place: Place? { first < lines.count ? lines[first].place : nil }

        mutating func append(_ line: Held) { lines.append(line) }

        mutating func take() -> Held {
            let line = lines[first]
            first += 1
            // So that each line is moved about once.
            if first * 2 >= lines.count {
                lines.removeFirst(first)
                first = 0
            }
            return line
        }
    }

    /// The stream whose line is next, and what it waits for.
    private struct Choice {
        var number: Int
        var order: Int64
        /// When the first of all waiting lines was read.
        var oldest: ContinuousClock.Instant
        /// The earliest time that a line may have that is yet to come; nil where all streams have lines or have ended.
        var silence: Int64?
    }

    private var queues: [Queue] = []
    private var heads: [Head] = []
    private let window: Duration?
    private let limit: Int
    /// The order of the line that was given last.
    private var given = Int64.min
    /// How many lines wait.
    package private(set) var count = 0

    /// A merger of no streams yet.
    ///
    /// - Parameters:
    ///   - window: The longest that a line waits for earlier ones of other streams; nil waits until every stream has a line or
    ///     has ended.
    ///   - limit: How many lines wait at most; with more, the earliest do not wait any longer.
    package init(window: Duration?, limit: Int = 100_000) {
        self.window = window
        self.limit = limit
    }

    /// Adds a stream, at any time.
    package mutating func add() -> Stream {
        queues.append(Queue())
        heads.append(Head())
        return Stream(number: queues.count - 1)
    }

    /// Takes in a line.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - time: When it was written, in nanoseconds since 1970.
    ///   - stream: Where it was read, and which has not ended.
    ///   - now: When it was read.
    package mutating func append(_ line: Line, at time: Int64, to stream: Stream, now: ContinuousClock.Instant) {
        let number = stream.number
        precondition(heads[number].isOpen, "a stream that has ended has no more lines")
        let place = Place(order: max(heads[number].last, time), arrival: now)
        queues[number].append(Held(line: line, time: time, place: place))
        heads[number].last = place.order
        if heads[number].place == nil { heads[number].place = place }
        count += 1
    }

    /// Says that no more lines come from a stream; those that it has are still given.
    package mutating func end(_ stream: Stream) { heads[stream.number].isOpen = false }

    /// The open streams without a line, for which the lines of others wait.
    package var starving: [Stream] {
        heads.indices.filter { heads[$0].isOpen && heads[$0].place == nil }.map { Stream(number: $0) }
    }

    /// The next line, if it need not wait any longer.
    ///
    /// - Parameter now: The time.
    /// - Returns: The line with its time and its stream; nil where none is ready: see ``deadline``.
    package mutating func next(at now: ContinuousClock.Instant) -> (line: Line, time: Int64, stream: Stream)? {
        guard let choice else { return nil }
        let isLate = choice.order <= given && given > .min
        let isDue = isLate || count > limit || window.map { choice.oldest + $0 <= now } ?? false
        // A stream that has said nothing since may still bring an earlier one.
        if !isDue, let silence = choice.silence, silence < choice.order { return nil }
        let held = queues[choice.number].take()
        heads[choice.number].place = queues[choice.number].place
        given = max(given, choice.order)
        count -= 1
        return (held.line, held.time, Stream(number: choice.number))
    }

    /// When the next line is ready at the latest; nil where no line waits, or where there is no window.
    package var deadline: ContinuousClock.Instant? {
        guard let window, let choice else { return nil }
        return choice.oldest + window
    }

    /// Chooses the line of the earliest time; of two at one time the one of the stream that was added first.
    ///
    /// All streams are looked at for each line: there are as many as a project has containers.
    private var choice: Choice? {
        var found: Choice?
        var silence: Int64?
        for (number, head) in heads.enumerated() {
            guard let place = head.place else {
                if head.isOpen { silence = min(silence ?? .max, head.last) }
                continue
            }
            guard var best = found else {
                found = Choice(number: number, order: place.order, oldest: place.arrival)
                continue
            }
            if place.order < best.order { (best.number, best.order) = (number, place.order) }
            best.oldest = min(best.oldest, place.arrival)
            found = best
        }
        found?.silence = silence
        return found
    }
}
