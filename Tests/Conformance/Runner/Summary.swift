// SPDX-License-Identifier: Apache-2.0

import ConformanceKit

/// Counts how the runs ended.
struct Summary {
    private var accepted = 0
    private var rejected = 0
    private var unknown = 0
    private var withPlace = 0
    private(set) var disagreements = 0
    private var names = Set<String>()
    private var failing = Set<String>()

    /// Counts a run, and prints it when it is worth reading.
    mutating func add(_ report: RunReport, verbose: Bool) {
        names.insert(report.name)
        switch report.verdict {
        case .agree(.accept): accepted += 1
        case .agree(.reject):
            rejected += 1
            if report.namesPlace { withPlace += 1 }
        case .unknown: unknown += 1
        case .disagree:
            disagreements += 1
            failing.insert(report.name)
        }
        guard verbose || report.disagrees else { return }
        let mark = report.disagrees ? "✘" : report.agrees ? "✔" : "?"
        print("\(mark) \(report.name) [\(report.arguments.joined(separator: " "))]")
        for line in report.details { print("    \(line)") }
    }

    func show() {
        print(
            """

            both accept, same output  \(accepted)
            both reject               \(rejected)  (\(withPlace) messages of wharf name line and column)
            not compared              \(unknown)
            disagree                  \(disagreements)

            \(names.count - failing.count) of \(names.count) projects agree
            """
        )
    }
}
