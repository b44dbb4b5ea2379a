// SPDX-License-Identifier: Apache-2.0

import Compose
import YAML

// MARK: From the old containers to the new ones

extension UpPlanner {
    /// One service whose containers make room for others.
    private struct HandOver {
        let name: String
        let service: Service
        let rollout: Rollout
        /// What the service depends on.
        let conditions: [Int]
        /// The positions of the replicas that are handed over.
        let indices: [Int]
        /// The actions after which the next batch may begin.
        var gate: [Int] = []
        /// The new containers so far.
        var references: [ContainerReference] = []
        /// The stops, starts and waits, of which none may fail.
        var critical: [Int] = []

        /// How many of the new containers may fail.
        var mayFail: Int { rollout.failures(of: indices.count) }
        /// Whether one of the new containers may fail.
        var bearsFailures: Bool { rollout.failureAction == .proceed || mayFail > 0 }
    }

    /// How the containers of a service are replaced; one after the other where two cannot run beside each other.
    func rollout(of service: Service) -> Rollout {
        var rollout = Rollout(service.deploy?.updateConfig)
        if rollout.startsFirst {
            let count = max(1, service.replicas)
            let extra = rollout.parallelism == 0 ? count : min(count, rollout.parallelism)
            if service.exclusive(for: count + extra) != nil { rollout.startsFirst = false }
        }
        return rollout
    }

    /// Takes the old containers of a service away, and, where its file says how, starts the new ones in between.
    mutating func planHandOver(_ name: String, _ service: Service, after conditions: [Int]) {
        guard let fate = fates[name] else { return }
        let indices = fate.replicas.indices.filter { !fate.replicas[$0].outgoing.isEmpty }
        guard !indices.isEmpty else { return }
        var rollout = rollout(of: service)
        if !canReturn(indices, fate), rollout.failureAction == .rollback { rollout.failureAction = .pause }
        var handOver = HandOver(
            name: name,
            service: service,
            rollout: rollout,
            conditions: conditions,
            indices: indices
        )
        guard rollout.isAsked, options.starts else {
            let before = conditions + dependantStops(of: name)
            for index in indices { _ = planExchange(index, handOver, after: before) }
            return
        }
        if service.deploy?.updateConfig?.order == .startFirst, !rollout.startsFirst {
            warnOfOrder(name, service)
        }
        let batches = rollout.batches(of: indices)
        for (number, batch) in batches.enumerated() {
            plan(batch, &handOver)
            guard rollout.delay > 0, number + 1 < batches.count else { continue }
            let pause = Operation.pause(milliseconds: rollout.delay)
            handOver.gate = [builder.add(pause, [Cause("update_config.delay")], after: handOver.gate)]
        }
        fates[name]?.accepted = handOver.gate
        if rollout.failureAction == .rollback { finish(handOver) }
    }

    /// Whether the old containers could be started again: what they use of other services has to be there still.
    private func canReturn(_ indices: [Int], _ fate: ServiceFate) -> Bool {
        let there = Set(world.containers.map(\.id)).subtracting(removals.keys)
        return indices.flatMap { fate.replicas[$0].outgoing }.allSatisfy { there.isSuperset(of: $0.uses) }
    }

    private mutating func warnOfOrder(_ name: String, _ service: Service) {
        let path: NodePath = [
            .key("services"), .key(name), .key("deploy"), .key("update_config"), .key("order"),
        ]
        let what = service.exclusive(for: .max) ?? "something"
        builder.warn(
            Problem(
                "the new container of the service \(name) cannot start first: both would have \(what)",
                help: "publish a range of ports, or none, to replace it without a gap",
                at: project.sources?.location(of: path)
            )
        )
    }

    // MARK: Without a rollout

    /// Stop, remove, rename.
    ///
    /// - Returns: The actions after which the new one may start.
    private mutating func planExchange(_ index: Int, _ handOver: HandOver, after before: [Int]) -> [Int] {
        let creation = fates[handOver.name]?.replicas[index].creation.map { [$0] } ?? []
        return planRemovals(index, handOver.name, after: creation + before)
    }

    /// Removes what a replica comes in the place of, and gives it the name.
    private mutating func planRemovals(_ index: Int, _ name: String, after before: [Int]) -> [Int] {
        guard let fate = fates[name], let reference = fate.replicas[index].reference else { return [] }
        let replica = fate.replicas[index]
        let causes = replica.handOverCauses
        var actions = replica.outgoing.map { old in
            planRemoval(of: old, causes, after: before, volumes: fate.renewsVolumes)
        }
        let current = replica.isNew ? temporaryName(of: replica) : replica.existing?.name
        if let current, current != reference.name {
            let free = actions + replica.nameFreed
            actions = [builder.add(.renameContainer(reference, to: reference.name), causes, after: free)]
        }
        fates[name]?.replicas[index].beforeStart += actions
        return actions
    }

    func temporaryName(of replica: ReplicaFate) -> String? {
        guard let id = replica.creation, case .createContainer(let creation) = builder.plan.actions[id - 1].operation
        else { return nil }
        return creation.temporaryName
    }

    /// The stops of containers that must not see this service go away.
    func dependantStops(of name: String) -> [Int] {
        restarted(for: name).compactMap { stops[$0.id] }
    }

    /// The containers that are stopped while those of a service are replaced, those included that are replaced themselves.
    private func restarted(for name: String) -> [ObservedContainer] {
        order.flatMap { other -> [ObservedContainer] in
            guard let fate = fates[other], fate.restartCause != nil else { return [] }
            let service = project.services[other]
            guard service?.dependsOn[name]?.restart == true || service?.sharedServices.contains(name) == true else {
                return []
            }
            return fate.replicas.flatMap { ($0.existing.map { [$0] } ?? []) + $0.predecessors }
        }
    }

    // MARK: As `update_config` says

    /// Replaces some containers, and waits until they are ready.
    private mutating func plan(_ batch: [Int], _ handOver: inout HandOver) {
        let isStartFirst = handOver.rollout.startsFirst
        let isOrdered = handOver.service.ports.contains { $0.publishedRange != nil }
        var (starts, ends, last): ([Int], [Int], [Int]) = ([], [], [])
        for index in batch {
            guard let replica = fates[handOver.name]?.replicas[index], let reference = replica.reference else {
                continue
            }
            if !isStartFirst { ends += planEnds(index, &handOver) }
            let before = replica.beforeStart + handOver.gate + handOver.conditions + (isOrdered ? last : [])
            last = planStart(index, handOver, after: before + (isStartFirst ? [] : release(of: index, handOver)))
            starts += last
            handOver.references.append(reference)
        }
        let ready = planReady(batch, handOver, after: starts.isEmpty ? handOver.gate + ends : starts)
        handOver.critical += ready
        if !handOver.bearsFailures { handOver.critical += starts }
        if isStartFirst {
            let before = ready.isEmpty ? starts + handOver.gate : ready
            for index in batch { ends += planEnds(index, &handOver, after: before) }
        }
        handOver.gate = ready.isEmpty ? starts + ends : isStartFirst && !ends.isEmpty ? ends : ready
    }

    /// The actions after which what a replica comes in the place of does not run any more, and its name is free if it is to be.
    private func release(of index: Int, _ handOver: HandOver) -> [Int] {
        guard let replica = fates[handOver.name]?.replicas[index] else { return [] }
        return replica.beforeStart + replica.outgoing.compactMap { stops[$0.id] }
    }

    /// Takes the old container of a replica away; where it could have to come back, only stops it.
    private mutating func planEnds(_ index: Int, _ handOver: inout HandOver, after ready: [Int] = []) -> [Int] {
        guard let replica = fates[handOver.name]?.replicas[index] else { return [] }
        let creation = replica.creation.map { [$0] } ?? []
        let before =
            creation + ready + handOver.gate + handOver.conditions + startClearing(handOver.service)
            + dependantStops(of: handOver.name)
        guard handOver.rollout.failureAction == .rollback else {
            return planRemovals(index, handOver.name, after: before)
        }
        let stops = replica.outgoing.flatMap { planStop(of: $0, replica.handOverCauses, after: before) }
        handOver.critical += stops
        return stops
    }

    private mutating func planStart(_ index: Int, _ handOver: HandOver, after before: [Int]) -> [Int] {
        guard let fate = fates[handOver.name], let reference = fate.replicas[index].reference else { return [] }
        let replica = fate.replicas[index]
        let causes = replica.isNew ? replica.handOverCauses : startCause(for: replica, of: handOver.name, fate)
        guard let causes else { return [] }
        let own = replica.existing.flatMap { replica.isNew ? nil : stops[$0.id] }.map { [$0] } ?? []
        let after = before + startClearing(handOver.service) + own
        let start = builder.add(.startContainer(reference), causes, after: after)
        fates[handOver.name]?.replicas[index].started = [start]
        return [start]
    }

    /// Waits for the new containers so far; none where they are ready already.
    private mutating func planReady(_ batch: [Int], _ handOver: HandOver, after starts: [Int]) -> [Int] {
        let replicas = batch.compactMap { fates[handOver.name]?.replicas[$0] }
        let isOneShot = isOneShot(handOver.name)
        let areReady = replicas.allSatisfy { replica in
            replica.started.isEmpty && (replica.existing?.isReady == true || isOneShot)
        }
        if areReady { return [] }
        var expectation = Expectation(
            service: handOver.name,
            condition: isOneShot ? .completed : .ready,
            containers: handOver.references
        )
        expectation.isOptional = handOver.rollout.failureAction == .proceed
        expectation.mayFail = handOver.mayFail
        expectation.monitor = handOver.rollout.monitor
        return [builder.add(.awaitService(expectation), [Cause("update_config")], after: starts)]
    }

    // MARK: Rollback

    /// Removes the old containers once all new ones are ready, and plans what is done where one is not.
    private mutating func finish(_ handOver: HandOver) {
        planRollback(handOver)
        for index in handOver.indices { _ = planRemovals(index, handOver.name, after: handOver.gate) }
    }

    /// Removes the new containers and starts the old ones again, as `rollback_config` says.
    private mutating func planRollback(_ handOver: HandOver) {
        guard !handOver.critical.isEmpty else { return }
        let config = Rollout(handOver.service.deploy?.rollbackConfig, parallelism: 0)
        let cause = Cause("update_config.failure_action is `rollback`")
        var gate: [Int] = []
        for (number, batch) in config.batches(of: handOver.indices).enumerated() {
            if number > 0, config.delay > 0 {
                let pause = Operation.pause(milliseconds: config.delay)
                gate = [
                    builder.add(pause, [Cause("rollback_config.delay")], onFailureOf: handOver.critical, after: gate)
                ]
            }
            gate = batch.flatMap { index in
                planReturn(index, handOver, config, cause, after: gate)
            }
        }
        for container in restarted(for: handOver.name) where stops[container.id] != nil && removals[container.id] == nil
        {
            // Who can do without it goes on all the same.
            let service = project.services[container.service]
            let isRequired = service?.dependsOn[handOver.name]?.required != false
            guard isRequired || service?.sharedServices.contains(handOver.name) == true else { continue }
            let reference = ContainerReference(container)
            builder.add(.startContainer(reference), [cause], onFailureOf: handOver.critical, after: gate)
        }
    }

    private mutating func planReturn(
        _ index: Int,
        _ handOver: HandOver,
        _ config: Rollout,
        _ cause: Cause,
        after gate: [Int]
    ) -> [Int] {
        guard let fate = fates[handOver.name], let new = fate.replicas[index].reference,
            let old = fate.replicas[index].outgoing.first
        else { return [] }
        let remove = Operation.removeContainer(new, volumes: fate.renewsVolumes)
        let start = Operation.startContainer(ContainerReference(old))
        let isStartFirst = config.startsFirst && handOver.rollout.startsFirst
        let steps = isStartFirst ? [start, remove] : [remove, start]
        var last = gate
        for step in steps { last = [builder.add(step, [cause], onFailureOf: handOver.critical, after: last)] }
        return last
    }
}
