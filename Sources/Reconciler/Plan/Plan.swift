// SPDX-License-Identifier: Apache-2.0

/// What is to be done to make reality match a project: a value, and nothing happens by making it.
package struct Plan: Codable, Equatable, Sendable {
    /// The name of the project.
    package var project: String
    /// The steps, each after those that it waits for.
    package var actions: [Action] = []
    /// What keeps the plan from being carried out: then it has no actions worth doing.
    package var problems: [Problem] = []
    /// What is to be known besides.
    package var warnings: [Problem] = []
    /// The containers that stay as they are, by name, for whoever shows the whole.
    package var unchanged: [String] = []

    package init(project: String) {
        self.project = project
    }

    /// Whether anything would change; waiting changes nothing.
    package var hasChanges: Bool {
        actions.contains { action in
            if case .awaitService = action.operation { false } else { true }
        }
    }
}

/// Collects actions.
struct PlanBuilder {
    private(set) var plan: Plan

    init(project: String) {
        plan = Plan(project: project)
    }

    /// Adds a step.
    ///
    /// - Returns: Its number.
    @discardableResult
    mutating func add(_ operation: Operation, _ causes: [Cause], after: some Sequence<Int> = []) -> Int {
        let id = plan.actions.count + 1
        plan.actions.append(Action(id: id, operation: operation, causes: causes, after: Set(after).sorted()))
        return id
    }

    /// Has a step wait for others as well; circles are the caller's to avoid.
    mutating func wait(_ id: Int, for others: some Sequence<Int>) {
        let all = Set(plan.actions[id - 1].after).union(others)
        plan.actions[id - 1].after = all.sorted()
    }

    mutating func warn(_ problem: Problem) {
        plan.warnings.append(problem)
    }

    mutating func refuse(_ problem: Problem) {
        plan.problems.append(problem)
    }

    mutating func leave(_ name: String) {
        plan.unchanged.append(name)
    }
}
