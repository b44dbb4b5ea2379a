// SPDX-License-Identifier: Apache-2.0

import Compose
import YAML

/// Plans what makes reality match a project.
package struct UpPlanner {
    let desired: DesiredProject
    var world: ObservedWorld
    let options: UpOptions
    let graph: DependencyGraph
    /// The services that take part, each after what it depends on.
    let selected: [String]
    var builder: PlanBuilder
    /// What was decided, by service.
    var fates: [String: ServiceFate] = [:]
    /// The actions that make networks and volumes, by key.
    var networkActions: [String: Int] = [:]
    var volumeActions: [String: Int] = [:]
    /// The keys of networks that are made anew.
    var renewedNetworks: Set<String> = []
    /// The actions that remove what is in the way of a start.
    var clearing: [Int] = []
    /// The actions that wait for services.
    var waits: [Wait: Int] = [:]
    /// What a service without containers would wait for, which those that depend on it wait for in its place.
    var passed: [String: [Int]] = [:]
    /// The stop, and the removal, of each container that is stopped or removed, by its identifier.
    var stops: [String: Int] = [:]
    var removals: [String: Int] = [:]
    /// The containers that are there, those included that are gone from ``world`` since they will be removed.
    let containers: [ObservedContainer]
    /// The actions by which containers leave networks, by the identifier of the container and the name of the network.
    var departures: [String: [String: Int]] = [:]

    /// What is waited for.
    struct Wait: Hashable {
        var service: String
        var condition: Expectation.Condition
        var isOptional: Bool
    }

    var project: Project { desired.project }

    /// The plan for `up`, `create` and `scale`.
    ///
    /// - Parameters:
    ///   - desired: The project, with all services that are enabled.
    ///   - world: What there is.
    ///   - options: What is asked for besides.
    /// - Returns: The plan; where it has problems, nothing of it is to be done.
    package static func plan(_ desired: DesiredProject, _ world: ObservedWorld, _ options: UpOptions) -> Plan {
        var planner = UpPlanner(desired, world, options)
        planner.planVolumes()
        planner.planNetworks()
        planner.decide()
        planner.planContainers()
        planner.planNames()
        planner.planOrphans()
        planner.planStarts()
        planner.planAbandonedNetworks()
        planner.check()
        planner.noteUnchanged()
        return planner.builder.plan
    }

    private init(_ desired: DesiredProject, _ world: ObservedWorld, _ options: UpOptions) {
        (self.desired, self.world, self.options) = (desired, world, options)
        containers = world.containers
        graph = DependencyGraph(desired.project.services)
        let named = options.services.isEmpty ? Set(graph.services) : Set(options.services)
        let taking = options.includesDependencies ? graph.closure(of: named) : named
        selected = graph.dependencyOrder.filter(taking.contains)
        builder = PlanBuilder(project: desired.project.name)
    }

    /// The services with containers that take part, each after what it depends on.
    var order: [String] { graph.dependencyOrder.filter { fates[$0] != nil } }

    // MARK: Decisions

    /// Decides on the containers of all services, dependencies first: what becomes of them can take others along.
    private mutating func decide() {
        let chosen = Set(selected)
        let replicas = world.replicas
        for name in graph.dependencyOrder {
            fates[name] = fate(of: name, replicas[name] ?? [], isTakenAlong: !chosen.contains(name))
        }
    }

    /// What becomes of the containers of a service; nil where they take no part.
    private func fate(of name: String, _ containers: [ObservedContainer], isTakenAlong: Bool) -> ServiceFate? {
        guard let service = project.services[name], service.provider == nil else { return nil }
        if isTakenAlong, !isTouched(service, name) { return nil }
        let planner = ReplicaPlanner(
            desired: desired,
            world: world,
            options: options,
            name: name,
            service: service,
            containers: containers,
            fates: fates,
            isTakenAlong: isTakenAlong
        )
        var fate = planner.fate()
        fate.restartCause = restartCause(of: service)
        return fate
    }

    /// Whether a service that nobody named has containers that cannot stay as they are while what they depend on is replaced.
    private func isTouched(_ service: Service, _ name: String) -> Bool {
        guard options.includesDependencies, options.starts else { return false }
        guard world.containers.contains(where: { $0.service == name && !$0.isOneOff && $0.isActive }) else {
            return false
        }
        return restartCause(of: service) != nil || service.sharedServices.contains { fates[$0]?.hasNew == true }
    }

    /// Why containers that stay have to be stopped while a dependency is replaced, or started again.
    private func restartCause(of service: Service) -> Cause? {
        guard options.starts else { return nil }
        for (dependency, edge) in service.dependsOn.sorted(by: { $0.key < $1.key }) where edge.restart {
            if fates[dependency]?.hasReplaced == true {
                return Cause("it depends on \(dependency) with `restart: true`, which gets another container")
            }
            if fates[dependency]?.restartCause != nil {
                return Cause("it depends on \(dependency) with `restart: true`, which is restarted")
            }
        }
        // Namespaces end with the process that has them.
        let shared = [service.networkMode, service.ipc, service.pid, service.uts].compactMap(Service.reference(in:))
        for other in Set(shared).sorted() {
            guard let fate = fates[other] else { continue }
            let isStarted = fate.replicas.contains { replica in
                !replica.isNew && replica.existing?.isActive == false
                    && startCause(for: replica, of: other, fate) != nil
            }
            if isStarted { return Cause("it uses what belongs to \(other), which is started again") }
        }
        return nil
    }

    // MARK: Containers

    private mutating func planContainers() {
        let yielding = portsToYield()
        for name in order { planService(name, yielding) }
    }

    /// The containers that make room and have a port of the host that another service is to publish: these stop early.
    private func portsToYield() -> Set<String> {
        var yielding: Set<String> = []
        for name in order {
            for port in project.services[name]?.ports ?? [] {
                guard let wanted = port.fixedPort else { continue }
                for busy in world.busyPorts where busy.clashes(with: port, wanted) {
                    guard let holder = busy.container, world.service(of: holder) != name else { continue }
                    yielding.insert(holder)
                }
            }
        }
        return yielding
    }

    private mutating func planService(_ name: String, _ yielding: Set<String>) {
        guard let service = project.services[name], var fate = fates[name] else { return }
        for (container, cause) in fate.surplus {
            clearing.append(planRemoval(of: container, [cause]))
        }
        if fate.isTakenAlong, fate.hasNew { provide(for: service) }
        let made = creationDependencies(of: service)
        for index in fate.replicas.indices {
            plan(&fate.replicas[index], of: fate, service, after: made)
            planEarlyStops(fate.replicas[index], of: fate, service, yielding)
        }
        fates[name] = fate
    }

    /// Stops the containers of a replica that cannot run while something else happens: a dependency is replaced, or another
    /// service takes their port.
    private mutating func planEarlyStops(
        _ replica: ReplicaFate,
        of fate: ServiceFate,
        _ service: Service,
        _ yielding: Set<String>
    ) {
        let creation = replica.creation.map { [$0] } ?? []
        for container in replica.outgoing where container.isActive {
            let isRestarted = fate.restartCause != nil && !rollout(of: service).startsFirst
            guard isRestarted || yielding.contains(container.id) else { continue }
            planStop(of: container, fate.restartCause.map { [$0] } ?? replica.handOverCauses, after: creation)
        }
        guard let cause = fate.restartCause, !replica.isNew, let container = replica.existing, container.isActive else {
            return
        }
        planStop(of: container, [cause])
    }

    /// What has to be there before a container of a service can be made.
    private func creationDependencies(of service: Service) -> [Int] {
        var actions = service.namedVolumes.compactMap { volumeActions[$0] }
        if service.networkMode == nil { actions += service.networks.keys.sorted().compactMap { networkActions[$0] } }
        for other in service.sharedServices.sorted() {
            actions += fates[other]?.replicas.compactMap(\.creation) ?? []
        }
        return actions
    }

    private mutating func plan(
        _ replica: inout ReplicaFate,
        of fate: ServiceFate,
        _ service: Service,
        after made: [Int]
    ) {
        let number = replica.number
        let expected = project.containerName(of: fate.service, number: number, separator: options.separator)
        // What a replacement that was cut off has left may have the name that the new one gets.
        let leftovers = fate.surplus.filter { $0.container.number == number }.compactMap { removals[$0.container.id] }
        switch replica.decision {
        case .create(let causes):
            var creation = Creation(service: fate.service, number: number, name: expected)
            let freed = claimName(for: &creation)
            make(&replica, creation, causes, after: made + leftovers + freed)
        case .replace(let causes):
            guard let old = replica.existing else { return }
            var creation = Creation(service: fate.service, number: number, name: expected)
            creation.replaces = old.id
            creation.inheritsVolumes = !fate.renewsVolumes
            if old.name == expected { creation.temporaryName = "\(old.id.prefix(12))_\(expected)" }
            let freed = claimName(for: &creation)
            make(&replica, creation, causes, after: made + leftovers + freed)
        case .adjust(let changes): keep(&replica, expected, service, changes, fate)
        case .keep: keep(&replica, expected, service, [], fate)
        }
    }

    /// The container of a service that others use: that of the first replica.
    private func sharedContainer(of service: String) -> ContainerReference? {
        if let fate = fates[service] { return fate.replicas.first?.reference }
        let replicas = world.containers.filter { $0.service == service && !$0.isOneOff }
        return replicas.min { ($0.number ?? 0, $0.id) < ($1.number ?? 0, $1.id) }.map { ContainerReference($0) }
    }

    private mutating func make(
        _ replica: inout ReplicaFate,
        _ creation: Creation,
        _ causes: [Cause],
        after made: [Int]
    ) {
        var creation = creation
        for other in project.services[creation.service]?.sharedServices ?? [] {
            creation.uses[other] = sharedContainer(of: other)
        }
        let id = builder.add(.createContainer(creation), causes, after: made)
        replica.creation = id
        replica.reference = ContainerReference(madeBy: id, creation)
        replica.beforeStart.append(id)
    }

    private mutating func keep(
        _ replica: inout ReplicaFate,
        _ expected: String,
        _ service: Service,
        _ changes: [Change],
        _ fate: ServiceFate
    ) {
        guard let container = replica.existing else { return }
        let reference = ContainerReference(container, name: expected)
        replica.reference = reference
        if fate.isTakenAlong { return }
        if container.name != expected, replica.predecessors.isEmpty, container.name.hasSuffix("_" + expected) {
            let before =
                fate.surplus.filter { $0.container.name == expected }.compactMap { removals[$0.container.id] }
                + freeName(expected, of: fate.service)
            let cause = Cause("a replacement of it was cut off")
            replica.beforeStart.append(builder.add(.renameContainer(reference, to: expected), [cause], after: before))
        }
        let membership = container.definition.map { NetworkMembership(from: $0, to: service) }
        replica.beforeStart += connect(container, reference, service, membership, changes)
        if !changes.isEmpty {
            let told = changes.filter { $0.effect > .note }.map(\.cause)
            // What it was made with is remembered once it is true.
            let id = builder.add(.adjustContainer(reference), told, after: replica.beforeStart)
            replica.beforeStart.append(id)
        }
        if container.phase == .paused, options.starts, fate.restartCause == nil {
            replica.beforeStart.append(builder.add(.unpauseContainer(reference), [Cause("it is paused")]))
        }
    }

    // MARK: Ends

    /// Plans the stop of a container that is active; a second one is none.
    ///
    /// - Returns: The action after which it does not run any more; none where it does not run.
    @discardableResult
    mutating func planStop(of container: ObservedContainer, _ causes: [Cause], after: [Int] = []) -> [Int] {
        if let stop = stops[container.id] { return [stop] }
        guard container.isActive else { return [] }
        let reference = ContainerReference(container)
        let stop = builder.add(.stopContainer(reference, timeout: options.timeout), causes, after: after)
        stops[container.id] = stop
        return [stop]
    }

    /// Plans the end of a container.
    ///
    /// - Returns: The action that removes it.
    @discardableResult
    mutating func planRemoval(
        of container: ObservedContainer,
        _ causes: [Cause],
        after: [Int] = [],
        volumes: Bool = false
    ) -> Int {
        if let removal = removals[container.id] { return removal }
        let isStopped = stops[container.id] != nil || !container.isActive
        let stop = planStop(of: container, causes, after: after) + (departures[container.id]?.values.sorted() ?? [])
        let removal = builder.add(
            .removeContainer(ContainerReference(container), volumes: volumes),
            causes,
            after: isStopped ? stop + after : stop
        )
        removals[container.id] = removal
        return removal
    }

    // MARK: Orphans

    /// The containers of services that the project neither has nor has switched off, and those of `run` that have ended.
    var orphans: [ObservedContainer] {
        world.containers.filter { container in
            if container.isOneOff { return !container.isActive && !isLeftHook(container) }
            return project.services[container.service] == nil && project.disabledServices[container.service] == nil
        }
    }

    /// Why an orphan goes.
    static func orphanCause(_ container: ObservedContainer) -> Cause {
        Cause(container.isOneOff ? "it is left of `run`" : "the project has no service \(container.service) any more")
    }

    /// Whether a container is what a `pre_start` hook that failed has left of a service that takes part.
    private func isLeftHook(_ container: ObservedContainer) -> Bool {
        container.isHook && fates[container.service]?.isTakenAlong == false
    }

    private mutating func planOrphans() {
        for container in world.containers where isLeftHook(container) && options.starts {
            clearing.append(
                planRemoval(of: container, [Cause("it is left of a `pre_start` hook that did not succeed")])
            )
        }
        let orphans = orphans
        guard !orphans.isEmpty else { return }
        if options.removesOrphans {
            for container in orphans { clearing.append(planRemoval(of: container, [Self.orphanCause(container)])) }
        } else if !options.ignoresOrphans {
            let names = orphans.map(\.name).sorted().joined(separator: " ")
            builder.warn(
                Problem(
                    "Found orphan containers ([\(names)]) for this project. If you removed or renamed this service in your "
                        + "compose file, you can run this command with the --remove-orphans flag to clean it up."
                )
            )
        }
    }

    // MARK: What stays

    private mutating func noteUnchanged() {
        let touched = Set(builder.plan.actions.filter(\.isChange).compactMap(\.operation.container?.id))
        builder.leave(
            order.flatMap { name in
                fates[name]?.replicas.compactMap { replica in
                    guard !replica.isNew, let container = replica.existing, !touched.contains(container.id) else {
                        return nil
                    }
                    return container
                } ?? []
            }
        )
    }
}
