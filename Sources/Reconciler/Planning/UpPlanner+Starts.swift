// SPDX-License-Identifier: Apache-2.0

import Compose

// MARK: Starts

extension UpPlanner {
    /// Plans the way of each service from what there is to what runs, dependencies first.
    mutating func planStarts() {
        for name in order {
            guard let service = project.services[name] else { continue }
            let conditions = options.starts ? conditions(for: service) : []
            if fates[name]?.replicas.isEmpty != false { passed[name] = conditions }
            planHandOver(name, service, after: conditions)
            if options.starts { planStarts(of: name, service, after: conditions) }
        }
        guard options.starts, options.waits else { return }
        for name in selected where fates[name]?.replicas.isEmpty == false {
            _ = wait(for: name, isOneShot(name) ? .completed : .ready, isOptional: false)
        }
    }

    private mutating func planStarts(of name: String, _ service: Service, after conditions: [Int]) {
        guard var fate = fates[name] else { return }
        // Which of a range of ports each of them gets goes by their numbers.
        let isOrdered = service.ports.contains { $0.publishedRange != nil }
        var before = planPreparation(name, service, fate, after: conditions)
        for index in fate.replicas.indices {
            let replica = fate.replicas[index]
            if replica.started.isEmpty, let causes = startCause(for: replica, of: name, fate),
                let reference = replica.reference
            {
                let own = replica.existing.flatMap { replica.isNew ? nil : stops[$0.id] }.map { [$0] } ?? []
                let start = builder.add(
                    .startContainer(reference),
                    causes,
                    after: replica.beforeStart + conditions + startClearing(service) + before + own
                )
                fate.replicas[index].started = [start]
            }
            if isOrdered { before = fate.replicas[index].started }
        }
        fates[name] = fate
    }

    /// Plans the `pre_start` hooks of a service of which no container runs.
    ///
    /// - Returns: The action; none where there is nothing to run, or nothing to run it for.
    private mutating func planPreparation(
        _ name: String,
        _ service: Service,
        _ fate: ServiceFate,
        after conditions: [Int]
    ) -> [Int] {
        guard !service.preStart.isEmpty, !fate.replicas.contains(where: { $0.existing?.isActive == true }) else {
            return []
        }
        for replica in fate.replicas where replica.started.isEmpty {
            guard startCause(for: replica, of: name, fate) != nil, let reference = replica.reference else { continue }
            let before = replica.beforeStart + conditions + startClearing(service)
            return [builder.add(.prepareService(reference), [Cause("it has `pre_start` hooks")], after: before)]
        }
        return []
    }

    /// What has to be out of the way of a start: containers that are too many, and those that give a port to this service.
    func startClearing(_ service: Service) -> [Int] {
        var actions = clearing
        for port in service.ports {
            guard let wanted = port.fixedPort else { continue }
            for busy in world.busyPorts where busy.clashes(with: port, wanted) {
                if let stop = busy.container.flatMap({ stops[$0] }) { actions.append(stop) }
            }
        }
        return actions
    }

    /// Why a container is started; nil where it is not.
    func startCause(for replica: ReplicaFate, of name: String, _ fate: ServiceFate) -> [Cause]? {
        switch replica.decision {
        case .create(let causes), .replace(let causes): return causes
        case .keep, .adjust: break
        }
        guard let container = replica.existing else { return nil }
        if container.isActive {
            if let cause = fate.restartCause { return [cause] }
            let isLacking =
                container.lacksHooks && !fate.isTakenAlong && project.services[name]?.postStart.isEmpty == false
            return isLacking ? [Cause("its `post_start` hooks were cut off, or have failed")] : nil
        }
        if isDone(container, name) || fate.isTakenAlong { return nil }
        switch container.phase {
        case .exited: return [Cause("it has exited" + (container.exitStatus.map { " with status \($0)" } ?? ""))]
        default: return [Cause("it was not started yet")]
        }
    }

    /// Whether a container has done all that it is there for, and is not to do it again until it changes.
    ///
    /// Who names the service wants it to run.
    private func isDone(_ container: ObservedContainer, _ name: String) -> Bool {
        container.phase == .exited && container.exitStatus == 0 && isOneShot(name) && !options.services.contains(name)
    }

    /// Whether a service is there to do something once: another one waits for its completion, or it is a job.
    func isOneShot(_ name: String) -> Bool { project.isOneShot(name) }
}

extension Project {
    /// Whether a service is there to do something once: another one waits for its completion, or it is a job.
    ///
    /// - Parameter name: The service.
    /// - Returns: The answer.
    package func isOneShot(_ name: String) -> Bool {
        if services[name]?.deploy?.mode?.hasSuffix("-job") == true { return true }
        return [services, disabledServices].contains { services in
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
            // One that takes no part is not waited for; one without containers only hands on what it would wait for.
            guard let fate = fates[name], !fate.replicas.isEmpty else {
                actions += passed[name] ?? []
                continue
            }
            switch edge.condition {
            // Who uses what belongs to another one cannot do without it.
            case .started where edge.required || service.sharedServices.contains(name):
                actions += fate.startedOrPrepared
            case .started: actions += wait(for: name, .started, isOptional: true)
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
        let id = builder.add(.awaitService(expectation), [], after: fate.startedOrPrepared)
        waits[key] = id
        return [id]
    }

    private func isTrue(_ condition: Expectation.Condition, of fate: ServiceFate) -> Bool {
        let isUntouched = fate.replicas.allSatisfy { $0.started.isEmpty && !$0.isNew }
        guard isUntouched else { return false }
        let containers = fate.replicas.compactMap(\.existing)
        switch condition {
        case .started: return true
        case .healthy: return containers.allSatisfy { $0.phase == .running && $0.health == .healthy }
        case .completed: return containers.contains { $0.phase == .exited && $0.exitStatus == 0 }
        case .ready: return containers.allSatisfy(\.isReady)
        }
    }
}

extension ObservedContainer {
    /// Whether it runs, and its health check, where it has one, succeeds.
    var isReady: Bool { phase == .running && (health ?? .healthy) == .healthy }
}
