// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import TestSupport
import Testing

@Suite struct `The log of a container whose engine is killed all the time` {
    /// How often it is done; without `SURVIVAL_LOGS` never.
    private static let repetitions = getenv("SURVIVAL_LOGS").flatMap { Int(String(cString: $0)) } ?? 0
    /// A thousand programs one after the other, so that it takes long enough to kill many engines.
    private static let script =
        "i=0; while [ $i -lt 1000 ]; do seq $((i * 1000 + 1)) $((i * 1000 + 1000)); i=$((i + 1)); done"
    private static let written = (1...1_000_000).flatMap { Array("\($0)\n".utf8) }

    @Test(arguments: 0..<repetitions)
    func `has every line once and in order, also for who follows it`(repetition: Int) async throws {
        try await SurvivingEngine.with { engine in
            let id = try await BlockingCall.run { try engine.create(["sh", "-c", Self.script], named: "writer") }
            let isOver = SharedFlag()
            try await BlockingCall.run { try engine.start(id) }
            async let kills = BlockingCall.run { try Self.keepKilling(engine, until: isOver) }
            let followed: Result<[UInt8], any Error> = try await BlockingCall.run {
                defer { isOver.set() }
                return Result { try Self.follow(engine, id) }
            }
            print("\(try await kills) times the engine was killed")
            #expect(try await kills > 0)
            #expect(try followed.get() == Self.written, "what was followed")
            let (status, output) = try await BlockingCall.run { (try engine.wait(id), try engine.output(of: id)) }
            #expect(status == 0)
            #expect(output == Self.written, "what was read afterwards")
        }
    }

    private static func keepKilling(_ engine: SurvivingEngine, until isOver: SharedFlag) throws -> Int {
        var kills = 0
        while !isOver.isSet {
            // It is the instant of the kill that the test is about, and nothing that it waits for.
            poll(nil, 0, Int32.random(in: 5...50))
            if try engine.killEngine() { kills += 1 }
        }
        return kills
    }

    /// Follows to the end of the container; after each engine, what was seen already is skipped.
    private static func follow(_ engine: SurvivingEngine, _ id: String) throws -> [UInt8] {
        var request = LogRequest()
        request.follows = true
        let following = request
        var seen: [UInt8] = []
        return try engine.insist { client in
            var answer = try client.logs(of: id, following)
            var (decoder, position) = (StreamFrameDecoder(), 0)
            while let piece = try answer.next() {
                try decoder.feed(piece) { _, bytes in
                    let known = min(max(0, seen.count - position), bytes.count)
                    seen += bytes.dropFirst(known)
                    position += bytes.count
                }
            }
            try decoder.finish()
            return seen
        }
    }
}
