// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import Synchronization
import TestSupport
import Testing

/// Which program a series kills.
enum Victim: String, CaseIterable, Sendable {
    case engine, keeper
}

@Suite(.serialized) struct `Containers whose engine or keeper is killed at any instant` {
    /// How long a series is.
    private static let rounds = getenv("SURVIVAL_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 24
    private static let workers = 4

    @Test(arguments: Victim.allCases)
    func `end once, as they would, and leave nothing`(victim: Victim) async throws {
        try await SurvivingEngine.with { engine in
            let before = try await BlockingCall.run { try Self.settledDescriptors(engine) }
            let (outcomes, kills) = try await Self.series(engine, victim)
            print("\(outcomes.count) rounds, \(kills) times the \(victim.rawValue) was killed")
            #expect(kills > 0)
            let events = try await BlockingCall.run { try engine.events() }
            for outcome in outcomes { Self.check(outcome, events) }
            let left = try await BlockingCall.run { try engine.insist { try $0.listContainers(showsAll: true) }.count }
            #expect(left == 0)
            let leaked = try await BlockingCall.run { try Self.leaked(by: engine, since: before) }
            #expect(leaked.keeper == [])
            #expect(leaked.engine == [])
            #expect(engine.processes().count == 2, "\(engine.processes())")
            #expect(try await BlockingCall.run { try Self.zombies(engine) } == [])
            #expect(names(in: engine.location.containers) == [])
            #expect(engine.groups() == [])
        }
    }

    /// What a fresh engine and its keeper have open now beyond what such had open.
    ///
    /// The engine closes a connection a moment after its client has seen the end, and each look is a connection: what is
    /// there at a thousand looks is no such.
    private static func leaked(
        by engine: SurvivingEngine,
        since before: (engine: [String], keeper: [String])
    ) throws -> (engine: [String], keeper: [String]) {
        var now = try settledDescriptors(engine)
        for _ in 0..<1000 {
            let leaked = (
                engine: leaked(now.engine, since: before.engine), keeper: leaked(now.keeper, since: before.keeper)
            )
            if leaked.engine.isEmpty, leaked.keeper.isEmpty { return leaked }
            now = try descriptors(engine)
        }
        return (leaked(now.engine, since: before.engine), leaked(now.keeper, since: before.keeper))
    }

    /// What is open now beyond what was open; a connection that was just closing then may be missing.
    private static func leaked(_ after: [String], since before: [String]) -> [String] {
        var allowed = before
        return after.filter { name in
            guard let index = allowed.firstIndex(of: name) else { return true }
            allowed.remove(at: index)
            return false
        }
    }

    /// Runs the rounds, several at a time, and kills meanwhile.
    private static func series(
        _ engine: SurvivingEngine,
        _ victim: Victim
    ) async throws -> (outcomes: [Round.Outcome], kills: Int) {
        let isOver = SharedFlag()
        let next = SharedCounter()
        return try await withThrowingTaskGroup(of: [Round.Outcome].self) { group in
            for _ in 0..<workers {
                group.addTask {
                    try await BlockingCall.run {
                        var outcomes: [Round.Outcome] = []
                        while true {
                            let number = next.take()
                            if number >= rounds { return outcomes }
                            outcomes.append(try Round(number: number).run(on: engine))
                        }
                    }
                }
            }
            async let kills = BlockingCall.run { try keepKilling(engine, victim, until: isOver) }
            let outcomes: [Round.Outcome]
            do {
                outcomes = try await group.reduce(into: []) { $0 += $1 }
            } catch {
                isOver.set()
                _ = try? await kills
                throw error
            }
            isOver.set()
            return (outcomes, try await kills)
        }
    }

    /// Kills, again and again, at instants that nothing is known about.
    private static func keepKilling(
        _ engine: SurvivingEngine,
        _ victim: Victim,
        until isOver: SharedFlag
    ) throws -> Int {
        var kills = 0
        while !isOver.isSet {
            // It is the instant of the kill that the test is about, and nothing that it waits for.
            poll(nil, 0, Int32.random(in: 0..<250))
            let isKilled = victim == .engine ? try engine.killEngine() : try engine.killKeeper()
            if isKilled { kills += 1 }
        }
        return kills
    }

    private static func check(_ outcome: Round.Outcome, _ events: [EngineEvent]) {
        let own = events.filter { $0.actor.id == outcome.id }
        let deaths = own.filter { $0.action == "die" }.map { $0.actor.attributes["exitCode"] }
        let story = Comment(rawValue: "\(outcome.round.name), \(outcome.round.kind): \(own.map(\.action))")
        #expect(deaths == ["\(outcome.round.expected)"], story)
        #expect(own.count { $0.action == "start" } == 1, story)
        #expect(own.count { $0.action == "destroy" } == 1, story)
        if let status = outcome.status { #expect(status == outcome.round.expected, story) }
        guard outcome.round.kind == .exec else { return }
        #expect(outcome.execStatus == outcome.round.own, story)
        #expect(outcome.execOutput == Array("ran\n".utf8), story)
    }

    /// What a fresh engine and its keeper have open after one container, when no request is under way.
    private static func settledDescriptors(
        _ engine: SurvivingEngine
    ) throws -> (engine: [String], keeper: [String]) {
        try engine.insist { _ = try $0.ping() }
        try engine.killEngine()
        let id = try engine.run(["true"], named: "settled")
        _ = try engine.wait(id)
        try engine.remove(id)
        var last: (engine: [String], keeper: [String]) = ([], [])
        // The same twice in a row, and nothing is being removed: then nothing is being closed any more.
        while true {
            let now = try descriptors(engine)
            if now == last, names(in: engine.scratch / "trash").isEmpty { return now }
            last = now
        }
    }

    /// What the engine and its keeper have open.
    private static func descriptors(_ engine: SurvivingEngine) throws -> (engine: [String], keeper: [String]) {
        let status = try engine.insist { try $0.status() }
        return (
            SurvivingEngine.descriptors(of: status.pid),
            SurvivingEngine.descriptors(of: try #require(status.keeperPID))
        )
    }

    private static func zombies(_ engine: SurvivingEngine) throws -> [String] {
        let status = try engine.insist { try $0.status() }
        return SurvivingEngine.zombies(of: status.pid) + SurvivingEngine.zombies(of: try #require(status.keeperPID))
    }
}

/// Numbers that several threads take.
final class SharedCounter: Sendable {
    private let value = Mutex(0)

    func take() -> Int {
        value.withLock { value in
            defer { value += 1 }
            return value
        }
    }
}

/// What one thread tells others.
final class SharedFlag: Sendable {
    private let value = Mutex(false)

    var isSet: Bool { value.withLock(\.self) }
    func set() { value.withLock { $0 = true } }
}
