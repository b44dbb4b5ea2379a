// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc

/// Puts a case on the disk and runs both tools on it.
package struct CaseRunner: Sendable {
    package var tools: Tools
    /// Whether the folders stay for a person to look at.
    package var keepsFolders = false

    private let cache: ReferenceCache?

    /// Makes a runner.
    ///
    /// - Parameters:
    ///   - tools: the programs to compare.
    ///   - usesCache: whether answers of the reference tool may come from an earlier run.
    package init(tools: Tools, usesCache: Bool = true) {
        self.tools = tools
        cache = usesCache ? ReferenceCache(reference: tools.reference) : nil
    }

    /// Runs every command of a case.
    ///
    /// Blocks the thread.
    ///
    /// - Parameter test: the case.
    /// - Returns: one report for each command that was run.
    /// - Throws: when the files cannot be written.
    package func run(_ test: Case) throws -> [RunReport] {
        let base = try temporaryFolder()
        defer { if !keepsFolders { try? FileManager.default.removeItem(atPath: base) } }
        if keepsFolders { print("\(test.name): \(base)") }
        let project = "\(base)/proj"
        try test.write(project: project, home: "\(base)/home")
        let directory = test.workingDirectory.isEmpty ? project : "\(project)/\(test.workingDirectory)"
        var site = Site(
            name: "\(test.place): \(test.name)",
            directory: directory,
            home: "\(base)/home",
            environment: test.environment.map { Case.expand($0, project) }
        )
        site.input = test.input.map { "\(project)/\($0)" }
        site.output = test.output.map { "\(project)/\($0)" }
        site.cache = cache
        site.cacheKey = test.source
        site.base = base
        let runs = test.runs.map {
            Run(arguments: $0.arguments.map { Case.expand($0, project) }, expectation: $0.expectation)
        }
        if let deviation = test.deviation {
            return runs.prefix(1).map { compare($0, deviation, site, project) }
        }
        return site.compare(runs, isStandard: test.hasStandardRuns, tools)
    }

    private func compare(_ run: Run, _ deviation: Deviation, _ site: Site, _ project: String) -> RunReport {
        var report = RunReport(name: site.name, arguments: run.arguments, verdict: .unknown)
        if tools.comparesReferenceWithItself { return report }
        var expected = Outcome(ending: .exited(deviation.decision == .accept ? 0 : 1))
        if let output = deviation.output { expected.output = Case.expand(output, project) }
        let wharf = site.askWharf(run, tools).outcome
        if deviation.output == nil { expected.output = wharf.output }
        let wanted = Run(arguments: run.arguments)
        report = Comparison(reference: expected, wharf: wharf).report(wanted, name: site.name)
        if report.agrees, deviation.runsReference {
            let reference = site.askReference(run, tools).outcome
            if Comparison(reference: reference, wharf: wharf).report(wanted, name: site.name).agrees {
                report.verdict = .disagree
                report.details = ["wharf no longer deviates here"]
            }
        }
        return report
    }

    private func temporaryFolder() throws -> String {
        let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        var template = Array("\(parent)/wharf-conformance-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension Case {
    /// Whether the case names no command itself.
    var hasStandardRuns: Bool { runs.count == Run.standard(expectation: nil).count && runs[0].arguments == ["config"] }
}
