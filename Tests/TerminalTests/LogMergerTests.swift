// SPDX-License-Identifier: Apache-2.0

import Terminal
import Testing

private typealias Merger = LogMerger<String>

extension Merger {
    fileprivate mutating func take(at now: ContinuousClock.Instant) -> [String] {
        var lines: [String] = []
        while let next = next(at: now) { lines.append(next.line) }
        return lines
    }
}

@Suite struct `Merged logs` {
    private let start = ContinuousClock.Instant.now

    @Test func `of streams that end are in the order of their times`() {
        var merger = Merger(window: nil)
        let (a, b) = (merger.add(), merger.add())
        for time: Int64 in [1, 4, 4, 9] { merger.append("a\(time)", at: time, to: a, now: start) }
        #expect(merger.take(at: start + .seconds(3600)) == [] && merger.starving == [b] && merger.deadline == nil)
        for time: Int64 in [2, 4, 11] { merger.append("b\(time)", at: time, to: b, now: start) }
        #expect(merger.take(at: start) == ["a1", "b2", "a4", "a4", "b4", "a9"])
        #expect(merger.starving == [a] && merger.count == 1)
        merger.end(a)
        #expect(merger.take(at: start) == ["b11"])
        merger.end(b)
        #expect(merger.starving == [] && merger.count == 0)
    }

    @Test func `do not wait for a stream that is further on already`() {
        var merger = Merger(window: .seconds(1))
        let (a, b) = (merger.add(), merger.add())
        merger.append("a10", at: 10, to: a, now: start)
        merger.append("b9", at: 9, to: b, now: start)
        #expect(merger.take(at: start) == ["b9"])
        merger.append("b10", at: 10, to: b, now: start)
        #expect(merger.take(at: start) == ["a10", "b10"])
    }

    @Test func `wait for a silent stream no longer than the window`() {
        var merger = Merger(window: .milliseconds(100))
        let (a, b) = (merger.add(), merger.add())
        merger.append("a20", at: 20, to: a, now: start)
        #expect(merger.take(at: start) == [])
        #expect(merger.deadline == start + .milliseconds(100))
        merger.append("b10", at: 10, to: b, now: start + .milliseconds(90))
        // It is earlier than the one of the other stream, which has said nothing later yet.
        #expect(merger.take(at: start + .milliseconds(99)) == ["b10"])
        #expect(merger.take(at: start + .milliseconds(100)) == ["a20"])
        #expect(merger.deadline == nil)
        // Too late for its place, but not lost, and not kept waiting.
        merger.append("b15", at: 15, to: b, now: start + .milliseconds(110))
        #expect(merger.take(at: start + .milliseconds(110)) == ["b15"])
    }

    @Test func `keep the order of a stream whose clock went back`() {
        var merger = Merger(window: nil)
        let (a, b) = (merger.add(), merger.add())
        for time: Int64 in [5, 3, 6] { merger.append("a\(time)", at: time, to: a, now: start) }
        for time: Int64 in [4, 7] { merger.append("b\(time)", at: time, to: b, now: start) }
        for stream in [a, b] { merger.end(stream) }
        var times: [Int64] = []
        while let next = merger.next(at: start) { times.append(next.time) }
        #expect(times == [4, 5, 3, 6, 7])
    }

    @Test func `have no more lines waiting than the limit`() {
        var merger = Merger(window: nil, limit: 3)
        let (a, _) = (merger.add(), merger.add())
        for time: Int64 in 1...5 { merger.append("\(time)", at: time, to: a, now: start) }
        #expect(merger.take(at: start) == ["1", "2"] && merger.count == 3)
    }

    @Test(arguments: [nil, Duration.milliseconds(5)])
    func `lose no line and repeat none, whatever comes when`(window: Duration?) {
        var generator = Sequence()
        var merger = Merger(window: window)
        var streams: [Merger.Stream] = []
        var sent: [[String]] = []
        var received: [Int: [String]] = [:]
        var now = start
        func receive() {
            while let next = merger.next(at: now) {
                let number = streams.firstIndex(of: next.stream) ?? -1
                received[number, default: []].append(next.line)
            }
        }
        var ended: Set<Int> = []
        for step in 0..<5000 {
            if streams.count < 7, step.isMultiple(of: 50) {
                streams.append(merger.add())
                sent.append([])
            }
            let number = Int.random(in: 0..<streams.count, using: &generator)
            if !ended.contains(number) {
                let line = "\(number) \(step)"
                sent[number].append(line)
                merger.append(
                    line,
                    at: Int64(step + Int.random(in: -20...20, using: &generator)),
                    to: streams[number],
                    now: now
                )
                if step > 4000, Bool.random(using: &generator), ended.count < 6 {
                    merger.end(streams[number])
                    ended.insert(number)
                }
            }
            now += .milliseconds(Int.random(in: 0...2, using: &generator))
            if Bool.random(using: &generator) { receive() }
        }
        for number in streams.indices where !ended.contains(number) { merger.end(streams[number]) }
        receive()
        for number in streams.indices { #expect(received[number] == sent[number]) }
        #expect(merger.count == 0)
    }
}

/// Numbers that are the same in each run: a linear congruential generator (Knuth, MMIX).
private struct Sequence: RandomNumberGenerator {
    private var state: UInt64 = 42

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }
}
