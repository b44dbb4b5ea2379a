// SPDX-License-Identifier: Apache-2.0

import OCI

/// Turns a Dockerfile into a plan: resolves stages, fills in variables, follows the config of each image, and checks.
package struct Planner {
    let dockerfile: Dockerfile
    let request: BuildRequest
    let expander: Expander
    var plan = BuildPlan()
    var linter = Linter(LintOptions())
    /// The arguments before the first stage, and those of the platforms; nil where they have no value.
    var globals: [String: String?] = [:]
    /// Those that the file declares.
    var globalDeclarations: [String: StageParameters.Argument] = [:]
    private var stagesByName: [String: Int] = [:]
    private var sources: [BuildStep.Source: StepID] = [:]
    /// Where each stage stands at the moment that is over: what stages upon it begin with.
    private var states: [StageState] = []
    /// The characters that came of filling in variables.
    private var length = 0
    private var usedArguments: Set<String> = []

    /// Makes the plan of a Dockerfile.
    ///
    /// - Parameters:
    ///   - dockerfile: The file.
    ///   - request: What is asked of it.
    /// - Returns: The plan, with all that is wrong.
    package static func plan(_ dockerfile: Dockerfile, _ request: BuildRequest = BuildRequest()) -> BuildPlan {
        var planner = Planner(dockerfile, request)
        planner.run()
        return planner.plan
    }

    private init(_ dockerfile: Dockerfile, _ request: BuildRequest) {
        self.dockerfile = dockerfile
        self.request = request
        expander = Expander(escape: dockerfile.directives.escape)
    }

    private mutating func run() {
        plan.problems = dockerfile.problems
        do throws(BuildProblem) {
            linter = Linter(try request.lintOptions(dockerfile.directives))
        } catch {
            plan.problems.append(error)
        }
        linter.check(dockerfile)
        for (name, value) in request.platformArguments { globals[name] = request.arguments[name] ?? value }
        do throws(BuildProblem) {
            try readGlobals()
        } catch {
            plan.problems.append(error)
        }
        for index in dockerfile.stages.indices { planStage(index) }
        chooseTarget()
        plan.findings = linter.findings
        plan.failsOnFindings = linter.options.failsOnFindings
        plan.unusedArguments = request.arguments.keys.filter { name in
            !usedArguments.contains(name) && globalDeclarations[name] == nil && !Self.isKnown(name)
        }
        .sorted()
    }

    /// Whether an argument means something to the builder itself.
    private static func isKnown(_ name: String) -> Bool {
        BuildRequest.isProxy(name) || name == "SOURCE_DATE_EPOCH" || name.hasPrefix("BUILDKIT_")
            || BuildRequest().platformArguments[name] != nil
    }

    private mutating func readGlobals() throws(BuildProblem) {
        for instruction in dockerfile.globalArguments {
            guard case .arg(let declarations) = instruction.content else { continue }
            for declaration in declarations {
                let name = declaration.name.text
                var value = request.arguments[name]
                if value == nil { value = try defaultValue(declaration, globalValues) }
                globals[name] = .some(value)
                globalDeclarations[name] = StageParameters.Argument(
                    name: name,
                    value: value,
                    description: instruction.description(of: name),
                    place: declaration.name.place
                )
            }
        }
    }

    private func defaultValue(
        _ declaration: ArgumentDeclaration,
        _ values: [String: String]
    ) throws(BuildProblem) -> String? {
        guard let text = declaration.defaultValue else { return nil }
        var filling = Filling(expander, values)
        return try filling.text(text, at: declaration.name.place)
    }

    /// What FROM sees: an argument without a value is empty there.
    var globalValues: [String: String] { globals.mapValues { $0 ?? "" } }

    /// What FROM sees where nothing is given.
    func defaultGlobals() throws(BuildProblem) -> [String: String] {
        var values = request.platformArguments
        for instruction in dockerfile.globalArguments {
            guard case .arg(let declarations) = instruction.content else { continue }
            for declaration in declarations {
                values[declaration.name.text] = try defaultValue(declaration, values) ?? ""
            }
        }
        return values
    }

    private mutating func chooseTarget() {
        guard !plan.stages.isEmpty else { return }
        guard let target = request.target, !target.isEmpty else {
            plan.target = plan.stages.count - 1
            return
        }
        // Of stages with the same name the last one counts.
        if let index = stagesByName[target.lowercased()] {
            plan.target = index
        } else if let index = Int(target), plan.stages.indices.contains(index) {
            plan.target = index
        } else {
            let names = plan.stages.compactMap(\.name)
            var problem = BuildProblem(
                "target stage `\(target.shown)` could not be found",
                at: nil,
                word: target.lowercased(),
                among: names
            )
            if problem.help == nil, !names.isEmpty { problem.help = "there is \(names.joined(separator: ", "))" }
            plan.problems.append(problem)
        }
    }

    // MARK: Stages

    private mutating func planStage(_ index: Int) {
        let stage = dockerfile.stages[index]
        var state = StageState(
            PlannedStage(
                index: index,
                name: stage.from.stageName,
                description: stage.from.stageName.flatMap { stage.instruction.description(of: $0) },
                place: stage.instruction.place,
                platform: request.platform
            )
        )
        do throws(BuildProblem) {
            try begin(&state, stage)
        } catch {
            state.fail(error.located(at: stage.instruction.place))
        }
        // A context with the name of the stage takes its place.
        if state.isReplaced {
            finish(state)
            return
        }
        for trigger in state.changes.dropTriggers() {
            do throws(BuildProblem) {
                for instruction in try Instruction.read(trigger) {
                    try evaluate(instruction.moved(to: stage.instruction.place), &state)
                }
            } catch {
                var problem = error
                problem.message = "the trigger `\(trigger.shown)` of the base: \(problem.message)"
                problem.place = stage.instruction.place
                state.fail(problem)
            }
        }
        for instruction in stage.instructions {
            do throws(BuildProblem) {
                try evaluate(instruction, &state)
            } catch {
                state.fail(error.located(at: instruction.place))
            }
        }
        finish(state)
    }

    private mutating func finish(_ state: StageState) {
        var state = state
        state.stage.config = state.changes.config
        states.append(state)
        plan.stages.append(state.stage)
        if let name = state.stage.name { stagesByName[name] = state.stage.index }
    }

    /// The stage before with a name or number.
    func stage(_ reference: String, before index: Int) throws(BuildProblem) -> Int? {
        if let found = stagesByName[reference.lowercased()] { return found }
        if let number = Int(reference), reference.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            guard dockerfile.stages.indices.contains(number) else {
                throw BuildProblem("there is no stage \(number): the file has \(dockerfile.stages.count)")
            }
            guard number < index else { throw Self.notYet(reference) }
            return number
        }
        let later = dockerfile.stages[index...].contains { $0.from.stageName == reference.lowercased() }
        if later { throw Self.notYet(reference) }
        return nil
    }

    /// Refuses a name that the stage or one behind it has as well: it means the last one, which is not there yet.
    func checkUnique(_ reference: String, from index: Int) throws(BuildProblem) {
        let name = reference.lowercased()
        guard stagesByName[name] != nil, dockerfile.stages[index...].contains(where: { $0.from.stageName == name })
        else { return }
        throw BuildProblem(
            "several stages are called `\(reference.shown)`, and the last of them is not there yet",
            help: "give each stage a name of its own"
        )
    }

    private static func notYet(_ reference: String) -> BuildProblem {
        BuildProblem(
            "the stage `\(reference.shown)` cannot be used here: it has to end before the stage that uses it begins",
            help: "move it up in the file"
        )
    }

    /// What a stage upon another one begins with.
    func state(of index: Int) -> StageState { states[index] }

    /// Notes that an argument that was given is used.
    mutating func markUsed(_ name: String) { usedArguments.insert(name) }

    // MARK: Steps

    /// Adds a step and returns its number.
    mutating func add(
        _ operation: BuildStep.Operation,
        _ text: String,
        stage: Int?,
        at place: SourcePlace?
    ) -> StepID {
        let id = plan.steps.count
        plan.steps.append(BuildStep(id: id, stage: stage, place: place, text: text, operation: operation))
        return id
    }

    /// The step that brings a source; each source has one, whoever uses it.
    mutating func step(for source: BuildStep.Source, _ text: String, at place: SourcePlace) -> StepID {
        if let id = sources[source] { return id }
        let id = add(.source(source), text, stage: nil, at: place)
        sources[source] = id
        return id
    }

    /// Notes how much came of filling in variables.
    mutating func count(_ filling: Filling) throws(BuildProblem) {
        length += filling.length
        if length > Limits.totalExpansion {
            throw BuildProblem("the file becomes too long when its variables are filled in")
        }
    }
}

/// Where a stage stands while its instructions are gone through.
struct StageState {
    var stage: PlannedStage
    var changes = ConfigChanges()
    var scope = Scope()
    /// Whether a context takes the place of the stage.
    var isReplaced = false
    /// Whether the config of an image below is not known, so that it may have further variables.
    var hasUnknownBase = false
    /// Whether WORKDIR was used in this file.
    var hasDirectory = false
    /// The last CMD, ENTRYPOINT and HEALTHCHECK.
    var lastOf: [Keyword: SourcePlace] = [:]
    /// How many agents programs were given.
    var agentCount = 0

    init(_ stage: PlannedStage) {
        self.stage = stage
    }

    mutating func fail(_ problem: BuildProblem) {
        if stage.problems.count < Limits.problems { stage.problems.append(problem) }
    }

    /// The folder that relative paths start from.
    var directory: String { changes.config.workingDir.flatMap { $0.isEmpty ? nil : $0 } ?? "/" }
}

extension Instruction {
    /// The same instruction at another place: that of a trigger is the FROM that set it off.
    fileprivate func moved(to place: SourcePlace) -> Instruction {
        var copy = self
        copy.name.place = place
        copy.lastLine = place.line
        copy.comments = []
        return copy
    }
}
