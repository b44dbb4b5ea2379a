// SPDX-License-Identifier: Apache-2.0

/// A plan for a person to read: a line for each thing that changes, with the reasons below.
///
/// ```
/// ± replace container p-web-1
///     environment.MODE "dev" → "prod" (compose.yaml:5:13)
///
/// Plan: 0 to create, 1 to replace, 0 to update, 0 to remove
/// ```
package struct PlanText: Sendable {
    /// How parts of the text look; what shows it knows what its terminal can do.
    package struct Markup: Sendable {
        /// Marks the sign and the verb of a change.
        package var change: @Sendable (PlanChange.Kind, String) -> String
        /// Marks a reason.
        package var cause: @Sendable (String) -> String
        /// Marks the word before a problem, `error`, or a warning.
        package var severity: @Sendable (_ isError: Bool, String) -> String

        package init(
            change: @escaping @Sendable (PlanChange.Kind, String) -> String = { $1 },
            cause: @escaping @Sendable (String) -> String = { $0 },
            severity: @escaping @Sendable (_ isError: Bool, String) -> String = { $1 }
        ) {
            self.change = change
            self.cause = cause
            self.severity = severity
        }

        /// Nothing is marked.
        package static let plain = Markup()
    }

    private let plan: Plan
    private let directory: String
    private let markup: Markup

    /// - Parameters:
    ///   - plan: The plan.
    ///   - directory: The absolute folder that the paths of files are shown relative to.
    ///   - markup: How parts of the text look.
    package init(_ plan: Plan, from directory: String, markup: Markup = .plain) {
        self.plan = plan
        self.directory = directory
        self.markup = markup
    }

    /// All of it: problems and warnings, the changes and the summary; without a line break at the end.
    package var text: String { [notices, changes, [summary]].filter { !$0.isEmpty }.joinedByEmptyLines }

    /// Problems and warnings, each with its help below.
    package var notices: [String] {
        plan.problems.flatMap { lines(of: $0, isError: true) } + plan.warnings.flatMap { lines(of: $0, isError: false) }
    }

    /// A line for each thing that changes, with the reasons below.
    package var changes: [String] {
        plan.changes.flatMap { change in
            let head = markup.change(change.kind, "\(change.kind.sign) \(change.kind.rawValue)")
            return ["\(head) \(change.subject)"]
                + change.causes.map { "    " + markup.cause($0.description(from: directory)) }
        }
    }

    /// How many things change: `Plan: 2 to create, 1 to replace, 1 to update, 0 to remove`.
    package var summary: String {
        if !plan.problems.isEmpty {
            let count = plan.problems.count
            return "Nothing can be done: \(count) problem\(count == 1 ? "" : "s")."
        }
        guard plan.hasChanges else {
            let count = plan.unchanged.count
            return "No changes: \(count) container\(count == 1 ? " is as it is" : "s are as they are") to be."
        }
        let summary = PlanSummary(plan)
        let always = [
            (summary.create, "create"), (summary.replace, "replace"), (summary.update, "update"),
            (summary.remove, "remove"),
        ]
        let further = [(summary.start, "start"), (summary.stop, "stop"), (summary.restart, "restart")]
        let parts = always + further.filter { $0.0 > 0 }
        return "Plan: " + parts.map { "\($0.0) to \($0.1)" }.joined(separator: ", ")
    }

    private func lines(of problem: Problem, isError: Bool) -> [String] {
        let word = markup.severity(isError, isError ? "error" : "warning")
        var cause = Cause(problem.message)
        cause.location = problem.location
        let help = problem.help.map { ["    " + markup.cause($0)] } ?? []
        return ["\(word): \(cause.description(from: directory))"] + help
    }
}

extension PlanChange.Kind {
    /// The sign at the start of a line.
    package var sign: String {
        switch self {
        case .create: "+"
        case .replace: "±"
        case .remove: "-"
        case .update, .start, .stop, .restart, .kill, .pause, .unpause: "~"
        }
    }
}

extension [[String]] {
    /// The groups of lines with an empty line between two of them.
    fileprivate var joinedByEmptyLines: String {
        map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
    }
}
