// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Input that no honest project has, and how wharf must take it.
struct BadInput: Sendable, CustomTestStringConvertible {
    enum Verdict: Sendable {
        /// It must be refused with an error that contains the text.
        case refused(naming: String)
        /// It may be read or refused.
        case any
    }

    /// What it is, in words.
    var name: String
    var verdict: Verdict
    /// The arguments before `config`.
    var arguments: [String]
    var environment: [String: String]
    /// The file that is standard input, in the folder of the project.
    var input: String?
    /// Writes the files of the project.
    var write: @Sendable (Scratch) throws -> Void

    init(
        _ name: String,
        _ verdict: Verdict = .refused(naming: "compose.yaml:"),
        arguments: [String] = ["-f", "compose.yaml"],
        environment: [String: String] = [:],
        input: String? = nil,
        write: @escaping @Sendable (Scratch) throws -> Void
    ) {
        self.name = name
        self.verdict = verdict
        self.arguments = arguments
        self.environment = environment
        self.input = input
        self.write = write
    }

    /// A project of one compose file.
    init(
        _ name: String,
        _ verdict: Verdict = .refused(naming: "compose.yaml:"),
        compose: @escaping @Sendable () -> String
    ) {
        self.init(name, verdict) { try $0.write("compose.yaml", compose()) }
    }

    var testDescription: String { name }

    /// Runs `wharf config` on it and checks that the end is orderly, the memory bounded and the error clear.
    func check() throws {
        let scratch = try Scratch()
        try write(scratch)
        try check(in: scratch)
    }

    /// Does the same in a folder where its files are already written.
    func check(in scratch: Scratch) throws {
        var command = Command(
            Binaries.path(of: "wharf"),
            arguments + ["config"],
            in: scratch.path,
            environment: ["PATH": "/usr/bin:/bin", "HOME": scratch.path].merging(environment) { $1 }
        )
        if let input { command.input = input.hasPrefix("/") ? input : scratch / input }
        command.addressSpace = 2 << 30
        let outcome = try command.run()
        let tail = "\(name): \(outcome.errors.suffix(600))"

        #expect(outcome.peakMemory < 200_000_000, "\(outcome.peakMemory) bytes of memory, \(tail)")
        #expect(outcome.output.utf8.count + outcome.errors.utf8.count < 64 << 20, "output without bounds, \(name)")
        #expect(!outcome.errors.utf8.contains(0x1b), "an escape sequence of the input reached the terminal, \(name)")
        switch verdict {
        case .refused(let name):
            #expect(outcome.end == .exit(1), "\(tail)")
            #expect(outcome.errors.contains(name), "\(tail)")
            #expect(outcome.output.isEmpty, "\(name)")
        case .any:
            #expect(outcome.end == .exit(0) || outcome.end == .exit(1), "\(outcome.end) \(tail)")
        }
    }
}

/// A YAML list in flow style.
func flow(_ items: some Sequence<some StringProtocol>) -> String {
    "[\(items.joined(separator: ", "))]"
}
