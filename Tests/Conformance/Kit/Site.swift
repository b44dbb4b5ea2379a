// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// A folder in which both tools run one after the other.
package struct Site: Sendable {
    package var name: String
    package var directory: String
    package var environment: [String]
    package var input: String?
    package var output: String?
    var cache: ReferenceCache?
    /// What tells this site apart from others in the cache, and the folder that is different each time.
    var cacheKey = ""
    var base = ""

    /// Nothing that decides about the outcome may come from the caller's environment.
    private static let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    private static let wharfLimit = Duration.seconds(120)
    private static let referenceLimit = Duration.seconds(600)

    package init(name: String, directory: String, home: String, environment: [String] = []) {
        self.name = name
        self.directory = directory
        self.environment = [Self.path, "HOME=\(home)"] + environment
    }

    /// Runs one command with both tools and compares what they do.
    package func compare(_ run: Run, _ tools: Tools) -> RunReport {
        let reference = askReference(run, tools)
        let wharf = askWharf(run, tools)
        let comparison = Comparison(
            reference: reference.outcome,
            wharf: wharf.outcome,
            referenceFile: reference.file,
            wharfFile: wharf.file
        )
        return comparison.report(run, name: name)
    }

    /// Runs several commands; the rest is left out when the first is refused.
    package func compare(_ runs: [Run], isStandard: Bool, _ tools: Tools) -> [RunReport] {
        var reports: [RunReport] = []
        for run in runs {
            let report = compare(run, tools)
            reports.append(report)
            if isStandard, reports.count == 1 {
                guard case .agree(.accept) = report.verdict else { break }
            }
        }
        return reports
    }

    func askReference(_ run: Run, _ tools: Tools) -> Answer {
        guard let cache else { return perform(run, tools.reference, limit: Self.referenceLimit) }
        let question = "\(cacheKey)\n\(run.arguments)"
        return cache.answer(question, base: base) { perform(run, tools.reference, limit: Self.referenceLimit) }
    }

    func askWharf(_ run: Run, _ tools: Tools) -> Answer {
        perform(run, tools.wharf, limit: Self.wharfLimit)
    }

    private func perform(_ run: Run, _ executable: String, limit: Duration) -> Answer {
        if let output { try? FileManager.default.removeItem(atPath: output) }
        let invocation = Invocation(
            executable: executable,
            arguments: run.arguments,
            environment: environment,
            directory: directory,
            input: input,
            timeLimit: limit
        )
        let outcome = invocation.run()
        let file = output.flatMap { FileManager.default.contents(atPath: $0) }.map { Array($0) }
        return Answer(outcome: outcome, file: file)
    }
}
