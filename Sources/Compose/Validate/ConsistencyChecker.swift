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
        var containers: [String: String] = [:]
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
            checkContainerName(service, place, &containers)
            if let scale = service.scale, service.deploy != nil {
                project.services[name]?.deploy?.replicas = scale
            }
        }
        checkSecrets(project)
        checkCycle(project)
    }

    // MARK: - Places

    /// Where the values of one service stand.
    struct ServicePlace {
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
            among: project.secrets.keys,
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

    /// Checks that no earlier service has the same container name; `owners` has theirs.
    private func checkContainerName(_ service: Service, _ place: ServicePlace, _ owners: inout [String: String]) {
        guard let containerName = service.containerName,
            let owner = owners.updateValue(place.name, forKey: containerName)
        else {
            return
        }
        diagnostics.error(
            .conflict,
            "services `\(owner)` and `\(place.name)` have the same `container_name`, `\(containerName)`",
            at: place.origin("container_name"),
            path: place.path("container_name"),
            notes: ServicePlace(name: owner, tree: tree).origin("container_name")
                .map { [Diagnostic.Note("the other one", at: $0)] } ?? []
        )
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
