// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import TestSupport
import Testing

@Suite(.serialized) struct `Volumes whose engine is killed at any instant` {
    private static let rounds = 12

    @Test func `are empty or whole, and gone when removed`() async throws {
        try await SurvivingEngine.with { engine in
            let isOver = SharedFlag()
            async let kills = BlockingCall.run {
                var kills = 0
                while !isOver.isSet {
                    // It is the instant of the kill that the test is about, and nothing that it waits for.
                    poll(nil, 0, Int32.random(in: 0..<120))
                    if try engine.killEngine() { kills += 1 }
                }
                return kills
            }
            let result: Result<Void, any Error>
            do {
                result = .success(try await BlockingCall.run { try Self.run(on: engine) })
            } catch {
                result = .failure(error)
            }
            isOver.set()
            let count = try await kills
            try result.get()
            #expect(count > 0)
            let left = try await BlockingCall.run { try engine.insist { try $0.listVolumes() }.volumes.map(\.name) }
            #expect(left == ["kept"])
            #expect(try readText(engine.location.volumes + "/kept/_data/file") == "of the user")
            #expect(names(in: engine.location.volumes) == ["kept"])
            try await BlockingCall.run { try Self.remove("kept", from: engine) }
            #expect(names(in: engine.location.volumes) == [])
        }
    }

    private static func run(on engine: SurvivingEngine) throws {
        var kept = VolumeCreateRequest()
        kept.name = "kept"
        let wanted = kept
        try engine.insist { _ = try $0.createVolume(wanted) }
        try engine.scratch.write("volumes/kept/_data/file", "of the user")
        var whole: Int?
        for number in 0..<rounds {
            let name = "volume-\(number)"
            let id = try engine.create(["/bin/sh", "-c", "exit 7"], named: "round-\(number)") {
                $0.hostConfig.binds = ["\(name):/bin", "/anonymous", "kept:/tmp"]
            }
            let found = names(in: "\(engine.location.volumes)/\(name)/_data").count
            #expect(found > 100 && found == whole ?? found)
            whole = found
            try engine.start(id)
            #expect(try engine.wait(id) == 7)
            do {
                try engine.insist { try $0.removeContainer(id, force: true, volumes: true) }
            } catch let error as EngineError where error.code == .notFound {
                // It was removed by a request whose answer was lost.
            }
            try remove(name, from: engine)
        }
    }

    private static func remove(_ name: String, from engine: SurvivingEngine) throws {
        do {
            try engine.insist { try $0.removeVolume(name, force: false) }
        } catch let error as EngineError where error.code == .notFound {
            // It was removed by a request whose answer was lost.
        }
    }
}
