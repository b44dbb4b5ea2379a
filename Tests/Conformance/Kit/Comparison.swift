// SPDX-License-Identifier: Apache-2.0

/// How the outputs of two accepted runs are held against each other.
package enum OutputForm: Sendable {
    /// Byte for byte.
    case text
    /// As JSON values.
    case json
    /// As a set of lines, because the reference tool prints them in random order.
    case lines
    /// Not at all.
    case ignored

    private static let lists: Set<String> = [
        "--services", "--volumes", "--networks", "--images", "--profiles", "--models", "--environment", "--variables",
    ]

    /// The form that a command line asks for.
    package init(arguments: [String]) {
        if arguments.contains(where: { $0 == "--hash" || $0.hasPrefix("--hash=") }) {
            self = .ignored
        } else if arguments.contains(where: Self.lists.contains) {
            self = .lines
        } else if arguments.contains("--format=json") || arguments.contains("json") {
            self = .json
        } else {
            self = .text
        }
    }
}

/// How one run ended on both sides.
package struct RunReport: Sendable {
    package enum Verdict: Sendable {
        case agree(Decision)
        case disagree
        /// Nothing can be said, for instance because the reference tool did not end.
        case unknown
    }

    package var name: String
    package var arguments: [String]
    package var verdict: Verdict
    /// What is wrong, as lines for a person.
    package var details: [String] = []
    /// Whether the message of a refusal names a line and a column of a file.
    package var namesPlace = false

    package var agrees: Bool {
        if case .agree = verdict { return true }
        return false
    }

    package var disagrees: Bool {
        if case .disagree = verdict { return true }
        return false
    }
}

/// Both ends of one run.
package struct Comparison: Sendable {
    package var reference: Outcome
    package var wharf: Outcome
    /// The content of the file that `-o` wrote, on both sides.
    package var referenceFile: [UInt8]?
    package var wharfFile: [UInt8]?

    package init(reference: Outcome, wharf: Outcome, referenceFile: [UInt8]? = nil, wharfFile: [UInt8]? = nil) {
        self.reference = reference
        self.wharf = wharf
        self.referenceFile = referenceFile
        self.wharfFile = wharfFile
    }

    /// Compares the two ends.
    ///
    /// - Parameters:
    ///   - run: the command and what the reference tool should decide.
    ///   - name: the name of the case for the report.
    /// - Returns: the verdict with its reasons.
    package func report(_ run: Run, name: String) -> RunReport {
        var report = RunReport(name: name, arguments: run.arguments, verdict: .disagree)
        guard let expected = reference.decision, !reference.panicked else {
            // Nothing can be learnt from a crash; a case must not rest on one, though.
            report.verdict = run.expectation == nil ? .unknown : .disagree
            report.details = ["the reference tool crashed: \(reference.ending.text)"] + texts()
            return report
        }
        if let expectation = run.expectation, expectation != expected {
            report.details = ["the case says \(expectation), but the reference tool says \(expected)"]
            report.details += texts()
            return report
        }
        guard let decision = wharf.decision else {
            report.details = ["wharf \(wharf.ending.text)"] + texts()
            return report
        }
        guard decision == expected else {
            report.details = ["wharf says \(decision), the reference tool says \(expected)"] + texts()
            return report
        }
        report.details = decision == .accept ? outputDifferences(OutputForm(arguments: run.arguments)) : refusalFaults()
        report.namesPlace = decision == .reject && wharf.errors.namesPlace
        if report.details.isEmpty { report.verdict = .agree(decision) }
        return report
    }

    private func refusalFaults() -> [String] {
        wharf.errors.isEmpty ? ["wharf refuses without a message"] + texts() : []
    }

    private func outputDifferences(_ form: OutputForm) -> [String] {
        let differences = Self.differences(form, reference.output, wharf.output)
        if !differences.isEmpty { return differences + texts() }
        guard referenceFile != wharfFile else { return [] }
        return ["the written files differ"] + Self.differences(.text, referenceFile ?? [], wharfFile ?? []) + texts()
    }

    private static func differences(_ form: OutputForm, _ reference: [UInt8], _ wharf: [UInt8]) -> [String] {
        if reference == wharf { return [] }
        switch form {
        case .ignored: return []
        case .text: return diff(reference.lines, wharf.lines)
        case .lines: return reference.lines.sorted() == wharf.lines.sorted() ? [] : diff(reference.lines, wharf.lines)
        case .json:
            guard let old = JSONValue.parse(reference), let new = JSONValue.parse(wharf) else {
                return diff(reference.lines, wharf.lines)
            }
            return old == new ? [] : diff(old.lines, new.lines)
        }
    }

    private static func diff(_ old: [String], _ new: [String]) -> [String] {
        let lines = UnifiedDiff.lines(from: old, to: new)
        return lines.isEmpty ? ["the outputs differ in bytes that lines do not show"] : lines
    }

    private func texts() -> [String] {
        ["reference: \(reference.ending.text)"] + reference.errors.lines.prefix(12).map { "    \($0)" }
            + ["wharf: \(wharf.ending.text)"] + wharf.errors.lines.prefix(30).map { "    \($0)" }
    }
}

extension Outcome.Ending {
    package var text: String {
        switch self {
        case .exited(let status): "ended with status \(status)"
        case .crashed(let signal): "crashed with signal \(signal)"
        case .timedOut: "did not end in time"
        case .notStarted(let reason): "could not be started: \(reason)"
        }
    }
}

extension Outcome {
    /// Whether a program written in Go ended itself because of a mistake of its own.
    fileprivate var panicked: Bool { ending == .exited(2) && errors.lines.contains { $0.hasPrefix("panic: ") } }
}

extension [UInt8] {
    var lines: [String] {
        var lines = split(separator: 10, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        if lines.last?.isEmpty ?? false { lines.removeLast() }
        return lines
    }

    /// Whether the text has a `:LINE:COLUMN` somewhere.
    var namesPlace: Bool {
        let parts = split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count > 2 else { return false }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return parts.indices.dropFirst().dropLast().contains { index in
            !parts[index].isEmpty && parts[index].allSatisfy(digits.contains)
                && parts[index + 1].first.map(digits.contains) ?? false
        }
    }
}
