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
    /// Whether services that no active profile enables take part although nobody names them.
    package var includesDisabled = false
    /// What stands between the parts of names.
    package var separator = "-"

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
    /// The services that take part where nobody names any, and those that are named, enabled or not.
    let known: [String: Service]
    /// The services that depend on each directly, and its containers without those of `run`.
    private let dependants: [String: [String]]
    private let replicas: [String: [ObservedContainer]]
    var builder: PlanBuilder
    /// The actions that those which come after a service have to wait for, by service.
    var last: [String: [Int]] = [:]
    /// The actions that wait for services, by their key.
    var waits: [String: Int] = [:]

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
        guard planner.check() else { return planner.builder.plan }
        switch command {
        case .start: planner.planStart()
        case .restart: planner.planRestart()
        case .stop: planner.planStop()
        case .down: planner.planDown()
        case .remove where options.stops: planner.planRemovals()
        case .kill, .pause, .unpause, .remove: planner.planEach()
        }
        return planner.builder.plan
    }

    private init(_ command: LifeCommand, _ project: Project, _ world: ObservedWorld, _ options: LifeOptions) {
        (self.command, self.project, self.world, self.options) = (command, project, world, options)
        let named = Set(options.services)
        let disabled = project.disabledServices.filter { options.includesDisabled || named.contains($0.key) }
        known = project.services.merging(disabled) { enabled, _ in enabled }
        graph = DependencyGraph(known)
        var dependants: [String: [String]] = [:]
        for name in graph.services {
            for dependency in known[name]?.dependsOn.keys.sorted() ?? [] {
                dependants[dependency, default: []].append(name)
            }
        }
        (self.dependants, replicas) = (dependants, world.replicas)
        builder = PlanBuilder(project: project.name)
    }

    /// Refuses names that are those of no service.
    private mutating func check() -> Bool {
        let unknown = options.services.filter { name in
            known[name] == nil && !world.containers.contains { $0.service == name }
        }
        for name in unknown { builder.refuse(Problem("no such service: \(name)")) }
        return unknown.isEmpty
    }

    // MARK: What takes part

    /// The services that were named, or all, each after what it depends on; those that only containers tell of come last.
    private var services: [String] {
        guard !options.services.isEmpty else { return graph.dependencyOrder }
        let foreign = Set(options.services).subtracting(known.keys).sorted()
        return graph.dependencyOrder.filter(options.services.contains) + foreign
    }

    /// The replicas of a service, by number.
    private func replicas(of service: String) -> [ObservedContainer] {
        (replicas[service] ?? []).sorted { ($0.number ?? 0) < ($1.number ?? 0) }
    }

    /// What `pre_start` hooks that failed, or were cut off, have left of a service.
    private func hooks(of service: String) -> [ObservedContainer] {
        world.containers.filter { $0.service == service && $0.isHook }
    }

    /// The containers of services that the project neither has nor has switched off, and those of `run`.
    private var orphans: [ObservedContainer] {
        world.containers.filter { container in
            if container.isOneOff { return !(container.isHook && known[container.service] != nil) }
            return known[container.service] == nil && project.disabledServices[container.service] == nil
        }
    }

    /// Notes what is done to a service; one to which nothing is done hands on what came before it.
    private mutating func note(_ actions: [Int], of service: String, after before: [Int]) {
        last[service] = actions.isEmpty ? before : actions
    }

    // MARK: Start and restart

    /// `start`: also what the services depend on, without which they would not run.
    private mutating func planStart() {
        let chosen = graph.closure(of: services)
        for name in graph.dependencyOrder.filter(chosen.contains) + chosen.subtracting(known.keys).sorted() {
            let before = conditions(for: name)
            let starts = replicas(of: name).filter { !$0.isActive && !$0.isBroken }.map { container in
                builder.add(.startContainer(ContainerReference(container)), [], after: before)
            }
            note(starts, of: name, after: before)
        }
        planWaits()
    }

    private mutating func planWaits() {
        guard options.waits else { return }
        for name in services where !replicas(of: name).isEmpty {
            _ = wait(
                for: name,
                project.isOneShot(name) ? .completed : .ready,
                isOptional: false,
                after: last[name] ?? []
            )
        }
    }

    /// What a service waits for: the dependencies that take part, and those that run but are not what it needs yet.
    private mutating func conditions(for name: String) -> [Int] {
        var actions: [Int] = []
        for (dependency, edge) in (known[name]?.dependsOn ?? [:]).sorted(by: { $0.key < $1.key }) {
            let before = last[dependency] ?? []
            switch edge.condition {
            case .started where edge.required: actions += before
            case .started: actions += wait(for: dependency, .started, isOptional: true, after: before)
            case .healthy: actions += wait(for: dependency, .healthy, isOptional: !edge.required, after: before)
            case .completedSuccessfully:
                actions += wait(for: dependency, .completed, isOptional: !edge.required, after: before)
            }
        }
        return actions
    }

    /// Waits for a service.
    ///
    /// - Returns: The action; what it would come after where there is nothing to wait for.
    private mutating func wait(
        for service: String,
        _ condition: Expectation.Condition,
        isOptional: Bool,
        after before: [Int]
    ) -> [Int] {
        let containers = replicas(of: service)
        if containers.isEmpty || before.isEmpty && !isPending(condition, containers) { return before }
        let key = "\(service) \(condition.rawValue) \(isOptional)"
        if let id = waits[key] { return [id] }
        var expectation = Expectation(
            service: service,
            condition: condition,
            containers: containers.map { ContainerReference($0) }
        )
        expectation.isOptional = isOptional
        let id = builder.add(.awaitService(expectation), [], after: before)
        waits[key] = id
        return [id]
    }

    /// Whether containers that nothing is done to will be what is waited for, and are not yet.
    private func isPending(_ condition: Expectation.Condition, _ containers: [ObservedContainer]) -> Bool {
        guard containers.allSatisfy(\.isActive) else { return false }
        switch condition {
        case .started: return false
        case .completed: return true
        case .healthy: return !containers.allSatisfy { $0.phase == .running && $0.health == .healthy }
        case .ready: return !containers.allSatisfy(\.isReady)
        }
    }

    private mutating func planRestart() {
        var affected: [String: [Cause]] = [:]
        for name in services { affected[name] = [] }
        if options.includesDependants {
            for name in graph.dependencyOrder where affected[name] == nil {
                let dependencies = known[name]?.dependsOn.filter(\.value.restart) ?? [:]
                guard let dependency = dependencies.keys.sorted().first(where: { affected[$0] != nil }) else {
                    continue
                }
                affected[name] = [Cause("it depends on \(dependency) with `restart: true`")]
            }
        }
        for name in graph.dependencyOrder + services.filter({ known[$0] == nil }) {
            guard let causes = affected[name] else { continue }
            let before = conditions(for: name)
            // Dependants that do not run have no reason to.
            let restarts = replicas(of: name).filter { (causes.isEmpty || $0.isActive) && !$0.isBroken }.map {
                container in
                let reference = ContainerReference(container)
                return builder.add(.restartContainer(reference, timeout: options.timeout), causes, after: before)
            }
            note(restarts, of: name, after: before)
        }
    }

    // MARK: Stop and down

    private mutating func planStop() {
        let chosen = Set(services)
        for name in stopOrder(chosen) {
            let before = (dependants[name] ?? []).flatMap { last[$0] ?? [] }
            let containers = chosen.contains(name) ? replicas(of: name) : []
            let stops = containers.filter(\.isActive).map { container in
                let reference = ContainerReference(container)
                return builder.add(.stopContainer(reference, timeout: options.timeout), [], after: before)
            }
            note(stops, of: name, after: before)
        }
    }

    /// The order in which services are stopped: all of the project's, so that what stands between two of them hands on the wait.
    private func stopOrder(_ services: Set<String>) -> [String] {
        services.subtracting(known.keys).sorted() + graph.dependencyOrder.reversed()
    }

    private mutating func planDown() {
        var gone: [String: Int] = [:]
        if options.removesOrphans {
            for container in orphans { gone[container.id] = planRemoval(of: container, after: []).removal }
        }
        planRemovals(of: services, &gone)
        planResources(after: gone)
    }

    /// `rm --stop`.
    private mutating func planRemovals() {
        var gone: [String: Int] = [:]
        planRemovals(of: services, &gone)
    }

    private mutating func planRemovals(of services: [String], _ gone: inout [String: Int]) {
        let chosen = Set(services)
        for name in stopOrder(chosen) {
            let before = (dependants[name] ?? []).flatMap { last[$0] ?? [] }
            var ends: [Int] = []
            for container in chosen.contains(name) ? replicas(of: name) + hooks(of: name) : [] {
                let (stop, removal) = planRemoval(of: container, after: before)
                ends.append(stop ?? removal)
                gone[container.id] = removal
            }
            note(ends, of: name, after: before)
        }
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
    ///
    /// - Parameter gone: The actions that remove containers, by the identifiers of these.
    private mutating func planResources(after gone: [String: Int]) {
        let staying = world.containers.filter { gone[$0.id] == nil }
        let removals = gone.values.sorted()
        for network in world.networks.values.sorted(by: { $0.name < $1.name }) where network.project == project.name {
            // Those that do not run let it go.
            let users = staying.filter { $0.isActive && $0.networks.contains(network.name) }.map(\.name)
            if keep("network", network.name, for: users + network.strangers) { continue }
            builder.add(.removeNetwork(id: network.id, name: network.name), [], after: removals)
        }
        if options.removesVolumes {
            for volume in volumesToRemove {
                let users = staying.filter { $0.volumes.contains(volume.name) }.map(\.name)
                if keep("volume", volume.name, for: users + volume.strangers) { continue }
                builder.add(.removeVolume(name: volume.name), [], after: removals)
            }
        }
        guard options.images != .none else { return }
        // The engine knows who uses one, also beyond the project, and says so.
        for reference in imagesToRemove {
            builder.add(.removeImage(reference: reference), [], after: removals)
        }
    }

    /// Says that something stays, where somebody has it.
    private mutating func keep(_ kind: String, _ name: String, for users: [String]) -> Bool {
        guard !users.isEmpty else { return false }
        // Where only some services go it is nothing to speak of.
        if options.services.isEmpty {
            builder.warn(
                Problem(
                    "the \(kind) \(name) stays: \(users.sorted().joined(separator: ", ")) has it",
                    help: "stop what uses it, or take along what is left with --remove-orphans"
                )
            )
        }
        return true
    }

    /// The volumes of the file that were made for the project; others may be there for another version of it.
    ///
    /// Where only some services go, these are those that no other service names.
    private var volumesToRemove: [ObservedVolume] {
        let leaving = Set(services)
        var keys = Set(project.volumes.filter { !$0.value.external }.keys)
        if !options.services.isEmpty {
            func named(where isChosen: (String) -> Bool) -> Set<String> {
                let all = project.services.merging(project.disabledServices) { enabled, _ in enabled }
                return Set(all.filter { isChosen($0.key) }.values.flatMap(\.namedVolumes))
            }
            keys = keys.intersection(named(where: leaving.contains)).subtracting(named { !leaving.contains($0) })
        }
        let names = Set(keys.map(project.volumeName))
        return world.volumes.values.filter { names.contains($0.name) && $0.project == project.name }
            .sorted { $0.name < $1.name }
    }

    private var imagesToRemove: [String] {
        let names = options.services.isEmpty ? graph.services : services
        let references = names.compactMap { name -> String? in
            guard let service = known[name], service.provider == nil else { return nil }
            if options.images == .local, service.image != nil { return nil }
            return project.imageName(of: name, separator: options.separator)
        }
        return Set(references).filter { world.images[$0] != nil }.sorted()
    }

    // MARK: One by one

    private mutating func planEach() {
        var containers = services.flatMap { replicas(of: $0) }
        if options.services.isEmpty, options.removesOrphans { containers += orphans }
        for container in containers {
            let reference = ContainerReference(container)
            switch command {
            case .kill where container.isActive: builder.add(.killContainer(reference, signal: options.signal), [])
            case .pause where container.phase == .running: builder.add(.pauseContainer(reference), [])
            case .unpause where container.phase == .paused: builder.add(.unpauseContainer(reference), [])
            case .remove where !container.isActive:
                builder.add(.removeContainer(reference, volumes: options.removesVolumes), [])
            default: break
            }
        }
    }
}
