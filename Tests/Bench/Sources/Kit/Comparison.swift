// SPDX-License-Identifier: Apache-2.0

/// How long the same steps took with several programs.
package struct Comparison: CustomStringConvertible {
    private let title: String
    private let subjects: [String]
    private let steps: [String]
    private var seconds: [String: [String: [Double]]] = [:]

    /// - Parameters:
    ///   - subjects: The programs; the first is the one that the others are compared with.
    ///   - steps: What they do.
    ///   - title: What stands above the steps.
    package init(of subjects: [String], in steps: [String], title: String = "") {
        self.title = title
        self.subjects = subjects
        self.steps = steps
    }

    /// Adds how many seconds a step took with a program.
    package mutating func append(_ value: Double, of subject: String, in step: String) {
        seconds[step, default: [:]][subject, default: []].append(value)
    }

    /// The medians, and how many times as long as with the first program it takes with each of the others.
    package var description: String {
        var table = Table([title] + subjects.prefix(1) + subjects.dropFirst().flatMap { [$0, "times faster"] })
        for step in steps {
            let medians = subjects.map { median(seconds[step]?[$0] ?? []) }
            let others = medians.dropFirst().flatMap { [milliseconds($0), decimal($0 / medians[0], 1)] }
            table.append([step, milliseconds(medians[0])] + others)
        }
        return table.description
    }
}
