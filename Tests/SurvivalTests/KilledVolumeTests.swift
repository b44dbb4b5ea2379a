// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import TestSupport
import Testing

@Suite(.serialized) struct `Volumes whose engine is killed at any instant` {
    private static let rounds = 24

    @Test func `are empty or whole, and gone when removed`() async throws {
        try await SurvivingEngine.with { engine in
            let isOver = SharedFlag()
            async let kills = BlockingCall.run {
                var kills = 0
                while !isOver.isSet {
                    // It is the instant of the kill that the test is about, and nothing that it waits for.
                    poll(nil, 0, Int32.random(in: 0..<300))
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

    @Test func `in memory go on with those who run, and end with the last`() async throws {
        try await SurvivingEngine.with { engine in
            try await BlockingCall.run {
                var request = VolumeCreateRequest()
                request.name = "m"
                request.options = ["type": "tmpfs", "device": "tmpfs"]
                let wanted = request
                try engine.insist { _ = try $0.createVolume(wanted) }
                func isMounted() throws -> Bool {
                    try readText("/proc/self/mountinfo").contains(engine.location.volumes + "/m/_data ")
                }
                let holder = try engine.run(["sleep", "1000"], named: "holder") { $0.hostConfig.binds = ["m:/m"] }
                try engine.scratch.write("volumes/m/_data/file", "kept")
                try engine.killEngine()
                try engine.insist { _ = try $0.ping() }
                #expect(try isMounted())
                let reader = try engine.run(["cat", "/m/file"], named: "reader") { $0.hostConfig.binds = ["m:/m"] }
                #expect(try engine.wait(reader) == 0)
                #expect(try engine.output(of: reader) == Array("kept".utf8))
                let error = #expect(throws: EngineError.self) {
                    try engine.insist { try $0.removeVolume("m", force: true) }
                }
                #expect(error?.code == .conflict)
                // Its end is for the next engine to see.
                let process = try Descriptor.process(Int32(engine.state(holder).pid))
                try engine.killEngine()
                try process.signal(SIGKILL)
                #expect(try engine.wait(holder) == 137)
                #expect(try !isMounted())
                try engine.remove(holder)
                try engine.remove(reader)
                try Self.remove("m", from: engine)
            }
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
