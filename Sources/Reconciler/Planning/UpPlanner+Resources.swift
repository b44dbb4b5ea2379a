// SPDX-License-Identifier: Apache-2.0

import Compose
import YAML

// MARK: Networks

extension UpPlanner {
    /// The keys of the networks that the services that take part use, or of all where those count that nobody uses.
    private var usedNetworks: [String] {
        if options.includesUnused { return project.networks.keys.sorted() }
        var keys: Set<String> = []
        for name in selected {
            guard let service = project.services[name], service.networkMode == nil, service.provider == nil else {
                continue
            }
            keys.formUnion(service.networks.keys)
        }
        return keys.sorted()
    }

    mutating func planNetworks() {
        for key in usedNetworks {
            guard let network = project.networks[key] else { continue }
            let name = project.networkName(key)
            let place = project.sources?.location(of: NodePath([.key("networks"), .key(key)]))
            guard let found = world.networks[name] else {
                if network.external {
                    builder.refuse(
                        Problem(
                            "network \(name) declared as external, but could not be found",
                            help: "make it with `wharf network create \(name)`, or take `external` away",
                            at: place
                        )
                    )
                } else {
                    networkActions[key] = builder.add(
                        .createNetwork(key: key, name: name),
                        [Cause("there is none yet", at: place)]
                    )
                }
                continue
            }
            if !network.external { planChange(of: found, key, at: place) }
        }
    }

    private mutating func planChange(of found: ObservedNetwork, _ key: String, at place: SourceLocation?) {
        if found.project != project.name {
            let problem = foreign(found, at: place)
            // One that stands for the same in another project may be meant to be shared.
            if found.key == key { builder.warn(problem) } else { builder.refuse(problem) }
            return
        }
        guard let hash = desired.networkHashes[key], found.configHash != hash else { return }
        let strangers = found.strangers + guests(of: found.name).map(\.name)
        guard strangers.isEmpty else {
            builder.refuse(
                Problem(
                    "the network \(found.name) has changed and cannot be made anew: containers of others are in it: "
                        + strangers.sorted().joined(separator: ", "),
                    help: "take them out of it with `wharf network disconnect`",
                    at: place
                )
            )
            return
        }
        renewedNetworks.insert(key)
        let causes = changes(
            from: world.applied?.networks[key]?.node(as: .yaml),
            of: project.networks[key],
            "networks",
            key
        )
        var departures: [Int] = []
        for container in containers where container.networks.contains(found.name) {
            departures.append(removals[container.id] ?? planDeparture(of: container, from: found, causes))
        }
        let removal = builder.add(.removeNetwork(id: found.id, name: found.name), causes, after: departures)
        networkActions[key] = builder.add(.createNetwork(key: key, name: found.name), causes, after: [removal])
        // Those that take no part in this plan have to find their network again as well.
        for container in world.containers where container.networks.contains(found.name) && isBystander(container) {
            let reference = ContainerReference(container)
            let cause = Cause("the network \(found.name) is made anew")
            builder.add(.connect(reference, network: key), [cause], after: networkActions[key].map { [$0] } ?? [])
        }
    }

    /// What there is to say of a network that was not made for the project.
    private func foreign(_ network: ObservedNetwork, at place: SourceLocation?) -> Problem {
        let owner =
            network.key.isEmpty
            ? "was not created by compose"
            : "was not created for project \"\(project.name)\""
                + (network.project.isEmpty ? "" : ", it belongs to the project \(network.project)")
        return Problem(
            "a network with name \(network.name) exists but \(owner)",
            help: "set `external: true` to use an existing network, or remove it with "
                + "`wharf network rm \(network.name)`",
            at: place
        )
    }

    /// The containers of the project that run in a network and could not be brought back into it: those of `run`, and those of
    /// services that are gone and are not removed.
    private func guests(of network: String) -> [ObservedContainer] {
        world.containers.filter { container in
            guard container.isActive, container.networks.contains(network) else { return false }
            if container.isOneOff { return true }
            return project.services[container.service] == nil && !options.removesOrphans
        }
    }

    /// Whether a container belongs to a service of the project that takes no part.
    private func isBystander(_ container: ObservedContainer) -> Bool {
        !container.isOneOff && project.services[container.service] != nil && !selected.contains(container.service)
    }

    /// Takes a container out of a network; twice is once.
    private mutating func planDeparture(
        of container: ObservedContainer,
        from network: ObservedNetwork,
        _ causes: [Cause],
        after: [Int] = []
    ) -> Int {
        if let departure = departures[container.id]?[network.name] { return departure }
        let reference = ContainerReference(container)
        let id = builder.add(.disconnect(reference, networkID: network.id), causes, after: after)
        departures[container.id, default: [:]][network.name] = id
        return id
    }

    /// What differs between the definition that was applied last and the new one.
    private func changes(
        from old: Node?,
        of new: (some ComposeObject)?,
        _ section: String,
        _ key: String
    ) -> [Cause] {
        let place = project.sources?.location(of: NodePath([.key(section), .key(key)]))
        guard let old = old?.mapping, let new = new?.node(as: .yaml).mapping else {
            return [Cause("its definition has changed", at: place)]
        }
        var causes: [Cause] = []
        for name in Set(old.entries.map(\.key)).union(new.entries.map(\.key)).sorted() where old[name] != new[name] {
            let path = NodePath([.key(section), .key(key), .key(name)])
            causes.append(
                Cause(
                    name,
                    path.description,
                    old: old[name].map(ServiceComparison.text),
                    new: new[name].map(ServiceComparison.text),
                    at: project.sources?.location(of: path)
                )
            )
        }
        return causes.isEmpty ? [Cause("its definition has changed", at: place)] : causes
    }
}

// MARK: Volumes

extension UpPlanner {
    mutating func planVolumes() {
        var keys: Set<String> = []
        for name in selected { keys.formUnion(project.services[name]?.namedVolumes ?? []) }
        if options.includesUnused { keys.formUnion(project.volumes.keys) }
        for key in keys.sorted() {
            guard let volume = project.volumes[key] else { continue }
            let name = project.volumeName(key)
            let place = project.sources?.location(of: NodePath([.key("volumes"), .key(key)]))
            guard let found = world.volumes[name] else {
                if volume.external {
                    builder.refuse(
                        Problem(
                            "external volume \"\(name)\" not found",
                            help: "make it with `wharf volume create \(name)`, or take `external` away",
                            at: place
                        )
                    )
                } else {
                    volumeActions[key] = builder.add(
                        .createVolume(key: key, name: name),
                        [Cause("there is none yet", at: place)]
                    )
                }
                continue
            }
            if !volume.external { planChange(of: found, key, at: place) }
        }
    }

    private mutating func planChange(of found: ObservedVolume, _ key: String, at place: SourceLocation?) {
        if found.project != project.name {
            let owner =
                found.project.isEmpty ? "was not made by a project" : "was made for the project \(found.project)"
            builder.warn(
                Problem(
                    "volume \"\(found.name)\" already exists but \(owner); it is used as it is",
                    help: "set `external: true` to use an existing volume",
                    at: place
                )
            )
            return
        }
        guard let hash = desired.volumeHashes[key], found.configHash != hash else { return }
        guard options.recreatesVolumes else {
            builder.warn(
                Problem(
                    "volume \"\(found.name)\" exists but does not match its definition; it is used as it is",
                    help: "with `--yes` it is made anew, and its data is lost",
                    at: place
                )
            )
            return
        }
        let causes = changes(
            from: world.applied?.volumes[key]?.node(as: .yaml),
            of: project.volumes[key],
            "volumes",
            key
        )
        let users = containers.filter { $0.volumes.contains(found.name) }
        let keepers = found.strangers + users.filter { !comesBack($0) }.map(\.name)
        guard keepers.isEmpty else {
            builder.refuse(
                Problem(
                    "volume \"\(found.name)\" cannot be made anew: it belongs to containers that would not come back: "
                        + keepers.sorted().joined(separator: ", "),
                    help: "remove these first, or name their services as well",
                    at: place
                )
            )
            return
        }
        var before: [Int] = []
        for container in users { before.append(planRemoval(of: container, causes)) }
        // What comes in their place has nothing to take over.
        world.containers.removeAll { $0.volumes.contains(found.name) }
        let removal = builder.add(.removeVolume(name: found.name), causes, after: before)
        volumeActions[key] = builder.add(.createVolume(key: key, name: found.name), causes, after: [removal])
    }

    /// Whether a container may be removed for a volume: another one of its service follows, or nobody misses it.
    private func comesBack(_ container: ObservedContainer) -> Bool {
        if container.isOneOff { return !container.isActive }
        return selected.contains(container.service)
            || project.services[container.service] == nil && options.removesOrphans
    }
}

// MARK: Services that are taken along

extension UpPlanner {
    /// Makes the networks and volumes that a service needs and that are not there; those that are stay as they are.
    mutating func provide(for service: Service) {
        for key in service.namedVolumes where volumeActions[key] == nil && project.volumes[key]?.external == false {
            let name = project.volumeName(key)
            if world.volumes[name] != nil { continue }
            volumeActions[key] = builder.add(.createVolume(key: key, name: name), [Cause("there is none yet")])
        }
        guard service.networkMode == nil else { return }
        for key in service.networks.keys.sorted()
        where networkActions[key] == nil && project.networks[key]?.external == false {
            let name = project.networkName(key)
            if world.networks[name] != nil { continue }
            networkActions[key] = builder.add(.createNetwork(key: key, name: name), [Cause("there is none yet")])
        }
    }
}

// MARK: Memberships

extension UpPlanner {
    /// Has a container that stays be in the networks of its service, and in none that it has left.
    ///
    /// - Parameters:
    ///   - container: The container.
    ///   - reference: What actions call it.
    ///   - service: Its service.
    ///   - membership: What its service has changed; nil where nobody knows.
    ///   - changes: The same, with the reasons.
    /// - Returns: The actions.
    mutating func connect(
        _ container: ObservedContainer,
        _ reference: ContainerReference,
        _ service: Service,
        _ membership: NetworkMembership?,
        _ changes: [Change]
    ) -> [Int] {
        guard service.networkMode == nil else { return [] }
        var actions: [Int] = []
        let wanted = Dictionary(service.networks.keys.map { ($0, project.networkName($0)) }) { $1 }
        for (key, name) in wanted.sorted(by: { $0.key < $1.key }) {
            let isChanged = membership?.left.contains(key) == true
            var after = networkActions[key].map { [$0] } ?? []
            if container.networks.contains(name), !renewedNetworks.contains(key) {
                guard isChanged, let network = world.networks[name] else { continue }
                after.append(planDeparture(of: container, from: network, causes(of: key, in: changes, container)))
            }
            var causes = causes(of: key, in: changes, container)
            if renewedNetworks.contains(key) {
                causes = [Cause("the network \(name) is made anew")]
            } else if causes.isEmpty {
                let path: NodePath = [.key("services"), .key(container.service), .key("networks"), .key(key)]
                let place = project.sources?.location(of: path)
                causes = [Cause("it is not in the network \(name)", at: place)]
            }
            actions.append(builder.add(.connect(reference, network: key), causes, after: after))
        }
        return actions + leave(container, Set(wanted.values), membership, changes, after: actions)
    }

    /// The reasons among some changes that concern a network.
    private func causes(of key: String, in changes: [Change], _ container: ObservedContainer) -> [Cause] {
        let path = NodePath([.key("services"), .key(container.service), .key("networks"), .key(key)]).description
        return changes.filter { change in
            change.cause.path == path || change.cause.path?.hasPrefix(path + ".") == true
        }.map(\.cause)
    }

    /// Takes a container that stays out of networks that its service has left, and of those that the project has no more.
    private mutating func leave(
        _ container: ObservedContainer,
        _ wanted: Set<String>,
        _ membership: NetworkMembership?,
        _ changes: [Change],
        after: [Int]
    ) -> [Int] {
        let left = Set(membership?.left ?? [])
        let current = projectNetworks
        var actions: [Int] = []
        for name in container.networks.subtracting(wanted).sorted() {
            guard let network = world.networks[name] else { continue }
            let isOwn = network.project == project.name
            let wasNamed = left.contains { (world.applied ?? project).networkName($0) == name }
            guard wasNamed || isOwn && (left.contains(network.key) || !current.contains(name)) else { continue }
            var causes = causes(of: network.key, in: changes, container)
            if causes.isEmpty { causes = [Cause("its service is not in the network \(name) any more")] }
            actions.append(planDeparture(of: container, from: network, causes, after: after))
        }
        return actions
    }

    /// The names of the networks that the project has, those of services that no profile enables included.
    private var projectNetworks: Set<String> {
        let disabled = project.disabledServices.values.flatMap(\.networks.keys)
        return Set((Array(project.networks.keys) + disabled).map(project.networkName))
    }

    /// Removes networks that were made for the project, which it does not have any more, once all containers have left them.
    mutating func planAbandonedNetworks() {
        guard options.services.isEmpty else { return }
        let current = projectNetworks
        for network in world.networks.values.sorted(by: { $0.name < $1.name }) {
            guard network.project == project.name, !current.contains(network.name), network.strangers.isEmpty else {
                continue
            }
            let members = containers.filter { $0.networks.contains(network.name) }
            let leaving = members.compactMap { removals[$0.id] ?? departures[$0.id]?[network.name] }
            guard leaving.count == members.count else { continue }
            let cause = Cause("the project has no network \(network.key) of this name any more")
            builder.add(.removeNetwork(id: network.id, name: network.name), [cause], after: leaving)
        }
    }
}
