// SPDX-License-Identifier: Apache-2.0

import Compose
import Reconciler

/// A world in which actions are carried out one by one, as the engine would, and which notes what the engine would refuse.
struct Simulation {
    var observed = ObservedWorld()
    /// What could not have been done.
    private(set) var refusals: [String] = []
    /// The containers that actions have made, by the numbers of these.
    private var made: [Int: String] = [:]
    private var count = 0
    /// The services whose containers end with a failure as soon as they are started.
    var failing: Set<String> = []

    subscript(name: String) -> ObservedContainer? {
        get { observed.containers.first { $0.name == name } }
        set {
            observed.containers.removeAll { $0.name == name }
            if let newValue { observed.containers.append(newValue) }
        }
    }

    /// What the engine would see: with the ports that containers have.
    func observed(for desired: DesiredProject) -> ObservedWorld {
        var world = observed
        for service in desired.project.services.values {
            for port in service.ports {
                guard let number = port.published.flatMap(UInt16.init) else { continue }
                for holder in observed.containers where Self.ports(of: holder).contains(number) {
                    let kind = port.networkProtocol ?? "tcp"
                    var busy = BusyPort(
                        hostIP: port.hostIP ?? "",
                        port: number,
                        networkProtocol: kind,
                        holder: "the container \(holder.name)"
                    )
                    busy.container = holder.id
                    if !world.busyPorts.contains(busy) { world.busyPorts.append(busy) }
                }
            }
        }
        return world
    }

    private static func ports(of container: ObservedContainer) -> [UInt16] {
        guard container.isActive else { return [] }
        return container.definition?.ports.compactMap { $0.published.flatMap(UInt16.init) } ?? []
    }

    // MARK: Plans

    /// Carries a plan out in the order of its actions; what is for failures is left out.
    mutating func perform(_ plan: Plan, for desired: DesiredProject) {
        begin()
        for action in plan.actions where action.onFailureOf.isEmpty { perform(action, for: desired) }
        observed.applied = desired.project
    }

    /// Forgets which containers an earlier plan has made.
    mutating func begin() { made = [:] }

    private func identifier(_ reference: ContainerReference) -> String {
        reference.id ?? reference.creation.flatMap { made[$0] } ?? "missing"
    }

    private mutating func change(_ reference: ContainerReference, _ body: (inout ObservedContainer) -> Void) {
        let id = identifier(reference)
        guard let index = observed.containers.firstIndex(where: { $0.id == id }) else {
            return refuse("there is no \(reference.name)")
        }
        body(&observed.containers[index])
    }

    private mutating func refuse(_ text: String) { refusals.append(text) }

    /// Carries an action out.
    ///
    /// - Returns: Whether it succeeds.
    @discardableResult
    mutating func perform(_ action: Action, for desired: DesiredProject) -> Bool {
        let project = desired.project
        switch action.operation {
        case .createNetwork(let key, let name):
            if observed.networks[name] != nil { refuse("the network \(name) is there") }
            var network = ObservedNetwork(id: next("n"), name: name)
            (network.project, network.key, network.configHash) = (project.name, key, desired.networkHashes[key] ?? "")
            observed.networks[name] = network
        case .removeNetwork(_, let name): removeNetwork(name)
        case .createVolume(let key, let name):
            if observed.volumes[name] != nil { refuse("the volume \(name) is there") }
            var volume = ObservedVolume(name: name)
            (volume.project, volume.key, volume.configHash) = (project.name, key, desired.volumeHashes[key] ?? "")
            observed.volumes[name] = volume
        case .removeVolume(let name):
            if observed.containers.contains(where: { $0.volumes.contains(name) }) { refuse("\(name) is in use") }
            if observed.volumes.removeValue(forKey: name) == nil { refuse("there is no \(name)") }
        case .removeImage(let reference): observed.images[reference] = nil
        case .createContainer(let creation): create(creation, action.id, desired)
        case .awaitService(let expectation): return expectation.bearsFailures || isFulfilled(expectation)
        case .pause: break
        default: return performOnContainer(action.operation, desired)
        }
        return true
    }

    private mutating func performOnContainer(_ operation: Operation, _ desired: DesiredProject) -> Bool {
        switch operation {
        case .adjustContainer(let container):
            let service = desired.project.services[container.service]
            change(container) { unit in
                unit.definition = service
                unit.configHash = desired.serviceHashes[container.service] ?? ""
            }
        case .connect(let container, let key):
            let name = desired.project.networkName(key)
            if observed.networks[name] == nil { refuse("there is no network \(name)") }
            change(container) { $0.networks.insert(name) }
        case .disconnect(let container, let id):
            let name = observed.networks.values.first { $0.id == id }?.name
            if let name { change(container) { $0.networks.remove(name) } } else { refuse("there is no network \(id)") }
        case .startContainer(let container): return start(container, desired)
        case .restartContainer(let container, _):
            change(container) { $0.phase = .exited }
            return start(container, desired)
        case .stopContainer(let container, _), .killContainer(let container, _):
            change(container) { ($0.phase, $0.exitStatus, $0.health) = (.exited, 143, nil) }
        case .pauseContainer(let container): change(container) { $0.phase = .paused }
        case .unpauseContainer(let container): change(container) { $0.phase = .running }
        case .removeContainer(let container, _):
            let id = identifier(container)
            if !observed.containers.contains(where: { $0.id == id }) { refuse("\(container.name) is removed twice") }
            observed.containers.removeAll { $0.id == id }
        case .renameContainer(let container, let name):
            if self[name] != nil { refuse("the name \(name) is taken") }
            change(container) { $0.name = name }
        default: break
        }
        return true
    }

    private mutating func next(_ prefix: String) -> String {
        count += 1
        return "\(prefix)\(count)"
    }

    private mutating func removeNetwork(_ name: String) {
        for index in observed.containers.indices where observed.containers[index].networks.contains(name) {
            if observed.containers[index].isActive { refuse("the network \(name) is in use") }
            observed.containers[index].networks.remove(name)
        }
        if observed.networks.removeValue(forKey: name) == nil { refuse("there is no network \(name)") }
    }

    private mutating func create(_ creation: Creation, _ action: Int, _ desired: DesiredProject) {
        let project = desired.project
        guard let service = project.services[creation.service] else { return refuse("no service \(creation.service)") }
        let name = creation.temporaryName ?? creation.name
        if self[name] != nil { refuse("the name \(name) is taken") }
        var container = ObservedContainer(
            id: next("c"),
            name: name,
            service: creation.service,
            number: creation.number
        )
        container.definition = service
        container.configHash = desired.serviceHashes[creation.service] ?? ""
        container.imageID = observed.images[project.imageName(of: creation.service)] ?? ""
        for key in service.contentKeys { container.contents[key] = observed.contents[key]?.digest }
        container.networks = service.networkMode == nil ? Set(service.networks.keys.map(project.networkName)) : []
        container.volumes = Set(service.namedVolumes.map(project.volumeName))
        for missing in container.networks where observed.networks[missing] == nil { refuse("there is no \(missing)") }
        for missing in container.volumes where observed.volumes[missing] == nil { refuse("there is no \(missing)") }
        for other in service.sharedServices.sorted() {
            let used = creation.uses[other].map(identifier) ?? ""
            if !observed.containers.contains(where: { $0.id == used }) { refuse("there is no container of \(other)") }
            container.uses.insert(used)
        }
        made[action] = container.id
        observed.containers.append(container)
    }

    private mutating func start(_ reference: ContainerReference, _ desired: DesiredProject) -> Bool {
        let id = identifier(reference)
        guard let container = observed.containers.first(where: { $0.id == id }) else {
            refuse("there is no \(reference.name) to start")
            return false
        }
        if container.isActive { refuse("\(container.name) runs already") }
        if container.phase == .dead || container.phase == .removing { refuse("\(container.name) is dead") }
        let wanted = Set(container.definition?.ports.compactMap { $0.published.flatMap(UInt16.init) } ?? [])
        for other in observed.containers where other.id != id && !wanted.isDisjoint(with: Self.ports(of: other)) {
            refuse("\(other.name) has the port of \(container.name)")
        }
        for used in container.uses where !observed.containers.contains(where: { $0.id == used }) {
            refuse("\(container.name) uses a container that is gone")
        }
        checkDependencies(of: container, desired)
        let isFailing = failing.contains(container.service)
        let isOneShot = desired.project.services.values.contains {
            $0.dependsOn[container.service]?.condition == .completedSuccessfully
        }
        change(reference) { unit in
            unit.phase = isFailing || isOneShot ? .exited : .running
            unit.exitStatus = isFailing ? 1 : isOneShot ? 0 : nil
            unit.health = unit.phase == .running && unit.definition?.healthcheck != nil ? .healthy : nil
        }
        return true
    }

    private mutating func checkDependencies(of container: ObservedContainer, _ desired: DesiredProject) {
        let service = desired.project.services[container.service]
        for (name, edge) in service?.dependsOn ?? [:] where edge.required {
            let replicas = observed.containers.filter { $0.service == name && !$0.isOneOff }
            guard !replicas.isEmpty, desired.project.services[name]?.replicas ?? 0 > 0 else { continue }
            let isThere = replicas.contains { $0.isActive || $0.phase == .exited && $0.exitStatus == 0 }
            if !isThere { refuse("\(container.name) starts before \(name)") }
        }
    }

    private func isFulfilled(_ expectation: Expectation) -> Bool {
        let ids = Set(expectation.containers.map(identifier))
        let containers = observed.containers.filter { ids.contains($0.id) }
        switch expectation.condition {
        case .started: return true
        case .completed: return containers.contains { $0.phase == .exited && $0.exitStatus == 0 }
        case .healthy, .ready: return containers.allSatisfy { $0.phase == .running } && containers.count == ids.count
        }
    }
}
