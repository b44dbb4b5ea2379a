// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport

/// Loads mutated compose projects or Dockerfiles and looks for crashes, hangs, memory without bounds and answers that change.
///
///     fuzz-config [--seconds N] [--seed N] [--workers N] [--findings FOLDER] [--subject projects|dockerfiles]
///     fuzz-config --reproduce FOLDER
@main
enum FuzzConfig {
    static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            print("fuzz-config: \(error)")
            exit(2)
        }
    }

    private static func run(_ arguments: [String]) throws {
        if arguments.first == "--worker", arguments.count == 4, let seed = UInt64(arguments[1]),
            let subject = Subject(rawValue: arguments[3])
        {
            return try Worker.run(seed: seed, folder: arguments[2], subject)
        }
        if arguments.first == "--reproduce", arguments.count == 2 {
            return try reproduce(arguments[1])
        }
        var campaign = Campaign()
        campaign.seed = UInt64.random(in: 0..<1_000_000)
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            guard let value = rest.popFirst() else { throw SystemFailure(message: "\(flag) needs a value") }
            switch (flag, UInt64(value)) {
            case ("--seconds", let number?): campaign.seconds = Int(clamping: number)
            case ("--seed", let number?): campaign.seed = number
            case ("--workers", let number?): campaign.workers = Int(clamping: number)
            case ("--findings", _): campaign.findings = value
            case ("--subject", _) where Subject(rawValue: value) != nil:
                campaign.subject = Subject(rawValue: value) ?? .projects
            default: throw SystemFailure(message: "cannot understand \(flag) \(value)")
            }
        }
        if try !campaign.run() { exit(1) }
    }

    /// Loads the project of a finding and shows what comes of it, if it comes to an end.
    private static func reproduce(_ folder: String) throws {
        guard let path = realpath("\(folder)/project", nil) else { throw SystemFailure("find", "\(folder)/project") }
        defer { free(path) }
        let input = try Input(readingFrom: folder)
        let verdict = Target.load(String(cString: path), input)
        print(verdict.diagnostics, verdict.accepted ? "accepted" : "refused")
    }
}
