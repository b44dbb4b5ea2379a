// SPDX-License-Identifier: Apache-2.0

package import ConformanceKit

/// The scenarios that come with the project.
package enum Scenarios {
    /// The folder above that of this target.
    static let folder = String(#filePath.dropLast("/Kit/Scenarios.swift".count))

    /// Reads all files of scenarios.
    ///
    /// - Returns: The scenarios, by file name and then in the order of the file.
    /// - Throws: When a file cannot be read or understood.
    package static func load() throws -> [Case] { try Corpus.load("\(folder)/Cases") }
}

extension Case {
    /// The name of the file that the scenario stands in, without its extension.
    package var fileName: String { String(place.prefix { $0 != "." }) }

    private static let differencesFile = "%differences"

    /// The scenario as the tools see it, and the differences that it is known to show.
    package var parts: (scenario: Case, differences: [String]) {
        var scenario = self
        scenario.files.removeAll { $0.path == Self.differencesFile }
        guard case .bytes(let bytes)? = files.first(where: { $0.path == Self.differencesFile })?.content else {
            return (scenario, [])
        }
        return (scenario, String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init))
    }

    /// What a recording depends on: all but what is known of differences.
    package var recordedSource: String {
        var lines: [Substring] = []
        var isKept = true
        for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("--- ") { isKept = line != "--- \(Self.differencesFile)" }
            if isKept, !line.hasPrefix("differs:"), !line.isEmpty { lines.append(line) }
        }
        return lines.joined(separator: "\n")
    }
}

/// Where the states that two tools leave are not equal.
package enum StateComparison {
    /// Compares step by step.
    ///
    /// - Returns: A line for each value of the reference, `STEP - PATH = VALUE`, and of wharf, with `+`.
    package static func differences(from reference: [StepResult], to wharf: [StepResult]) -> [String] {
        var lines: [String] = []
        for (index, pair) in zip(reference, wharf).enumerated() {
            let (old, new) = (values(of: pair.0, beside: pair.1), values(of: pair.1, beside: pair.0))
            let (oldSet, newSet) = (Set(old), Set(new))
            let changed =
                old.filter { !newSet.contains($0) }.map { ($0, "-") }
                + new.filter { !oldSet.contains($0) }.map { ($0, "+") }
            let keyed = changed.map { (key: String($0.0.prefix { $0 != "=" }), mark: $0.1, line: $0.0) }
            for entry in keyed.sorted(by: { ($0.key, $1.mark, $0.line) < ($1.key, $0.mark, $1.line) }) {
                lines.append("\(index + 1) \(entry.mark) \(entry.line)")
            }
        }
        if reference.count != wharf.count { lines.append("the numbers of steps differ") }
        return lines
    }

    /// The values that a step left; of what the other tool has not got, no more than that and the state that it is in.
    private static func values(of result: StepResult, beside other: StepResult) -> [String] {
        var lines = ["exit = \(result.exit)"]
        for (number, line) in (result.output ?? "").split(separator: "\n").enumerated() {
            lines.append("output[\(number)] = \(line)")
        }
        for kind in ["containers", "networks", "volumes"] {
            for (name, object) in result.state[kind].members {
                if other.state[kind].members[name] != nil {
                    lines += object.lines.map { ".\(kind).\(name)\($0)" }
                } else {
                    lines.append(".\(kind).\(name) = \(object["State"]["Status"].text ?? "here")")
                }
            }
        }
        return lines + result.state["images"].texts.map { ".images.\($0) = here" }
    }
}
