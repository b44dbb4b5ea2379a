// SPDX-License-Identifier: Apache-2.0

import ConformanceKit
import Testing

@Suite struct `wharf config does what Docker Compose does` {
    private static let tools: Tools? = Tools.findWharf().flatMap { wharf in
        Tools.findReference().map { Tools(wharf: wharf, reference: $0) }
    }

    @Test(arguments: try Corpus.load())
    @concurrent func `both tools decide alike and print the same`(_ test: Case) async throws {
        let tools = try #require(Self.tools, "run Tests/Conformance/fetch-oracle and swift build first")
        for report in try CaseRunner(tools: tools).run(test) where report.disagrees {
            let command = report.arguments.joined(separator: " ")
            Issue.record("\(test.place) [\(command)]\n\(report.details.joined(separator: "\n"))")
        }
    }
}

@Suite struct `The corpus` {
    @Test func `names every case once`() throws {
        var seen = Set<String>()
        for test in try Corpus.load() {
            #expect(seen.insert(test.name).inserted, "\(test.place): the name '\(test.name)' is taken")
        }
    }

    @Test func `gives a reason for every deviation`() throws {
        let deviating = try Corpus.load().filter { $0.deviation != nil }.map(\.name)
        #expect(Set(deviating) == Set(Deviations.reasons.keys))
    }
}

extension Case: CustomTestStringConvertible {
    public var testDescription: String { "\(place): \(name)" }
}
