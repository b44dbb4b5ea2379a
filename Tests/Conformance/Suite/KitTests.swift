// SPDX-License-Identifier: Apache-2.0

import ConformanceKit
import Testing

@Suite struct `A file of cases` {
    @Test func `holds files, links, folders and options`() throws {
        let text = """
            # a comment
            === the first
            env: A=b c
            rejects: -f "a b" config
            --- compose.yaml (crlf, bom, no newline)
            a
            \\--- b
            --- data/
            --- link -> data

            === the second
            --- x (escapes)
            \\x41\\t
            """
        let cases = try CaseParser.parse(text, file: "t.cases")
        #expect(cases.map(\.name) == ["the first", "the second"])
        #expect(cases.map(\.place) == ["t.cases:2", "t.cases:11"])
        #expect(cases[0].environment == ["A=b c"])
        #expect(cases[0].runs.map(\.arguments) == [["-f", "a b", "config"]])
        #expect(cases[0].runs.map(\.expectation) == [.reject])
        #expect(cases[0].files.map(\.path) == ["compose.yaml", "data", "link"])
        #expect(bytes(cases[0].files[0]) == [0xEF, 0xBB, 0xBF] + Array("a\r\n--- b".utf8))
        #expect(bytes(cases[1].files[0]) == Array("A\t\n".utf8))
        #expect(cases[1].runs.first?.arguments == ["config"])
    }

    private func bytes(_ file: CaseFile) -> [UInt8]? {
        guard case .bytes(let bytes) = file.content else { return nil }
        return bytes
    }

    @Test(arguments: ["text", "=== a\nnonsense", "=== a\nargs: \"x", "=== a\n--- x (odd)\n", "=== a\n--- x/\ntext"])
    func `with a mistake is refused`(_ text: String) {
        #expect(throws: CaseSyntaxError.self) { try CaseParser.parse(text, file: "t.cases") }
    }
}

@Suite struct `A comparison` {
    private func report(_ reference: Outcome, _ wharf: Outcome, _ arguments: [String] = ["config"]) -> RunReport {
        Comparison(reference: reference, wharf: wharf).report(Run(arguments: arguments), name: "t")
    }

    private func accepted(_ text: String) -> Outcome {
        Outcome(ending: .exited(0), output: Array(text.utf8))
    }

    private func rejected(_ text: String) -> Outcome {
        Outcome(ending: .exited(1), errors: Array(text.utf8))
    }

    @Test func `of YAML goes by bytes`() {
        #expect(report(accepted("a: 1\n"), accepted("a: 1\n")).agrees)
        #expect(report(accepted("a: 1\n"), accepted("a:  1\n")).disagrees)
        #expect(report(accepted("a: 1\n"), accepted("a: 1")).disagrees)
    }

    @Test(arguments: [
        (#"{"a":1,"b":[true]}"#, #"{ "b": [true], "a": 1.0 }"#, true),
        (#"{"a":1}"#, #"{"a":"1"}"#, false),
        (#"{"a":1}"#, #"{"a":true}"#, false),
        (#"[1,2]"#, #"[2,1]"#, false),
        (#"{"a":null}"#, "{}", false),
    ])
    func `of JSON goes by value`(_ reference: String, _ wharf: String, _ agrees: Bool) {
        #expect(report(accepted(reference), accepted(wharf), ["config", "--format", "json"]).agrees == agrees)
    }

    @Test func `of lists does not mind the order`() {
        #expect(report(accepted("a\nb\n"), accepted("b\na\n"), ["config", "--volumes"]).agrees)
        #expect(report(accepted("a\nb\n"), accepted("a\n"), ["config", "--volumes"]).disagrees)
    }

    @Test func `wants the same decision and a message with each refusal`() {
        #expect(report(accepted(""), rejected("no")).disagrees)
        #expect(report(rejected("no"), accepted("")).disagrees)
        #expect(report(rejected("no"), rejected("")).disagrees)
        #expect(report(rejected("no"), rejected("f.yaml:1:2: bad")).namesPlace)
        #expect(!report(rejected("no"), rejected("at 12:30 bad")).namesPlace)
    }

    @Test(arguments: [Outcome.Ending.crashed(signal: 4), .timedOut, .notStarted("no such file")])
    func `never forgives a crash`(_ ending: Outcome.Ending) {
        #expect(report(rejected("no"), Outcome(ending: ending)).disagrees)
    }

    @Test func `holds the reference tool to what the case says`() {
        let run = Run(arguments: ["config"], expectation: .accept)
        #expect(Comparison(reference: rejected("no"), wharf: rejected("no")).report(run, name: "t").disagrees)
    }
}

@Suite struct `A command` {
    private func run(_ script: String, limit: Duration = .seconds(600)) -> Outcome {
        Invocation(
            executable: "/bin/sh",
            arguments: ["-c", script],
            environment: ["A=b"],
            directory: "/",
            timeLimit: limit
        ).run()
    }

    @Test func `gives back its output, its messages and its status`() {
        let outcome = run("pwd; echo $A >&2; exit 3")
        #expect(outcome.ending == .exited(3))
        #expect(outcome.output == Array("/\n".utf8))
        #expect(outcome.errors == Array("b\n".utf8))
    }

    @Test func `that kills itself has crashed`() {
        #expect(run("kill -SEGV $$").ending == .crashed(signal: 11))
    }

    @Test func `that never ends is killed`() {
        #expect(run("while :; do :; done", limit: .milliseconds(50)).ending == .timedOut)
    }
}

@Suite struct `Differences` {
    @Test func `show what changed with the lines around it`() {
        let old = ["a", "b", "c", "d", "e", "f", "g"]
        let new = ["a", "b", "c", "d", "X", "f", "g"]
        #expect(UnifiedDiff.lines(from: old, to: new) == ["@@ -2 +2 @@", " b", " c", " d", "-e", "+X", " f", " g"])
        #expect(UnifiedDiff.lines(from: old, to: old).isEmpty)
    }
}
