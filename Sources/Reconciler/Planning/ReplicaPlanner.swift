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
    /// What was decided for services that this one depends on.
    let fates: [String: ServiceFate]

    private var project: Project { desired.project }

    /// The decision for each replica, and what is too much.
    func fate() -> ServiceFate {
        var fate = ServiceFate(service: name)
        let count = options.scales[name] ?? service.replicas
        var candidates: [(fate: ReplicaFate, isObsolete: Bool)] = []
        let own = world.containers.filter { $0.service == name && !$0.isOneOff }
        for (number, group) in Dictionary(grouping: own, by: { $0.number ?? 0 }).sorted(by: { $0.key < $1.key }) {
            let (kept, leftovers) = choose(among: group, number: number)
            for container in leftovers {
                fate.surplus.append((container, Cause("a replacement of it was cut off")))
            }
            let decision = decision(on: kept)
            var isObsolete = false
            if case .replace = decision { isObsolete = true }
            candidates.append((ReplicaFate(number: number, existing: kept, decision: decision), isObsolete))
        }
        // Those that are up to date stay, and of these the ones with low numbers.
        candidates.sort { ($0.isObsolete ? 1 : 0, $0.fate.number) < ($1.isObsolete ? 1 : 0, $1.fate.number) }
        for candidate in candidates.dropFirst(count) {
            guard let container = candidate.fate.existing else { continue }
            fate.surplus.append((container, scaleCause(from: candidates.count, to: count)))
        }
        fate.replicas = candidates.prefix(count).map(\.fate)
        var next = candidates.map(\.fate.number).max() ?? 0
        while fate.replicas.count < count {
            next += 1
            let cause = candidates.isEmpty ? Cause("there is none yet") : scaleCause(from: candidates.count, to: count)
            fate.replicas.append(ReplicaFate(number: next, decision: .create([cause])))
        }
        fate.replicas.sort { $0.number < $1.number }
        return fate
    }

    private func scaleCause(from old: Int, to new: Int) -> Cause {
        let key = service.scale != nil ? "scale" : "deploy.replicas"
        let asked = options.scales[name] == nil ? place(of: key) : nil
        return Cause("scale", "services.\(name).\(key)", old: String(old), new: String(new), at: asked)
    }

    private func place(of key: String) -> SourceLocation? {
        let path = key.split(separator: ".").map { NodePath.Component.key(String($0)) }
        return project.sources?.location(of: NodePath([.key("services"), .key(name)] + path))
    }

    /// Of containers with the same number, which a replacement that was cut off leaves, the one to go on with.
    private func choose(
        among group: [ObservedContainer],
        number: Int
    ) -> (kept: ObservedContainer, leftovers: [ObservedContainer]) {
        let expected = project.containerName(of: name, number: number, separator: options.separator)
        let ranked = group.sorted { rank($0, expected) < rank($1, expected) }
        return (ranked[0], Array(ranked.dropFirst()))
    }

    private func rank(_ container: ObservedContainer, _ expected: String) -> (Int, Int, String) {
        let isCurrent = divergence(of: container).allSatisfy { $0.effect < .replace }
        return (isCurrent ? 0 : 1, container.name == expected ? 0 : 1, container.id)
    }

    // MARK: One container

    private func decision(on container: ObservedContainer) -> ReplicaFate.Decision {
        let isTarget = options.services.isEmpty || options.services.contains(name)
        let recreation = isTarget ? options.recreation : options.dependencyRecreation
        if recreation == .never { return .keep }
        let changes = divergence(of: container)
        let reasons = changes.filter { $0.effect == .replace }.map(\.cause)
        if recreation == .always {
            return .replace(reasons.isEmpty ? [Cause("all containers are to be replaced")] : reasons)
        }
        let cascade = cascades(to: container)
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
            changes += ServiceComparison(of: name, in: project).changes(from: definition, to: service)
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
        if container.phase == .dead || container.phase == .removing {
            changes.append(Change(.replace, Cause("its removal was cut off")))
        }
        return changes
    }

    private func imageChanges(of container: ObservedContainer) -> [Change] {
        let reference = project.imageName(of: name, separator: options.separator)
        guard let id = world.images[reference], id != container.imageID else { return [] }
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
            let cause =
                switch key.kind {
                case .config: Cause("the content of the config \(key.name) has changed")
                case .secret: Cause("the content of the secret \(key.name) has changed")
                case .bind: Cause("the content of \(key.name) has changed")
                }
            return Change(.replace, cause)
        }
    }

    private func volumeChanges(of container: ObservedContainer) -> [Change] {
        service.namedVolumes.compactMap { key in
            let volume = project.volumeName(key)
            if container.volumes.contains(volume) { return nil }
            return Change(.replace, Cause("the volume \(volume) is not mounted in it"))
        }
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
