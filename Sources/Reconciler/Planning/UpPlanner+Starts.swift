// SPDX-License-Identifier: Apache-2.0

import Compose

// MARK: Starts

extension UpPlanner {
    /// Plans the way of each service from what there is to what runs, dependencies first.
    mutating func planStarts() {
        for name in selected {
            guard let service = project.services[name], let fate = fates[name] else { continue }
            let conditions = options.starts ? conditions(for: service) : []
            planReplacements(name, service, after: conditions)
            if options.starts { planStarts(of: name, service, fate, after: conditions) }
        }
        guard options.starts, options.waits else { return }
        for name in selected where fates[name]?.replicas.isEmpty == false {
            _ = wait(for: name, isAwaitedToComplete(name) ? .completed : .ready, isOptional: false)
        }
    }

    /// Takes the old containers of a service away, and, where the new ones come first, starts those before.
    private mutating func planReplacements(_ name: String, _ service: Service, after conditions: [Int]) {
        guard var fate = fates[name], fate.hasReplaced else { return }
        let rollout = Rollout(service)
        var batch: [Int] = []
        var gate: [Int] = []
        var size = 0
        for index in fate.replicas.indices where fate.replicas[index].isReplaced {
            batch +=
                rollout.startsFirst && options.starts
                ? planStartFirst(&fate.replicas[index], name, rollout, after: conditions + gate)
                : planStopFirst(&fate.replicas[index], name, rollout, after: conditions, gate: gate)
            size += 1
            guard rollout.parallelism > 0, size == rollout.parallelism else { continue }
            gate = batch
            if rollout.delay > 0, index != fate.replicas.indices.last {
                gate = [builder.add(.pause(milliseconds: rollout.delay), [Cause("update_config.delay")], after: batch)]
            }
            (batch, size) = ([], 0)
        }
        fates[name] = fate
    }

    /// Stop, remove, rename, start.
    ///
    /// - Returns: The actions after which the next batch may begin.
    private mutating func planStopFirst(
        _ replica: inout ReplicaFate,
        _ name: String,
        _ rollout: Rollout,
        after conditions: [Int],
        gate: [Int]
    ) -> [Int] {
        guard let old = replica.existing, let new = replica.reference, let creation = replica.creation,
            case .replace(let causes) = replica.decision
        else { return [] }
        let before = [creation] + gate + dependantStops(of: name)
        let removal = planRemoval(of: old, causes, after: before, volumes: options.renewsVolumes)
        let named =
            old.name == new.name
            ? [builder.add(.renameContainer(new, to: new.name), causes, after: [removal])] : [removal]
        replica.beforeStart += named
        guard options.starts, rollout.isAsked else { return named }
        // Batches wait for each other's containers, so that these are started here.
        let start = builder.add(.startContainer(new), causes, after: named + conditions)
        replica.started = [start]
        return [ready(name, new, rollout, after: start)]
    }

    /// Start, wait until it is ready, stop the old one, remove, rename.
    private mutating func planStartFirst(
        _ replica: inout ReplicaFate,
        _ name: String,
        _ rollout: Rollout,
        after before: [Int]
    ) -> [Int] {
        guard let old = replica.existing, let new = replica.reference, case .replace(let causes) = replica.decision
        else { return [] }
        let start = builder.add(.startContainer(new), causes, after: replica.beforeStart + before)
        let ready = ready(name, new, rollout, after: start)
        let removal = planRemoval(
            of: old,
            causes,
            after: [ready] + dependantStops(of: name),
            volumes: options.renewsVolumes
        )
        replica.started = [start]
        guard old.name == new.name else { return [removal] }
        return [builder.add(.renameContainer(new, to: new.name), causes, after: [removal])]
    }

    private mutating func ready(_ name: String, _ new: ContainerReference, _ rollout: Rollout, after start: Int) -> Int
    {
        let expectation = Expectation(
            service: name,
            condition: .ready,
            containers: [new],
            isOptional: rollout.goesOnAfterFailure
        )
        return builder.add(.awaitService(expectation), [Cause("update_config")], after: [start])
    }

    /// The stops of containers that must not see this service go away.
    private func dependantStops(of name: String) -> [Int] {
        selected.flatMap { other -> [Int] in
            guard let service = project.services[other], let fate = fates[other], fate.restartCause != nil,
                service.dependsOn[name]?.restart == true
            else { return [] }
            return fate.replicas.compactMap { $0.existing.flatMap { stops[$0.id] } }
        }
    }

    private mutating func planStarts(of name: String, _ service: Service, _ fate: ServiceFate, after conditions: [Int])
    {
        var fate = fates[name] ?? fate
        // Which of a range of ports each of them gets goes by their numbers.
        let isOrdered = service.ports.contains { $0.published?.contains("-") == true }
        var before: [Int] = []
        for index in fate.replicas.indices where fate.replicas[index].started.isEmpty {
            guard let cause = startCause(for: fate.replicas[index], of: name, fate),
                let reference = fate.replicas[index].reference
            else { continue }
            let stop = fate.replicas[index].existing.flatMap { stops[$0.id] }
            let start = builder.add(
                .startContainer(reference),
                cause,
                after: fate.replicas[index].beforeStart + conditions + clearing + before + (stop.map { [$0] } ?? [])
            )
            fate.replicas[index].started = [start]
            fate.replicas[index].isRunning = true
            if isOrdered { before = [start] }
        }
        fates[name] = fate
    }

    /// Why a container is started; nil where it is not.
    private func startCause(for replica: ReplicaFate, of name: String, _ fate: ServiceFate) -> [Cause]? {
        switch replica.decision {
        case .create(let causes), .replace(let causes): return causes
        case .keep, .adjust: break
        }
        guard let container = replica.existing else { return nil }
        if container.isActive { return fate.restartCause.map { [$0] } }
        if isDone(container, name), fate.restartCause == nil { return nil }
        switch container.phase {
        case .exited: return [Cause("it has exited" + (container.exitStatus.map { " with status \($0)" } ?? ""))]
        default: return [Cause("it was not started yet")]
        }
    }

    /// Whether a container has done all that it is there for, and is not to do it again until it changes.
    private func isDone(_ container: ObservedContainer, _ name: String) -> Bool {
        container.phase == .exited && container.exitStatus == 0 && isAwaitedToComplete(name)
    }

    /// Whether a service waits for the completion of this one.
    private func isAwaitedToComplete(_ name: String) -> Bool {
        [project.services, project.disabledServices].contains { services in
            services.values.contains { $0.dependsOn[name]?.condition == .completedSuccessfully }
        }
    }
}

// MARK: Conditions

extension UpPlanner {
    /// The actions that have to be done before a service may be started, for its dependencies.
    private mutating func conditions(for service: Service) -> [Int] {
        var actions: [Int] = []
        for (name, edge) in service.dependsOn.sorted(by: { $0.key < $1.key }) {
            // One that takes no part, or has no containers, is not waited for.
            guard let fate = fates[name], !fate.replicas.isEmpty else { continue }
            switch edge.condition {
            case .started: actions += fate.replicas.flatMap { $0.started.isEmpty ? $0.beforeStart : $0.started }
            case .healthy: actions += wait(for: name, .healthy, isOptional: !edge.required)
            case .completedSuccessfully: actions += wait(for: name, .completed, isOptional: !edge.required)
            }
        }
        return actions
    }

    /// The action that waits for a service; none where what it would wait for is true.
    private mutating func wait(for name: String, _ condition: Expectation.Condition, isOptional: Bool) -> [Int] {
        let key = Wait(service: name, condition: condition, isOptional: isOptional)
        if let id = waits[key] { return [id] }
        guard let fate = fates[name], !isTrue(condition, of: fate) else { return [] }
        var expectation = Expectation(
            service: name,
            condition: condition,
            containers: fate.replicas.compactMap(\.reference)
        )
        expectation.isOptional = isOptional
        let before = fate.replicas.flatMap { $0.started.isEmpty ? $0.beforeStart : $0.started }
        let id = builder.add(.awaitService(expectation), [], after: before)
        waits[key] = id
        return [id]
    }

    private func isTrue(_ condition: Expectation.Condition, of fate: ServiceFate) -> Bool {
        let isUntouched = fate.replicas.allSatisfy { $0.started.isEmpty && !$0.isNew }
        guard isUntouched else { return false }
        let containers = fate.replicas.compactMap(\.existing)
        switch condition {
        case .started: return containers.allSatisfy(\.isActive)
        case .healthy: return containers.allSatisfy { $0.phase == .running && $0.health == .healthy }
        case .completed: return containers.contains { $0.phase == .exited && $0.exitStatus == 0 }
        case .ready: return containers.allSatisfy { $0.phase == .running && ($0.health ?? .healthy) == .healthy }
        }
    }
}

/// How the containers of a service are replaced, as `deploy.update_config` says it.
struct Rollout {
    /// Whether the compose file says anything about it.
    var isAsked: Bool
    /// How many at a time; 0 for all.
    var parallelism: Int
    /// The time between two batches, in milliseconds.
    var delay: Int
    /// Whether new ones are started before the old ones are stopped.
    var startsFirst: Bool
    /// Whether the rest is replaced although one does not become ready.
    var goesOnAfterFailure: Bool

    init(_ service: Service) {
        let config = service.deploy?.updateConfig
        isAsked = config != nil
        parallelism = config.map { Int($0.parallelism ?? 1) } ?? 0
        delay =
            config?.delay.map { Int($0.components.seconds * 1000 + $0.components.attoseconds / 1_000_000_000_000_000) }
            ?? 0
        startsFirst = config?.order == .startFirst
        goesOnAfterFailure = config?.failureAction == "continue"
    }
}
