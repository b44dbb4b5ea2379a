// SPDX-License-Identifier: Apache-2.0

import Compose
import YAML

/// Decides what becomes of the containers of one service.
struct ReplicaPlanner {
    let desired: DesiredProject
    let world: ObservedWorld
    let options: UpOptions
    let name: String
    let service: Service
    /// Those that there are of it, without those of `run`.
    let containers: [ObservedContainer]
    /// What was decided for services that this one depends on.
    let fates: [String: ServiceFate]
    /// Whether the service takes part only because of what it depends on.
    var isTakenAlong = false

    private var project: Project { desired.project }

    /// The decision for each replica, and what is too much.
    func fate() -> ServiceFate {
        var fate = ServiceFate(service: name)
        fate.isTakenAlong = isTakenAlong
        fate.renewsVolumes = isTarget && options.renewsVolumes
        var candidates: [ReplicaFate] = []
        let groups = Dictionary(grouping: containers) { $0.number ?? 0 }
        for (number, group) in groups.sorted(by: { $0.key < $1.key }) {
            candidates.append(candidate(number, of: group, &fate))
        }
        let count = isTakenAlong ? candidates.count : max(0, options.scales[name] ?? service.replicas)
        // Those that are up to date stay, and of these the ones with low numbers.
        candidates.sort { ($0.isReplaced ? 1 : 0, $0.number) < ($1.isReplaced ? 1 : 0, $1.number) }
        for candidate in candidates.dropFirst(count) {
            let cause = scaleCause(from: candidates.count, to: count)
            for container in [candidate.existing].compactMap(\.self) + candidate.predecessors {
                fate.surplus.append((container, cause))
            }
        }
        fate.replicas = candidates.prefix(count).map(\.self)
        // Gaps are filled: which replica of several is made first is nobody's choice, and a plan that was cut off in between has to
        // come to the same numbers.
        let taken = Set(candidates.map(\.number))
        for number in 1... where !taken.contains(number) {
            guard fate.replicas.count < count else { break }
            let cause = candidates.isEmpty ? Cause("there is none yet") : scaleCause(from: candidates.count, to: count)
            fate.replicas.append(ReplicaFate(number: number, decision: .create([cause])))
        }
        fate.replicas.sort { $0.number < $1.number }
        return fate
    }

    /// Whether the service was named, or none was.
    private var isTarget: Bool { !isTakenAlong && (options.services.isEmpty || options.services.contains(name)) }

    /// What becomes of one number: of the containers that have it, which a replacement that was cut off leaves, one goes on.
    private func candidate(_ number: Int, of group: [ObservedContainer], _ fate: inout ServiceFate) -> ReplicaFate {
        let expected = project.containerName(of: name, number: number, separator: options.separator)
        let ranked = group.sorted { rank($0, expected) < rank($1, expected) }
        var replica = ReplicaFate(number: number, existing: ranked[0], decision: decision(on: ranked[0]))
        for container in ranked.dropFirst() {
            let isSuccessor =
                ranked[0].name == expected && (ranked[0].isActive || container.name.hasSuffix("_" + expected))
            if replica.isReplaced || isSuccessor {
                fate.surplus.append((container, Cause("a replacement of it was cut off")))
            } else {
                replica.predecessors.append(container)
            }
        }
        return replica
    }

    private func scaleCause(from old: Int, to new: Int) -> Cause {
        let key = service.scale != nil ? "scale" : service.isGlobal ? "deploy.mode" : "deploy.replicas"
        let asked = options.scales[name] == nil ? place(of: key) : nil
        return Cause("scale", "services.\(name).\(key)", old: String(old), new: String(new), at: asked)
    }

    private func place(of key: String) -> SourceLocation? {
        let path = key.split(separator: ".").map { NodePath.Component.key(String($0)) }
        return project.sources?.location(of: NodePath([.key("services"), .key(name)] + path))
    }

    /// The order in which containers with the same number are gone on with.
    private func rank(_ container: ObservedContainer, _ expected: String) -> (Int, Int, String) {
        let isCurrent = divergence(of: container).allSatisfy { $0.effect < .replace }
        return (isCurrent && !container.isBroken ? 0 : 1, container.name == expected ? 0 : 1, container.id)
    }

    // MARK: One container

    private func decision(on container: ObservedContainer) -> ReplicaFate.Decision {
        let recreation = isTarget ? options.recreation : options.dependencyRecreation
        if container.isBroken { return .replace([Cause("its removal was cut off")]) }
        let cascade = cascades(to: container)
        // What it was made with may use something else that goes.
        if isTakenAlong, let old = container.definition, old.sharedServices != service.sharedServices {
            return .replace([Cause("it uses what belongs to other services than it is to")])
        }
        // Without what it uses it could not run.
        if isTakenAlong || recreation == .never { return cascade.isEmpty ? .keep : .replace(cascade) }
        let changes = divergence(of: container)
        let reasons = changes.filter { $0.effect == .replace }.map(\.cause)
        if recreation == .always {
            let all = reasons + cascade
            return .replace(all.isEmpty ? [Cause("all containers are to be replaced")] : all)
        }
        if !reasons.isEmpty || !cascade.isEmpty { return .replace(reasons + cascade) }
        if isTarget, options.renewsVolumes {
            return .replace([Cause("volumes without a name are to be new")])
        }
        return changes.isEmpty ? .keep : .adjust(changes)
    }

    /// What of a container is not as it is to be.
    private func divergence(of container: ObservedContainer) -> [Change] {
        var changes: [Change] = []
        if let definition = container.definition {
            changes += definitionChanges(from: definition)
        } else if container.configHash != desired.serviceHashes[name] {
            let cause = Cause(
                "configuration",
                "services.\(name)",
                old: String(container.configHash.prefix(12)),
                new: String((desired.serviceHashes[name] ?? "").prefix(12)),
                at: project.sources?.location(of: NodePath([.key("services"), .key(name)]))
            )
            changes.append(Change(.replace, cause))
        }
        changes += imageChanges(of: container) + contentChanges(of: container) + volumeChanges(of: container)
        changes += networkChanges(of: container)
        return changes
    }

    /// What differs from the definition that a container was made with; where the only thing that would need another container is
    /// what networks it is in, it joins and leaves them.
    private func definitionChanges(from old: Service) -> [Change] {
        let changes = ServiceComparison(of: name, in: project).changes(from: old, to: service)
        guard changes.contains(where: { $0.effect == .replace }),
            changes.allSatisfy({ $0.effect < .replace || $0.key == "networks" }),
            NetworkMembership(from: old, to: service).isInPlace
        else { return changes }
        return changes.map { Change(min($0.effect, .adjust), $0.cause, key: $0.key) }
    }

    private func imageChanges(of container: ObservedContainer) -> [Change] {
        let reference = project.imageName(of: name, separator: options.separator)
        guard let id = world.images[reference], id != container.imageID, !container.imageID.isEmpty else { return [] }
        let cause = Cause(
            "image \(reference)",
            "services.\(name).image",
            old: Self.short(container.imageID),
            new: Self.short(id),
            at: place(of: "image")
        )
        return [Change(.replace, cause)]
    }

    /// A digest as people read it.
    private static func short(_ digest: String) -> String {
        digest.hasPrefix("sha256:") ? String(digest.prefix(19)) : String(digest.prefix(12))
    }

    private func contentChanges(of container: ObservedContainer) -> [Change] {
        guard container.definition != nil else { return [] }
        return service.contentKeys.compactMap { key in
            guard let digest = world.contents[key]?.digest, container.contents[key] != digest else { return nil }
            // One that is there only now comes with another change.
            guard container.contents[key] != nil else { return nil }
            return Change(.replace, contentCause(key))
        }
    }

    private func contentCause(_ key: ContentKey) -> Cause {
        switch key.kind {
        case .config: Cause("the content of the config \(key.name) has changed", at: definition(of: key, in: "configs"))
        case .secret: Cause("the content of the secret \(key.name) has changed", at: definition(of: key, in: "secrets"))
        case .bind: Cause("the content of \(key.name) has changed", at: mount(of: key.name))
        }
    }

    private func definition(of key: ContentKey, in section: String) -> SourceLocation? {
        project.sources?.location(of: NodePath([.key(section), .key(key.name)]))
    }

    private func mount(of path: String) -> SourceLocation? {
        guard let index = service.volumes.firstIndex(where: { $0.source == path }) else { return nil }
        return project.sources?.location(of: [.key("services"), .key(name), .key("volumes"), .index(index)])
    }

    private func volumeChanges(of container: ObservedContainer) -> [Change] {
        service.namedVolumes.compactMap { key in
            let volume = project.volumeName(key)
            // Where its definition is another one, that says so.
            let isNew = container.definition.map { !$0.namedVolumes.contains(key) } ?? false
            if container.volumes.contains(volume) || isNew { return nil }
            let place = project.sources?.location(of: NodePath([.key("volumes"), .key(key)]))
            return Change(.replace, Cause("the volume \(volume) is not mounted in it", at: place))
        }
    }

    /// Whether the first network, by whose name the container knows it, has got another name; further ones are joined and left.
    private func networkChanges(of container: ObservedContainer) -> [Change] {
        guard service.networkMode == nil, let key = service.networksByPriority.first else { return [] }
        let name = project.networkName(key)
        guard !container.networks.contains(name) else { return [] }
        let former = container.networks.sorted().first { other in
            world.networks[other].map { $0.project == project.name && $0.key == key } == true
        }
        guard let former else { return [] }
        let path: NodePath = [.key("networks"), .key(key), .key("name")]
        let place = project.sources?.location(of: path)
        return [Change(.replace, Cause("name", path.description, old: former, new: name, at: place), key: "networks")]
    }

    /// What becomes of other services and takes this container along.
    private func cascades(to container: ObservedContainer) -> [Cause] {
        service.sharedServices.sorted().compactMap { other in
            guard let fate = fates[other] else { return nil }
            if fate.hasNew { return Cause("it uses what belongs to \(other), which gets another container") }
            let ids = Set(fate.replicas.compactMap(\.existing?.id))
            let isThere = !ids.isDisjoint(with: container.uses)
            return isThere || container.uses.isEmpty ? nil : Cause("the container of \(other) that it used is gone")
        }
    }
}

extension Service {
    /// What outside of the compose file belongs to its definition.
    package var contentKeys: [ContentKey] {
        configs.compactMap { $0.source.map { ContentKey(.config, $0) } }
            + secrets.compactMap { $0.source.map { ContentKey(.secret, $0) } }
            + volumes.compactMap { $0.kind == .bind ? $0.source.map { ContentKey(.bind, $0) } : nil }
    }

    /// The keys of the volumes of the project that it mounts.
    package var namedVolumes: [String] {
        volumes.compactMap { $0.kind == .volume ? $0.source : nil }
    }
}
