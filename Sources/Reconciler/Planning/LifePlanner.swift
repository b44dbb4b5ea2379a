// SPDX-License-Identifier: Apache-2.0

package import Compose

/// What one of the commands on containers that are there is asked for.
package struct LifeOptions: Codable, Equatable, Sendable {
    /// The services that were named; none means all of the project.
    package var services: [String] = []
    /// The time of grace, in seconds; nil takes the container's.
    package var timeout: Int?
    /// The signal of `kill`.
    package var signal = "SIGKILL"
    /// Whether dependants with `restart: true` are restarted as well.
    package var includesDependants = true
    /// Whether containers of services that the project does not have are taken along.
    package var removesOrphans = false
    /// Whether volumes go: with `down` those of the project and those without a name, with `rm` those without a name.
    package var removesVolumes = false
    /// Whether `rm` stops what runs.
    package var stops = false
    /// Which images go with `down`.
    package var images = Images.none
    /// Whether `start` ends only when everything runs and is healthy.
    package var waits = false

    /// Which images go.
    package enum Images: String, Codable, Sendable {
        case none
        /// Those without a name in the compose file.
        case local
        case all
    }

    package init() {}
}

/// A command on containers that are there.
package enum LifeCommand: String, Codable, Sendable, CaseIterable {
    case start
    case stop
    case restart
    case kill
    case pause
    case unpause
    /// `rm`.
    case remove = "rm"
    case down
}

/// Plans the commands that make nothing.
package struct LifePlanner {
    let command: LifeCommand
    let project: Project
    let world: ObservedWorld
    let options: LifeOptions
    let graph: DependencyGraph
    var builder: PlanBuilder
    /// The last action of each service's containers, by service.
    var last: [String: [Int]] = [:]

    /// The plan of a command.
    ///
    /// - Parameters:
    ///   - command: What is to be done.
    ///   - project: The project; where there is no file, what the records or the labels tell of it.
    ///   - world: What there is.
    ///   - options: What is asked for besides.
    /// - Returns: The plan.
    package static func plan(
        _ command: LifeCommand,
        _ project: Project,
        _ world: ObservedWorld,
        _ options: LifeOptions
    ) -> Plan {
        var planner = Self(command, project, world, options)
        switch command {
        case .start: planner.planStart()
        case .restart: planner.planRestart()
        case .stop: planner.planStop()
        case .down: planner.planDown()
        case .kill, .pause, .unpause, .remove: planner.planEach()
        }
        return planner.builder.plan
    }

    private init(_ command: LifeCommand, _ project: Project, _ world: ObservedWorld, _ options: LifeOptions) {
        (self.command, self.project, self.world, self.options) = (command, project, world, options)
        graph = DependencyGraph(project.services)
        builder = PlanBuilder(project: project.name)
    }

    // MARK: What takes part

    /// The services that were named, or all, each after what it depends on.
    private var services: [String] {
        options.services.isEmpty ? graph.dependencyOrder : graph.dependencyOrder.filter(options.services.contains)
    }

    /// The replicas of a service, by number.
    private func replicas(of service: String) -> [ObservedContainer] {
        world.containers.filter { $0.service == service && !$0.isOneOff }.sorted { ($0.number ?? 0) < ($1.number ?? 0) }
    }

    /// The containers of services that the project neither has nor has switched off, and those of `run`.
    private var orphans: [ObservedContainer] {
        world.containers.filter { container in
            if container.isOneOff { return true }
            return project.services[container.service] == nil && project.disabledServices[container.service] == nil
        }
    }

    /// The services that depend on one directly.
    private func dependants(of service: String, restartingOnly: Bool = false) -> [String] {
        graph.services.filter { name in
            guard let edge = project.services[name]?.dependsOn[service] else { return false }
            return edge.restart || !restartingOnly
        }
    }

    // MARK: Start and restart

    private mutating func planStart() {
        for name in services {
            let before = conditions(for: name)
            for container in replicas(of: name) where !container.isActive {
                let start = builder.add(.startContainer(ContainerReference(container)), [], after: before)
                last[name, default: []].append(start)
            }
        }
        planWaits()
    }

    private mutating func planWaits() {
        guard options.waits else { return }
        for name in services where !replicas(of: name).isEmpty {
            let expectation = Expectation(
                service: name,
                condition: .ready,
                containers: replicas(of: name).map { ContainerReference($0) }
            )
            builder.add(.awaitService(expectation), [], after: last[name] ?? [])
        }
    }

    /// What a service waits for that takes part itself.
    private mutating func conditions(for name: String) -> [Int] {
        var actions: [Int] = []
        for (dependency, edge) in (project.services[name]?.dependsOn ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let before = last[dependency], !before.isEmpty else { continue }
            let condition: Expectation.Condition? =
                switch edge.condition {
                case .started: nil
                case .healthy: .healthy
                case .completedSuccessfully: .completed
                }
            guard let condition else {
                actions += before
                continue
            }
            var expectation = Expectation(
                service: dependency,
                condition: condition,
                containers: replicas(of: dependency).map { ContainerReference($0) }
            )
            expectation.isOptional = !edge.required
            actions.append(builder.add(.awaitService(expectation), [], after: before))
        }
        return actions
    }

    private mutating func planRestart() {
        var affected: [String: [Cause]] = [:]
        for name in services { affected[name] = [] }
        if options.includesDependants {
            for name in graph.dependencyOrder where affected[name] == nil {
                let dependencies = project.services[name]?.dependsOn.filter(\.value.restart) ?? [:]
                guard let dependency = dependencies.keys.sorted().first(where: { affected[$0] != nil }) else {
                    continue
                }
                affected[name] = [Cause("it depends on \(dependency) with `restart: true`")]
            }
        }
        for name in graph.dependencyOrder {
            guard let causes = affected[name] else { continue }
            let before = conditions(for: name)
            for container in replicas(of: name) {
                // Dependants that do not run have no reason to.
                if !causes.isEmpty, !container.isActive { continue }
                let reference = ContainerReference(container)
                let restart = builder.add(.restartContainer(reference, timeout: options.timeout), causes, after: before)
                last[name, default: []].append(restart)
            }
        }
    }

    // MARK: Stop and down

    private mutating func planStop() {
        for name in services.reversed() {
            let before = dependants(of: name).flatMap { last[$0] ?? [] }
            for container in replicas(of: name) where container.isActive {
                let reference = ContainerReference(container)
                let stop = builder.add(.stopContainer(reference, timeout: options.timeout), [], after: before)
                last[name, default: []].append(stop)
            }
        }
    }

    private mutating func planDown() {
        let chosen = downServices
        var removals: [Int] = []
        if options.removesOrphans {
            for container in orphans { removals.append(planRemoval(of: container, after: []).removal) }
        }
        for name in chosen.reversed() {
            let before = dependants(of: name).flatMap { last[$0] ?? [] }
            for container in replicas(of: name) {
                let (stop, removal) = planRemoval(of: container, after: before)
                last[name, default: []].append(stop ?? removal)
                removals.append(removal)
            }
        }
        planResources(after: removals)
    }

    /// The services that are taken down: with those that are named all that depend on them, or else all, also those whose profile
    /// is not active where nobody else would.
    private var downServices: [String] {
        guard !options.services.isEmpty else { return graph.dependencyOrder }
        var taken = Set(options.services)
        for name in graph.dependencyOrder where !taken.isDisjoint(with: graph.dependencies(of: name)) {
            taken.insert(name)
        }
        return graph.dependencyOrder.filter(taken.contains)
    }

    private mutating func planRemoval(of container: ObservedContainer, after: [Int]) -> (stop: Int?, removal: Int) {
        let reference = ContainerReference(container)
        var stop: Int?
        if container.isActive {
            stop = builder.add(.stopContainer(reference, timeout: options.timeout), [], after: after)
        }
        let removal = builder.add(
            .removeContainer(reference, volumes: options.removesVolumes),
            [],
            after: stop.map { [$0] } ?? after
        )
        return (stop, removal)
    }

    /// Networks, volumes and images, once no container has them any more.
    private mutating func planResources(after removals: [Int]) {
        let keptNetworks = options.services.isEmpty ? [] : networksInUse
        for network in world.networks.values.sorted(by: { $0.name < $1.name })
        where network.project == project.name && !keptNetworks.contains(network.name) {
            builder.add(.removeNetwork(id: network.id, name: network.name), [], after: removals)
        }
        if options.removesVolumes, options.services.isEmpty {
            // Those of the file; others may be there for another version of it.
            let names = Set(project.volumes.filter { !$0.value.external }.map { project.volumeName($0.key) })
            for volume in world.volumes.values.sorted(by: { $0.name < $1.name }) where names.contains(volume.name) {
                builder.add(.removeVolume(name: volume.name), [], after: removals)
            }
        }
        guard options.images != .none else { return }
        for reference in imagesToRemove { builder.add(.removeImage(reference: reference), [], after: removals) }
    }

    /// The networks of containers that stay.
    private var networksInUse: Set<String> {
        let leaving = Set(downServices)
        return Set(world.containers.filter { !leaving.contains($0.service) }.flatMap(\.networks))
    }

    private var imagesToRemove: [String] {
        let names = options.services.isEmpty ? graph.services : downServices
        let references = names.compactMap { name -> String? in
            guard let service = project.services[name], service.provider == nil else { return nil }
            if options.images == .local, service.image != nil { return nil }
            return project.imageName(of: name)
        }
        return Set(references).filter { world.images[$0] != nil }.sorted()
    }

    // MARK: One by one

    private mutating func planEach() {
        var containers = services.flatMap { replicas(of: $0) }
        if options.services.isEmpty, command == .remove || options.removesOrphans {
            containers += orphans.filter { $0.isOneOff || options.removesOrphans }
        }
        for container in containers {
            let reference = ContainerReference(container)
            switch command {
            case .kill where container.isActive: builder.add(.killContainer(reference, signal: options.signal), [])
            case .pause where container.phase == .running: builder.add(.pauseContainer(reference), [])
            case .unpause where container.phase == .paused: builder.add(.unpauseContainer(reference), [])
            case .remove where options.stops: _ = planRemoval(of: container, after: [])
            case .remove where !container.isActive:
                builder.add(.removeContainer(reference, volumes: options.removesVolumes), [])
            default: break
            }
        }
    }
}
