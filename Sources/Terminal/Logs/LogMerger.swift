// SPDX-License-Identifier: Apache-2.0

/// Puts the lines of several streams into the order of their times.
///
/// The lines of one stream keep their order, also where its clock went back. Every line comes out just once. It waits for
/// nothing by itself: whoever reads the streams says what the time is, and asks when to ask again.
///
/// Streams that end are merged completely: read from those that are ``starving`` and take what ``next(at:)`` gives. Streams
/// that are followed may be silent for hours, so that a line waits for others at most as long as the window; one that comes
/// even later is given at once, behind lines of later times.
package struct LogMerger<Time: Comparable & Sendable, Line: Sendable>: Sendable {
    /// One of the streams.
    package struct Stream: Hashable, Sendable {
        fileprivate let number: Int
    }

    /// A line that waits.
    private struct Held: Sendable {
        var line: Line
        var time: Time
        /// The time that it is ordered by: no earlier than those before it in its stream.
        var order: Time
        var arrival: ContinuousClock.Instant
    }

    private struct Queue: Sendable {
        var lines: [Held] = []
        /// The place of the first line that still waits.
        var first = 0
        var last: Time?
        var isOpen = true

        var head: Held? { first < lines.count ? lines[first] : nil }

        mutating func take() {
            first += 1
            // So that each line is moved about once.
            if first * 2 >= lines.count {
                lines.removeFirst(first)
                first = 0
            }
        }
    }

    private var queues: [Queue] = []
    private let window: Duration?
    private let limit: Int
    /// The order of the line that was given last.
    private var given: Time?
    /// How many lines wait.
    package private(set) var count = 0

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
        return Stream(number: queues.count - 1)
    }

    /// Takes in a line.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - time: When it was written.
    ///   - stream: Where it was read, and which has not ended.
    ///   - now: When it was read.
    package mutating func append(_ line: Line, at time: Time, to stream: Stream, now: ContinuousClock.Instant) {
        precondition(queues[stream.number].isOpen, "a stream that has ended has no more lines")
        let order = queues[stream.number].last.map { max($0, time) } ?? time
        queues[stream.number].last = order
        queues[stream.number].lines.append(Held(line: line, time: time, order: order, arrival: now))
        count += 1
    }

    /// Says that no more lines come from a stream; those that it has are still given.
    package mutating func end(_ stream: Stream) { queues[stream.number].isOpen = false }

    /// The open streams without a line, for which the lines of others wait.
    package var starving: [Stream] {
        queues.indices.filter { queues[$0].isOpen && queues[$0].head == nil }.map { Stream(number: $0) }
    }

    /// The next line, if it need not wait any longer.
    ///
    /// - Parameter now: The time.
    /// - Returns: The line with its time and its stream; nil where none is ready: see ``deadline``.
    package mutating func next(at now: ContinuousClock.Instant) -> (line: Line, time: Time, stream: Stream)? {
        guard let (number, head) = earliest else { return nil }
        let isLate = given.map { head.order <= $0 } ?? false
        let isDue = isLate || count > limit || deadline.map { $0 <= now } ?? false
        guard isDue || !mayPrecede(head.order) else { return nil }
        queues[number].take()
        count -= 1
        if !isLate { given = head.order }
        return (head.line, head.time, Stream(number: number))
    }

    /// When the next line is ready at the latest; nil where no line waits, or where there is no window.
    package var deadline: ContinuousClock.Instant? {
        guard let window, let arrival = queues.lazy.compactMap({ $0.head?.arrival }).min() else { return nil }
        return arrival + window
    }

    /// The line of the earliest time; of two at one time the one of the stream that was added first.
    ///
    /// All streams are looked at for each line: there are as many as a project has containers.
    private var earliest: (Int, Held)? {
        var found: (number: Int, line: Held)?
        for (number, queue) in queues.enumerated() {
            guard let head = queue.head else { continue }
            if let best = found, best.line.order <= head.order { continue }
            found = (number, head)
        }
        return found
    }

    /// Whether a stream without a line may still bring one from before a time.
    private func mayPrecede(_ time: Time) -> Bool {
        queues.contains { queue in
            queue.isOpen && queue.head == nil && queue.last.map { $0 < time } ?? true
        }
    }
}
