// SPDX-License-Identifier: Apache-2.0

import YAML

/// Checks that the references of a project lead somewhere and that its keys do not contradict each other.
struct ConsistencyChecker {
    /// The canonical tree that the project was read from, for the places of its values.
    let tree: Node
    /// The services of inactive profiles.
    let disabled: [String: Service]
    let diagnostics: DiagnosticBag

    /// Checks all enabled services; `scale` is copied into `deploy.replicas`, as Docker Compose does here.
    func check(_ project: inout Project) {
        for name in project.services.keys.sorted() {
            guard let service = project.services[name] else {
                continue
            }
            let place = ServicePlace(name: name, tree: tree)
            checkSource(service, place)
            checkBuild(service, place, project)
            checkReferences(service, place, project)
            checkDependencies(service, place, project)
            checkMounts(service, place)
            checkLimits(service, place)
            checkScale(service, place)
            checkWatch(service, place)
            if let scale = service.scale, service.deploy != nil {
                project.services[name]?.deploy?.replicas = scale
            }
        }
        checkSecrets(project)
        checkContainerNames(project)
        checkCycle(project)
    }

    // MARK: - Places

    /// Where the values of one service stand.
    private struct ServicePlace {
        let name: String
        let tree: Node

        func path(_ components: NodePath.Component...) -> NodePath {
            NodePath([.key("services"), .key(name)] + components)
        }

        /// The place of a value, or of the nearest part around it.
        func origin(_ components: NodePath.Component...) -> Origin? {
            tree.origin(at: NodePath([.key("services"), .key(name)] + components))
        }

        /// Whether a value was already reported as wrong.
        func isInvalid(_ components: NodePath.Component...) -> Bool {
            tree.node(at: NodePath([.key("services"), .key(name)] + components))?.isInvalid ?? false
        }
    }

    // MARK: - Image and build

    private func checkSource(_ service: Service, _ place: ServicePlace) {
        guard service.build == nil, service.image == nil, service.provider == nil,
            !place.isInvalid("image"), !place.isInvalid("build"), !place.isInvalid("provider"), !place.isInvalid(),
            !place.isInvalid("extends"), !diagnostics.hasUnknownKey(below: place.path())
        else {
            return
        }
        diagnostics.error(
            .missingKey,
            "service `\(place.name)` has neither an `image` nor a `build` section",
            at: tree.keyOrigin(at: place.path()) ?? place.origin(),
            path: place.path()
        )
    }

    private func checkBuild(_ service: Service, _ place: ServicePlace, _ project: Project) {
        guard let build = service.build else {
            return
        }
        if build.dockerfile != nil, build.dockerfileInline != nil {
            diagnostics.error(
                .conflict,
                "service `\(place.name)` sets both `dockerfile` and `dockerfile_inline`",
                at: place.origin("build", "dockerfile_inline"),
                path: place.path("build", "dockerfile_inline"),
                suggestion: "remove one of them"
            )
        }
        if let platform = service.platform, !build.platforms.isEmpty, !build.platforms.contains(platform) {
            diagnostics.error(
                .conflict,
                "`build.platforms` of service `\(place.name)` does not hold its `platform`, `\(platform)`",
                at: place.origin("build", "platforms"),
                path: place.path("build", "platforms")
            )
        }
        for (key, context) in build.additionalContexts.sorted(by: { $0.key < $1.key })
        where context.hasPrefix("service:") {
            checkAdditionalContext(key, String(context.dropFirst("service:".count)), place, project)
        }
        checkNames(
            build.secrets.map { $0.source ?? "" },
            among: Set(project.secrets.keys),
            kind: "secret",
            place,
            "build",
            "secrets"
        )
    }

    private func checkAdditionalContext(_ key: String, _ target: String, _ place: ServicePlace, _ project: Project) {
        let origin = place.origin("build", "additional_contexts", .key(key))
        let path = place.path("build", "additional_contexts", .key(key))
        guard let service = project.services[target] else {
            reportUndefinedService(target, "builds from", place, project, origin, path)
            return
        }
        if service.build == nil {
            diagnostics.error(
                .undefinedReference,
                "service `\(place.name)` builds from service `\(target)`, which has no `build` section",
                at: origin,
                path: path
            )
        }
    }

    // MARK: - References

    private func checkReferences(_ service: Service, _ place: ServicePlace, _ project: Project) {
        if service.networkMode != nil, !service.networks.isEmpty {
            diagnostics.error(
                .conflict,
                "service `\(place.name)` sets both `network_mode` and `networks`",
                at: place.origin("networks"),
                path: place.path("networks"),
                suggestion: "remove one of them"
            )
        }
        checkNames(
            service.networks.keys.sorted(),
            among: Set(project.networks.keys),
            kind: "network",
            place,
            "networks"
        )
        checkNames(service.models.keys.sorted(), among: Set(project.models.keys), kind: "model", place, "models")
        checkNames(
            service.configs.map { $0.source ?? "" },
            among: Set(project.configs.keys),
            kind: "config",
            place,
            "configs"
        )
        checkNames(
            service.secrets.map { $0.source ?? "" },
            among: Set(project.secrets.keys),
            kind: "secret",
            place,
            "secrets"
        )
        let volumes = Set(project.volumes.keys)
        for (index, mount) in service.volumes.enumerated() where mount.kind == .volume {
            if let source = mount.source, !volumes.contains(source) {
                reportUndefined("volume", source, volumes, place, ["volumes", .index(index)])
            }
        }
        if let test = service.healthcheck?.test.first, !["CMD", "CMD-SHELL", "NONE"].contains(test) {
            diagnostics.error(
                .invalidValue,
                "the health check of service `\(place.name)` starts with `\(test)`",
                at: place.origin("healthcheck", "test"),
                path: place.path("healthcheck", "test"),
                suggestion: "a list must start with `CMD`, `CMD-SHELL` or `NONE`; a string runs in a shell"
            )
        }
    }

    private func checkNames(
        _ names: [String],
        among known: Set<String>,
        kind: String,
        _ place: ServicePlace,
        _ keys: String...
    ) {
        for (index, name) in names.enumerated() where !known.contains(name) {
            let section = NodePath(keys.map { .key($0) })
            let isList = tree.node(at: NodePath(place.path().components + section.components))?.sequence != nil
            let last: NodePath.Component = isList ? .index(index) : .key(name)
            reportUndefined(kind, name, known, place, section.components + [last])
        }
    }

    private func reportUndefined(
        _ kind: String,
        _ name: String,
        _ known: Set<String>,
        _ place: ServicePlace,
        _ components: [NodePath.Component]
    ) {
        let path = NodePath(place.path().components + components)
        let near = Suggestions.nearest(to: name, in: known.sorted())
        diagnostics.error(
            .undefinedReference,
            "service `\(place.name)` refers to the \(kind) `\(name)`, which the project does not define",
            at: tree.keyOrigin(at: path) ?? tree.origin(at: path),
            path: path,
            suggestion: near.map { "did you mean `\($0)`?" } ?? "define it under `\(kind)s:` at the top level"
        )
    }

    // MARK: - Dependencies

    private func checkDependencies(_ service: Service, _ place: ServicePlace, _ project: Project) {
        for (name, dependency) in service.dependsOn.sorted(by: { $0.key < $1.key }) {
            guard project.services[name] == nil, dependency.required || disabled[name] == nil else {
                continue
            }
            let path = place.path("depends_on", .key(name))
            let origin = tree.keyOrigin(at: path) ?? tree.origin(at: path)
            reportUndefinedService(name, "depends on", place, project, origin, path)
        }
        if let mode = service.networkMode, mode.hasPrefix("service:") {
            let name = String(mode.dropFirst("service:".count))
            if project.services[name] == nil, service.dependsOn[name] == nil {
                reportUndefinedService(
                    name,
                    "shares the network of",
                    place,
                    project,
                    place.origin("network_mode"),
                    place.path("network_mode")
                )
            }
        }
    }

    private func reportUndefinedService(
        _ name: String,
        _ relation: String,
        _ place: ServicePlace,
        _ project: Project,
        _ origin: Origin?,
        _ path: NodePath
    ) {
        if let service = disabled[name] {
            let profiles = service.profiles.map { "`\($0)`" }.joined(separator: " or ")
            diagnostics.error(
                .undefinedReference,
                "service `\(place.name)` \(relation) service `\(name)`, whose profile is not active",
                at: origin,
                path: path,
                suggestion: "activate the profile \(profiles), or set `required: false`"
            )
            return
        }
        let near = Suggestions.nearest(to: name, in: project.services.keys.sorted())
        diagnostics.error(
            .undefinedReference,
            "service `\(place.name)` \(relation) service `\(name)`, which does not exist",
            at: origin,
            path: path,
            suggestion: near.map { "did you mean `\($0)`?" }
        )
    }

    // MARK: - Mounts

    private func checkMounts(_ service: Service, _ place: ServicePlace) {
        var mounts: [String: NodePath] = [:]
        let note = { (target: String, path: NodePath) in
            guard let earlier = mounts.updateValue(path, forKey: target) else {
                return
            }
            diagnostics.error(
                .conflict,
                "service `\(place.name)` mounts two things at `\(target)`",
                at: tree.origin(at: path),
                path: path,
                notes: tree.origin(at: earlier).map { [Diagnostic.Note("the other one", at: $0)] } ?? []
            )
        }
        for (index, tmpfs) in service.tmpfs.enumerated() {
            let target = tmpfs.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)[0]
            note(String(target), place.path("tmpfs", .index(index)))
        }
        for (index, mount) in service.volumes.enumerated() {
            note(mount.target ?? "", place.path("volumes", .index(index)))
        }
    }

    // MARK: - Limits and replicas

    private func checkLimits(_ service: Service, _ place: ServicePlace) {
        guard let resources = service.deploy?.resources else {
            return
        }
        if let limits = resources.limits {
            if let cpus = service.cpus, limits.cpus != cpus {
                reportTwoValues("cpus", "limits", "cpus", place)
            }
            if let memory = service.memoryLimit, limits.memory != memory {
                reportTwoValues("mem_limit", "limits", "memory", place)
            }
            if let pids = service.pidsLimit, limits.pids != pids {
                reportTwoValues("pids_limit", "limits", "pids", place)
            }
        }
        if let reservations = resources.reservations, let memory = service.memoryReservation,
            reservations.memory != memory
        {
            reportTwoValues("mem_reservation", "reservations", "memory", place)
        }
    }

    private func reportTwoValues(_ key: String, _ section: String, _ other: String, _ place: ServicePlace) {
        diagnostics.error(
            .conflict,
            "`\(key)` and `deploy.resources.\(section).\(other)` of service `\(place.name)` differ",
            at: place.origin(.key(key)),
            path: place.path(.key(key)),
            suggestion: "set only one of them, or both to the same value",
            notes: place.origin("deploy", "resources", .key(section), .key(other))
                .map { [Diagnostic.Note("the other one", at: $0)] } ?? []
        )
    }

    private func checkScale(_ service: Service, _ place: ServicePlace) {
        if let scale = service.scale, let replicas = service.deploy?.replicas, scale != replicas {
            diagnostics.error(
                .conflict,
                "`scale` and `deploy.replicas` of service `\(place.name)` differ: \(scale) and \(replicas)",
                at: place.origin("scale"),
                path: place.path("scale"),
                suggestion: "set only one of them"
            )
        }
        if let scale = service.scale, scale < 0 {
            diagnostics.error(
                .invalidValue,
                "`scale` of service `\(place.name)` must not be negative",
                at: place.origin("scale"),
                path: place.path("scale")
            )
        }
        guard (service.scale ?? service.deploy?.replicas ?? 1) > 1, service.containerName != nil else {
            return
        }
        diagnostics.error(
            .conflict,
            "service `\(place.name)` has a `container_name`, so it cannot run more than one container",
            at: place.origin("container_name"),
            path: place.path("container_name"),
            suggestion: "remove `container_name` or the number of replicas"
        )
    }

    private func checkWatch(_ service: Service, _ place: ServicePlace) {
        for (index, rule) in (service.develop?.watch ?? []).enumerated()
        where rule.target == nil && rule.action != .rebuild && rule.action != .restart {
            diagnostics.error(
                .missingKey,
                "the watch rule of service `\(place.name)` needs a `target`, the path in the container",
                at: place.origin("develop", "watch", .index(index)),
                path: place.path("develop", "watch", .index(index))
            )
        }
    }

    // MARK: - The whole project

    private func checkSecrets(_ project: Project) {
        for (name, secret) in project.secrets.sorted(by: { $0.key < $1.key })
        where !secret.external && secret.file == nil && secret.environment == nil {
            let path: NodePath = [.key("secrets"), .key(name)]
            diagnostics.error(
                .missingKey,
                "the secret `\(name)` must say where it comes from: `file` or `environment`",
                at: tree.keyOrigin(at: path),
                path: path
            )
        }
    }

    private func checkContainerNames(_ project: Project) {
        var owners: [String: String] = [:]
        for (name, service) in project.services.sorted(by: { $0.key < $1.key }) {
            guard let containerName = service.containerName,
                let owner = owners.updateValue(name, forKey: containerName)
            else {
                continue
            }
            let place = ServicePlace(name: name, tree: tree)
            diagnostics.error(
                .conflict,
                "services `\(owner)` and `\(name)` have the same `container_name`, `\(containerName)`",
                at: place.origin("container_name"),
                path: place.path("container_name"),
                notes: ServicePlace(name: owner, tree: tree).origin("container_name")
                    .map { [Diagnostic.Note("the other one", at: $0)] } ?? []
            )
        }
    }

    private func checkCycle(_ project: Project) {
        guard let cycle = DependencyGraph(project.services).firstCycle() else {
            return
        }
        let notes = zip(cycle, cycle.dropFirst()).compactMap { service, dependency -> Diagnostic.Note? in
            let path: NodePath = [.key("services"), .key(service), .key("depends_on"), .key(dependency)]
            return (tree.keyOrigin(at: path) ?? tree.origin(at: path)).map {
                Diagnostic.Note("`\(service)` depends on `\(dependency)` here", at: $0)
            }
        }
        diagnostics.error(
            .cycle,
            "services depend on each other in a circle: \(cycle.joined(separator: " → "))",
            at: notes.first?.origin,
            path: [.key("services"), .key(cycle[0]), .key("depends_on")],
            notes: notes
        )
    }
}
