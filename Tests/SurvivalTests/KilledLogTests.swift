// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import TestSupport
import Testing

@Suite(.serialized) struct `The log of a container whose engine is killed all the time` {
    /// How often it is done.
    private static let repetitions = getenv("SURVIVAL_LOGS").flatMap { Int(String(cString: $0)) } ?? 1
    /// Thousands of programs one after the other, so that it takes long enough to kill many engines.
    private static let script =
        "i=0; while [ $i -lt 5000 ]; do seq $((i * 200 + 1)) $((i * 200 + 200)); i=$((i + 1)); done"
    private static let written = (1...1_000_000).flatMap { Array("\($0)\n".utf8) }

    @Test(arguments: 0..<repetitions)
    func `has every line once and in order, also for who follows it`(repetition: Int) async throws {
        try await SurvivingEngine.with { engine in
            let id = try await BlockingCall.run { try engine.run(["sh", "-c", Self.script], named: "writer") }
            let pid = try await BlockingCall.run { try engine.state(id).pid }
            let writer = SharedDescriptor(try Descriptor.process(Int32(pid)))
            async let kills = BlockingCall.run { try Self.keepKilling(engine, until: writer.number) }
            let followed = try await BlockingCall.run { try Self.follow(engine, id) }
            print("\(try await kills) times the engine was killed")
            #expect(try await kills > 0)
            #expect(followed == Self.written, "what was followed")
            let (status, output) = try await BlockingCall.run { (try engine.wait(id), try engine.output(of: id)) }
            #expect(status == 0)
            #expect(output == Self.written, "what was read afterwards")
        }
    }

    /// Kills the engine again and again until a process has ended.
    private static func keepKilling(_ engine: SurvivingEngine, until process: Int32) throws -> Int {
        var kills = 0
        var end = pollfd(fd: process, events: Int16(POLLIN), revents: 0)
        // It is the instant of the kill that the test is about, and nothing that it waits for.
        while poll(&end, 1, Int32.random(in: 5...50)) == 0 {
            if try engine.killEngine() { kills += 1 }
        }
        return kills
    }

    /// Follows to the end of the container; after each engine, on from the last line that came.
    private static func follow(_ engine: SurvivingEngine, _ id: String) throws -> [UInt8] {
        var lines = FollowedLines()
        while true {
            var request = LogRequest()
            (request.follows, request.timestamps, request.since) = (true, true, lines.lastTime)
            lines.beginAgain()
            do {
                var answer = try engine.client.logs(of: id, request)
                var decoder = StreamFrameDecoder()
                while let piece = try answer.next() { try decoder.feed(piece) { lines.take($1) } }
                try decoder.finish()
                return lines.bytes
            } catch is ClientError {
                // As long as the container writes, each engine is killed.
            } catch let error as EngineError where error.code == .unavailable {}
        }
    }
}

/// Lines with their times, which come from several engines one after the other: each begins with the last time.
private struct FollowedLines {
    /// The lines without their times.
    private(set) var bytes: [UInt8] = []
    /// The time of the last line, as the engine writes it.
    private(set) var lastTime: String?
    /// How many lines had that time.
    private var withLastTime = 0
    /// How many lines are known already of those that come next.
    private var known = 0
    /// What came of a line whose end did not come yet.
    private var beginning: [UInt8] = []

    mutating func beginAgain() {
        known = withLastTime
        beginning = []
    }

    mutating func take(_ piece: ArraySlice<UInt8>) {
        let lines = piece.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for line in lines.dropLast() {
            take(line: beginning + line)
            beginning = []
        }
        beginning += lines.last ?? []
    }

    private mutating func take(line: [UInt8]) {
        if known > 0 {
            known -= 1
            return
        }
        // One without a time is kept whole, and so found to be wrong.
        let space = line.firstIndex(of: UInt8(ascii: " ")) ?? line.startIndex
        let time = String(decoding: line[..<space], as: UTF8.self)
        withLastTime = time == lastTime ? withLastTime + 1 : 1
        lastTime = time
        bytes += line[space...].dropFirst()
        bytes.append(UInt8(ascii: "\n"))
    }
}
