// SPDX-License-Identifier: Apache-2.0

import Arguments
import ConformanceKit
import FoundationEssentials
import Glibc
import ScenarioKit

/// Goes through scenarios with Docker Compose, with wharf, or with both, and compares what they leave.
@main
final class ScenariosCommand {
    private var filter: String?
    private var socket: String?
    private var oracle: String?
    private var isRecording = false
    private var isFresh = false
    private var isVerbose = false

    static func main() {
        let command = ScenariosCommand()
        let summary = "Compare what wharf leaves with what Docker Compose leaves."
        let program = Arguments.Command("scenarios", summary: summary) { command.syntax() }
        do {
            switch try CommandLineParser(program).parse(Array(CommandLine.arguments.dropFirst())) {
            case .show(let text): print(text, terminator: "")
            case .run: try command.run()
            }
        } catch let error as UsageError {
            fail(error.text, status: 64)
        } catch {
            fail("\(error)", status: 1)
        }
    }

    private static func fail(_ message: String, status: Int32) -> Never {
        let line = Array("error: \(message)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        exit(status)
    }

    private func syntax() -> Syntax {
        Syntax(
            notes: """
                It wants a network of its own: engines make bridges and rules. `Tests/Scenarios/run` gives it one.
                With --docker both tools go through the scenarios; without it wharf is compared with what was recorded.
                """,
            options: [
                .value("docker", "socket", help: "The socket of Docker's engine.", completion: .files()) {
                    self.socket = $0
                },
                .value("oracle", "path", help: "Docker Compose.", completion: .files()) { self.oracle = $0 },
                .value("filter", "text", help: "Only scenarios with this text in their file or name.") {
                    self.filter = $0
                },
                .flag("record", help: "Keep what Docker Compose leaves, and do not run wharf.") {
                    self.isRecording = $0
                },
                .flag("fresh", help: "Record also what was recorded before.") { self.isFresh = $0 },
                .flag("verbose", short: "v", help: "Show what the commands print.") { self.isVerbose = $0 },
            ],
            run: {}
        )
    }

    private func run() throws {
        let all = try Scenarios.load()
        let chosen = all.filter { test in filter.map { "\(test.place): \(test.name)".contains($0) } ?? true }
        if isRecording { return try record(chosen, of: all) }
        var failures = 0
        for test in chosen {
            let reference =
                try socket == nil
                ? Recording.load(test.fileName).entries[test.name]?.steps ?? [] : withDocker(test)
            let engine = try WharfEngine()
            let wharf = try steps(of: test, engine.subject)
            let found = StateComparison.differences(from: reference, to: wharf)
            defer { fflush(nil) }
            let isExpected = found == test.parts.differences
            if !isExpected { failures += 1 }
            print("\(isExpected ? "✔" : "✘") \(test.place): \(test.name)")
            if !isExpected || isVerbose { for line in found { print("    \(line)") } }
        }
        print("\(chosen.count - failures) of \(chosen.count) scenarios are as they should be")
        if failures > 0 { exit(1) }
    }

    private func record(_ chosen: [Case], of all: [Case]) throws {
        for test in chosen {
            var recording = try Recording.load(test.fileName)
            let names = Set(all.filter { $0.fileName == test.fileName }.map(\.name))
            recording.entries = recording.entries.filter { names.contains($0.key) }
            if !isFresh, recording.entries[test.name]?.source == test.recordedSource { continue }
            print(test.name)
            fflush(nil)
            recording.entries[test.name] = Recording.Entry(source: test.recordedSource, steps: try withDocker(test))
            try recording.save(test.fileName)
        }
    }

    private func withDocker(_ test: Case) throws -> [StepResult] {
        guard let socket else { throw UsageError("say where Docker's engine listens with --docker") }
        guard let oracle = oracle ?? Tools.findReference() else {
            throw UsageError("there is no Docker Compose: run Tests/Conformance/fetch-oracle first")
        }
        let subject = try Subject.docker(oracle, socket: socket)
        let results = try steps(of: test, subject)
        try subject.clear()
        return results
    }

    private func steps(of test: Case, _ subject: Subject) throws -> [StepResult] {
        var runner = try ScenarioRunner(test.parts.scenario, subject)
        let results = try runner.run()
        if isVerbose {
            for (step, result) in zip(test.steps, results) {
                print("  \(step.kind.rawValue): \(step.text) [\(result.exit)]")
                for line in result.remarks.split(separator: "\n") { print("    | \(line)") }
            }
        }
        return results
    }
}
