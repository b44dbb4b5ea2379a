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
    /// Those of them that have done what they are there for, and do not run.
    package var finished: [String] = []

    package init(project: String) {
        self.project = project
    }

    /// Whether anything would change: waiting changes nothing, and neither does what is only remembered.
    package var hasChanges: Bool { actions.contains(where: \.isChange) }
}

extension Action {
    /// Whether it makes anything other than it was.
    ///
    /// An update without a cause only has the engine remember values that do not concern the container, such as `depends_on`.
    package var isChange: Bool {
        switch operation {
        case .awaitService, .pause: false
        case .adjustContainer: !causes.isEmpty
        default: onFailureOf.isEmpty
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

    /// Adds a step that is done only where one of others fails.
    ///
    /// - Returns: Its number.
    @discardableResult
    mutating func add(
        _ operation: Operation,
        _ causes: [Cause],
        onFailureOf others: some Sequence<Int>,
        after: some Sequence<Int> = []
    ) -> Int {
        let id = add(operation, causes, after: after)
        plan.actions[id - 1].onFailureOf = Set(others).sorted()
        return id
    }

    mutating func warn(_ problem: Problem) {
        plan.warnings.append(problem)
    }

    mutating func refuse(_ problem: Problem) {
        plan.problems.append(problem)
    }

    /// Notes the containers that nothing is done to.
    mutating func leave(_ containers: [ObservedContainer]) {
        plan.unchanged = containers.map(\.name)
        plan.finished = containers.filter { $0.phase == .exited }.map(\.name)
    }
}
