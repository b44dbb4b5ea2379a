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
    /// The last stop of each container, by its identifier.
    var stops: [String: Int] = [:]

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
        planner.planOrphans()
        planner.planStarts()
        planner.check()
        return planner.builder.plan
    }

    private init(_ desired: DesiredProject, _ world: ObservedWorld, _ options: UpOptions) {
        (self.desired, self.world, self.options) = (desired, world, options)
        graph = DependencyGraph(desired.project.services)
        let named = options.services.isEmpty ? Set(graph.services) : Set(options.services)
        let taking = options.includesDependencies ? graph.closure(of: named) : named
        selected = graph.dependencyOrder.filter(taking.contains)
        builder = PlanBuilder(project: desired.project.name)
    }

    // MARK: Decisions

    /// Decides on the containers of all services, dependencies first: what becomes of them can take others along.
    private mutating func decide() {
        for name in selected {
            guard let service = project.services[name], service.provider == nil else { continue }
            let planner = ReplicaPlanner(
                desired: desired,
                world: world,
                options: options,
                name: name,
                service: service,
                fates: fates
            )
            var fate = planner.fate()
            fate.restartCause = restartCause(of: service, fate)
            fates[name] = fate
        }
    }

    /// Why containers that stay have to be stopped while a dependency is replaced.
    private func restartCause(of service: Service, _ fate: ServiceFate) -> Cause? {
        for (dependency, edge) in service.dependsOn.sorted(by: { $0.key < $1.key }) where edge.restart {
            if fates[dependency]?.hasReplaced == true || fates[dependency]?.restartCause != nil {
                return Cause("it depends on \(dependency) with `restart: true`, which gets another container")
            }
        }
        return nil
    }

    // MARK: Containers

    private mutating func planContainers() {
        for name in selected where fates[name] != nil { planService(name) }
    }

    private mutating func planService(_ name: String) {
        guard let service = project.services[name], var fate = fates[name] else { return }
        for (container, cause) in fate.surplus {
            clearing.append(planRemoval(of: container, [cause]))
        }
        let made = creationDependencies(of: service)
        for index in fate.replicas.indices {
            plan(&fate.replicas[index], of: name, service, after: made)
        }
        if let cause = fate.restartCause {
            for replica in fate.replicas where !replica.isNew {
                guard let container = replica.existing, container.isActive else { continue }
                stops[container.id] = builder.add(
                    .stopContainer(ContainerReference(container), timeout: options.timeout),
                    [cause]
                )
            }
        }
        fates[name] = fate
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

    private mutating func plan(_ replica: inout ReplicaFate, of name: String, _ service: Service, after made: [Int]) {
        let expected = project.containerName(of: name, number: replica.number, separator: options.separator)
        switch replica.decision {
        case .create(let causes):
            let creation = Creation(service: name, number: replica.number, name: expected)
            make(&replica, creation, causes, after: made + leftovers(of: name, replica.number))
        case .replace(let causes):
            guard let old = replica.existing else { return }
            var creation = Creation(service: name, number: replica.number, name: expected)
            creation.replaces = old.id
            creation.inheritsVolumes = !options.renewsVolumes
            if old.name == expected { creation.temporaryName = "\(old.id.prefix(12))_\(expected)" }
            make(&replica, creation, causes, after: made)
        case .adjust(let changes):
            keep(&replica, expected, service)
            guard let reference = replica.reference else { return }
            let told = changes.filter { $0.effect > .note }.map(\.cause)
            replica.beforeStart.append(builder.add(.adjustContainer(reference), told))
        case .keep:
            keep(&replica, expected, service)
        }
    }

    /// The actions that remove what a replacement that was cut off has left of a replica.
    private func leftovers(of name: String, _ number: Int) -> [Int] {
        fates[name]?.surplus.isEmpty == false ? clearing : []
    }

    private mutating func make(
        _ replica: inout ReplicaFate,
        _ creation: Creation,
        _ causes: [Cause],
        after made: [Int]
    ) {
        let id = builder.add(.createContainer(creation), causes, after: made)
        replica.creation = id
        replica.reference = ContainerReference(madeBy: id, creation)
        replica.beforeStart.append(id)
    }

    private mutating func keep(_ replica: inout ReplicaFate, _ expected: String, _ service: Service) {
        guard let container = replica.existing else { return }
        let reference = ContainerReference(container, name: expected)
        replica.reference = reference
        replica.isRunning = container.isActive
        if container.name != expected, container.name.hasSuffix("_" + expected) {
            let cause = Cause("a replacement of it was cut off")
            replica.beforeStart.append(builder.add(.renameContainer(reference, to: expected), [cause], after: clearing))
        }
        connect(&replica, container, reference, service)
        if container.phase == .paused {
            replica.beforeStart.append(builder.add(.unpauseContainer(reference), [Cause("it is paused")]))
        }
        if container.isActive { builder.leave(expected) }
    }

    /// Has a container that stays be in all its networks: one that was made anew, or that somebody has taken it out of.
    private mutating func connect(
        _ replica: inout ReplicaFate,
        _ container: ObservedContainer,
        _ reference: ContainerReference,
        _ service: Service
    ) {
        guard service.networkMode == nil else { return }
        for key in service.networks.keys.sorted() {
            let name = project.networkName(key)
            let isRenewed = renewedNetworks.contains(key)
            guard isRenewed || !container.networks.contains(name) else { continue }
            let cause = Cause(isRenewed ? "the network \(name) is made anew" : "it is not in the network \(name)")
            let after = networkActions[key].map { [$0] } ?? []
            replica.beforeStart.append(builder.add(.connect(reference, network: key), [cause], after: after))
        }
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
        let reference = ContainerReference(container)
        var before = after
        if container.isActive {
            let stop = builder.add(.stopContainer(reference, timeout: options.timeout), causes, after: after)
            stops[container.id] = stop
            before = [stop]
        }
        return builder.add(.removeContainer(reference, volumes: volumes), causes, after: before)
    }

    // MARK: Orphans

    private mutating func planOrphans() {
        let orphans = world.containers.filter { container in
            if container.isOneOff { return !container.isActive }
            return project.services[container.service] == nil && project.disabledServices[container.service] == nil
        }
        guard !orphans.isEmpty else { return }
        if options.removesOrphans {
            for container in orphans {
                let cause = Cause(
                    container.isOneOff
                        ? "it is left of `run`" : "the project has no service \(container.service) any more"
                )
                clearing.append(planRemoval(of: container, [cause]))
            }
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
}
