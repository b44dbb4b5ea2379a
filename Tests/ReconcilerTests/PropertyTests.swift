// SPDX-License-Identifier: Apache-2.0

import Compose
import Reconciler
import Testing

/// What holds for any project and any world; each seed is one of both.
@Suite struct `Any plan` {
    @Test(arguments: 0..<60)
    func `is a graph without circles whose actions can be done in any order that it allows`(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        var stage = try disturbedStage(&random)
        let plan = stage.plan
        checkShape(of: plan)
        #expect(plan.problems == [])
        perform(plan, on: &stage, count: plan.actions.count, &random)
        #expect(stage.world.refusals == [], "\(stage.text(plan))")
    }

    @Test(arguments: 0..<60)
    func `leaves nothing to do`(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        var stage = try disturbedStage(&random)
        let plan = stage.plan
        stage.up()
        #expect(!stage.plan.hasChanges, "\(stage.planText)\nafter\n\(stage.text(plan))")
    }

    @Test(arguments: 0..<60)
    func `comes to the same end when it is cut off anywhere`(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        let start = try disturbedStage(&random)
        var whole = start
        whole.up()
        var stage = start
        var steps: [String] = []
        // A plan that was cut off can be cut off again.
        for _ in 0..<3 {
            let plan = stage.plan
            let count = Int.random(in: 0...plan.actions.count, using: &random)
            perform(plan, on: &stage, count: count, &random)
            steps.append("\(count) of\n\(stage.text(plan))")
        }
        let last = stage.plan
        checkShape(of: last)
        stage.up()
        steps.append("all of\n\(stage.text(last))")
        let story = steps.joined(separator: "\n")
        #expect(stage.world.refusals == [], "\(story)")
        #expect(end(of: stage) == end(of: whole), "\(story)")
        #expect(!stage.plan.hasChanges, "\(stage.planText)\nafter\n\(story)")
    }

    @Test(arguments: 0..<60)
    func `can be carried out in part for some services`(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        var stage = try disturbedStage(&random)
        let services = stage.desired.project.services.keys.sorted()
        stage.options.services = services.filter { _ in random.once(in: 2) }
        stage.options.recreation = random.pick([.changed, .always])
        stage.options.renewsVolumes = random.once(in: 4)
        stage.options.starts = !random.once(in: 4)
        let plan = stage.plan
        checkShape(of: plan)
        // What a service that takes no part keeps, or has not got yet, is not there for others.
        let problems = plan.problems.filter {
            !$0.message.contains("is taken by the container") && !$0.message.hasSuffix(", which has no container")
        }
        #expect(problems == [])
        if !plan.problems.isEmpty { return }
        perform(plan, on: &stage, count: plan.actions.count, &random)
        stage.options = stage.standard
        stage.up()
        #expect(stage.world.refusals == [], "\(stage.text(plan))")
        #expect(!stage.plan.hasChanges, "\(stage.planText)\nafter\n\(stage.text(plan))")
    }

    @Test(arguments: 0..<60)
    func `for failures brings the old containers back`(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        var stage = try disturbedStage(&random)
        let plan = stage.plan
        let critical = Set(plan.actions.flatMap(\.onFailureOf))
        guard let failing = critical.sorted().randomElement(using: &random) else { return }
        let before = stage.world.observed.containers
        performFailing(plan, failing, on: &stage)
        #expect(stage.world.refusals == [], "\(failing) fails of\n\(stage.text(plan))")
        // Whoever the plan would start again in such a case runs as before.
        for action in plan.actions where action.onFailureOf.contains(failing) {
            guard case .startContainer(let reference) = action.operation else { continue }
            let old = stage.world.observed.containers.first { $0.id == reference.id }
            #expect(old?.isActive == true, "\(reference.name)")
            #expect(old?.name == before.first { $0.id == reference.id }?.name)
        }
        stage.up()
        #expect(stage.world.refusals == [], "\(failing) fails of\n\(stage.text(plan))")
        #expect(!stage.plan.hasChanges)
    }

    // MARK: Stages

    /// A project that was up, whose world and then whose file have changed.
    private func disturbedStage(_ random: inout SeededGenerator) throws -> Stage {
        var stage = try Stage(RandomProject.text(&random))
        stage.standard.removesOrphans = true
        stage.options = stage.standard
        stage.up()
        #expect(stage.world.refusals == [])
        if random.once(in: 2) { RandomProject.disturb(&stage.world, &random) }
        if !random.once(in: 5) { try stage.edit(RandomProject.text(&random)) }
        return stage
    }

    // MARK: Performances

    /// Carries out some actions, in an order drawn by lot.
    private func perform(_ plan: Plan, on stage: inout Stage, count: Int, _ random: inout SeededGenerator) {
        stage.world.begin()
        var done: Set<Int> = []
        var waiting = plan.actions.filter(\.onFailureOf.isEmpty)
        for _ in 0..<count {
            let ready = waiting.filter { done.isSuperset(of: $0.after) }
            guard let action = ready.randomElement(using: &random) else { return }
            stage.world.perform(action, for: stage.desired)
            done.insert(action.id)
            waiting.removeAll { $0.id == action.id }
        }
    }

    /// Carries a plan out of which one action fails.
    private func performFailing(_ plan: Plan, _ failing: Int, on stage: inout Stage) {
        stage.world.begin()
        var ends: [Int: Bool] = [:]
        for action in plan.actions {
            let isBorn: Bool
            if case .awaitService(let expectation) = action.operation {
                isBorn = expectation.bearsFailures
            } else {
                isBorn = false
            }
            let isReady = isBorn || action.after.allSatisfy { ends[$0] == true }
            let isCalled = action.onFailureOf.isEmpty || action.onFailureOf.contains(failing)
            guard isReady, isCalled, action.id != failing else {
                ends[action.id] = false
                continue
            }
            if isCalled, !action.onFailureOf.isEmpty, case .startContainer(let reference) = action.operation,
                stage.world.observed.containers.contains(where: { $0.id == reference.id && $0.isActive })
            {
                ends[action.id] = true
                continue
            }
            stage.world.perform(action, for: stage.desired)
            ends[action.id] = true
        }
    }

    // MARK: Properties

    private func checkShape(of plan: Plan) {
        #expect(plan.actions.map(\.id) == Array(1..<(plan.actions.count + 1)))
        var removed: Set<String> = []
        var stopped: Set<String> = []
        for action in plan.actions {
            // Each comes after what it waits for: there is no circle.
            #expect(action.after.allSatisfy { (1..<action.id).contains($0) })
            #expect(action.onFailureOf.allSatisfy { (1..<action.id).contains($0) })
            guard action.onFailureOf.isEmpty else { continue }
            // What was not planned for a failure waits for nothing that was.
            #expect(action.after.allSatisfy { plan.actions[$0 - 1].onFailureOf.isEmpty })
            switch action.operation {
            case .removeContainer(let container, _): #expect(removed.insert(container.id ?? "").inserted)
            case .stopContainer(let container, _): #expect(stopped.insert(container.id ?? "").inserted)
            case .startContainer(let container):
                if let creation = container.creation { #expect(ancestors(of: action.id, in: plan).contains(creation)) }
            default: break
            }
        }
    }

    private func ancestors(of id: Int, in plan: Plan) -> Set<Int> {
        var found: Set<Int> = []
        var waiting = [id]
        while let next = waiting.popLast() {
            for before in plan.actions[next - 1].after where found.insert(before).inserted { waiting.append(before) }
        }
        return found
    }

    /// What is there in the end, without what is different each time.
    private func end(of stage: Stage) -> [String] {
        let world = stage.world.observed
        let containers = world.containers.map { container in
            "\(container.name) \(container.service) \(container.number ?? 0) \(container.phase) \(container.imageID) "
                + "\(container.configHash) \(container.networks.sorted()) \(container.volumes.sorted())"
        }
        return containers.sorted() + world.networks.values.map { "\($0.name) \($0.configHash)" }.sorted()
            + world.volumes.keys.sorted()
    }
}
