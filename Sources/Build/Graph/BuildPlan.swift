// SPDX-License-Identifier: Apache-2.0

package import OCI

/// All that a Dockerfile comes to: its stages with their steps, what is wrong, and what the rules say.
package struct BuildPlan: Sendable {
    /// The stages in the order of the file.
    package internal(set) var stages: [PlannedStage] = []
    /// The steps of all stages; each stands behind those that it depends on.
    package internal(set) var steps: [BuildStep] = []
    /// What is wrong with the file as a whole.
    package internal(set) var problems: [BuildProblem] = []
    /// What the rules have found.
    package internal(set) var findings: [LintFinding] = []
    /// Whether a finding makes the build fail.
    package internal(set) var failsOnFindings = false
    /// The stage that is wanted; nil where there is none.
    package internal(set) var target: Int?
    /// The arguments that were given and that no stage has asked for.
    package internal(set) var unusedArguments: [String] = []

    /// Everything that is wrong, with stages that the target does not need as well, in the order of the file.
    package var allProblems: [BuildProblem] {
        (problems + stages.flatMap(\.problems)).enumerated().sorted { one, other in
            let last = SourcePlace(line: .max, column: .max)
            let (first, second) = (one.element.place ?? last, other.element.place ?? last)
            return first == second ? one.offset < other.offset : first < second
        }
        .map(\.element)
    }

    /// The stages that a stage needs, itself included.
    package func needed(by index: Int) -> Set<Int> {
        var needed: Set = [index]
        var open = [index]
        while let next = open.popLast() {
            for other in stages[next].needs where needed.insert(other).inserted { open.append(other) }
        }
        return needed
    }

    /// What has to be done for the stage that is wanted.
    ///
    /// Stages that it does not need are left out, whatever is wrong with them.
    ///
    /// - Returns: The steps.
    /// - Throws: ``BuildProblem`` for the first thing that is wrong.
    package func graph() throws(BuildProblem) -> BuildGraph {
        if let problem = problems.first { throw problem }
        guard let target else { throw BuildProblem("the Dockerfile has no stage") }
        let needed = needed(by: target)
        for index in needed.sorted() {
            if let problem = stages[index].problems.first { throw problem }
        }
        if failsOnFindings, let finding = findings.first {
            throw BuildProblem(
                "the rule \(finding.rule.rawValue) has found something: \(finding.message)",
                at: finding.place,
                help: "`# check=skip=\(finding.rule.rawValue)` switches it off"
            )
        }
        var wanted = Set(steps.filter { $0.stage.map(needed.contains) ?? false }.map(\.id))
        for stage in needed { if let files = stages[stage].files { wanted.insert(files) } }
        for step in steps.reversed() where wanted.contains(step.id) {
            wanted.formUnion(step.dependencies)
            // A linked copy does not depend on what it lies upon, but the image has it.
            if case .copy(let copy) = step.operation, let below = copy.below { wanted.insert(below) }
        }
        return BuildGraph(steps: steps.filter { wanted.contains($0.id) }, target: stages[target])
    }

    /// The images whose config has to be known for the target, and is not.
    ///
    /// - Parameter known: The full names of those that are.
    /// - Returns: The names with their platforms, in the order of the file.
    package func unknownImages(known: Set<String>) -> [(name: String, platform: Platform)] {
        guard let target else { return [] }
        let needed = needed(by: target)
        var found: [(name: String, platform: Platform)] = []
        for stage in stages where needed.contains(stage.index) {
            if case .image(let name, let platform) = stage.base, !known.contains(name),
                !found.contains(where: { $0.name == name && $0.platform == platform })
            {
                found.append((name, platform))
            }
        }
        return found
    }

    /// What a build of the target can be given, its own first and then that of the stages that it needs.
    package var parameters: StageParameters {
        guard let target else { return StageParameters() }
        var result = StageParameters()
        for index in needed(by: target).sorted(by: >) {
            let own = stages[index].parameters
            for argument in own.arguments where !result.arguments.contains(where: { $0.name == argument.name }) {
                result.arguments.append(argument)
            }
            Self.add(own.secrets, to: &result.secrets)
            Self.add(own.agents, to: &result.agents)
            Self.add(own.caches, to: &result.caches)
        }
        result.arguments.sort { $0.place < $1.place }
        result.secrets.sort { $0.place < $1.place }
        result.agents.sort { $0.place < $1.place }
        result.caches.sort { $0.place < $1.place }
        return result
    }

    private static func add(
        _ credentials: [StageParameters.Credential],
        to result: inout [StageParameters.Credential]
    ) {
        for credential in credentials {
            if let index = result.firstIndex(where: { $0.id == credential.id }) {
                result[index].isRequired = result[index].isRequired || credential.isRequired
            } else {
                result.append(credential)
            }
        }
    }
}
