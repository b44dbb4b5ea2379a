// SPDX-License-Identifier: Apache-2.0

import ConformanceKit
import Linux
import ScenarioKit
import Testing

@Suite(.serialized) struct `wharf leaves what Docker Compose leaves` {
    @Test(arguments: try Scenarios.load())
    func `in each scenario`(_ test: Case) async throws {
        let entry = try #require(try Recording.load(test.fileName).entries[test.name], "run Tests/Scenarios/record")
        #expect(entry.source == test.recordedSource, "it was changed since it was recorded: run Tests/Scenarios/record")
        let wharf = try await BlockingCall.run {
            let engine = try WharfEngine()
            var runner = try ScenarioRunner(test.parts.scenario, engine.subject)
            return try runner.run()
        }
        let found = StateComparison.differences(from: entry.steps, to: wharf)
        let remarks = zip(test.steps, wharf).map { "\($0.text) [\($1.exit)]\n\($1.remarks)" }.joined(separator: "\n")
        #expect(
            found == test.parts.differences,
            "\(test.place)\n\(found.joined(separator: "\n"))\n\(remarks)"
        )
    }
}

@Suite struct `The scenarios` {
    @Test func `have names of their own`() throws {
        var seen = Set<String>()
        for test in try Scenarios.load() {
            #expect(seen.insert(test.name).inserted, "\(test.place): the name '\(test.name)' is taken")
        }
        #expect(seen.count >= 60)
    }

    @Test func `give a reason for every difference`() throws {
        let tests = try Scenarios.load()
        #expect(Set(tests.flatMap(\.differences)) == Set(DeliberateDifferences.reasons.keys))
        for test in tests { #expect(test.differences.isEmpty == test.parts.differences.isEmpty, "\(test.place)") }
    }
}

extension Case: CustomTestStringConvertible {
    public var testDescription: String { "\(place): \(name)" }
}
