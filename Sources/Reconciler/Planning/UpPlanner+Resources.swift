// SPDX-License-Identifier: Apache-2.0

import Compose
import YAML

// MARK: Networks

extension UpPlanner {
    /// The keys of the networks that the services that take part use.
    private var usedNetworks: [String] {
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
            let owner = found.project.isEmpty ? "was not made by a project" : "belongs to the project \(found.project)"
            builder.warn(
                Problem(
                    "a network with name \(found.name) exists but \(owner); it is used as it is",
                    help: "set `external: true` to use an existing network",
                    at: place
                )
            )
            return
        }
        guard let hash = desired.networkHashes[key], found.configHash != hash else { return }
        guard found.strangers.isEmpty else {
            builder.refuse(
                Problem(
                    "the network \(found.name) has changed and cannot be made anew: containers of others are in it: "
                        + found.strangers.sorted().joined(separator: ", "),
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
        var disconnections: [Int] = []
        for container in world.containers where container.networks.contains(found.name) {
            let reference = ContainerReference(container)
            disconnections.append(builder.add(.disconnect(reference, networkID: found.id), causes))
        }
        let removal = builder.add(.removeNetwork(id: found.id, name: found.name), causes, after: disconnections)
        networkActions[key] = builder.add(.createNetwork(key: key, name: found.name), causes, after: [removal])
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
        var removals: [Int] = []
        for container in world.containers where container.volumes.contains(found.name) {
            removals.append(planRemoval(of: container, causes))
        }
        // What comes in their place has nothing to take over.
        world.containers.removeAll { $0.volumes.contains(found.name) }
        let removal = builder.add(.removeVolume(name: found.name), causes, after: removals)
        volumeActions[key] = builder.add(.createVolume(key: key, name: found.name), causes, after: [removal])
    }
}
