// SPDX-License-Identifier: Apache-2.0

import YAML

/// References of services to other parts of the project.
extension ConsistencyChecker {
    // MARK: - References

    func checkReferences(_ service: Service, _ place: ServicePlace, _ project: Project) {
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
            among: project.networks.keys,
            kind: "network",
            place,
            "networks"
        )
        checkNames(service.models.keys.sorted(), among: project.models.keys, kind: "model", place, "models")
        checkNames(
            service.configs.map { $0.source ?? "" },
            among: project.configs.keys,
            kind: "config",
            place,
            "configs"
        )
        checkNames(
            service.secrets.map { $0.source ?? "" },
            among: project.secrets.keys,
            kind: "secret",
            place,
            "secrets"
        )
        let volumes = project.volumes.keys
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

    func checkNames<Value>(
        _ names: [String],
        among known: [String: Value].Keys,
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

    private func reportUndefined<Value>(
        _ kind: String,
        _ name: String,
        _ known: [String: Value].Keys,
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

    func checkDependencies(_ service: Service, _ place: ServicePlace, _ project: Project) {
        let services = project.services.keys
        for name in service.dependsOn.keys.filter({ !services.contains($0) }).sorted()
        where service.dependsOn[name]?.required == true || disabled[name] == nil {
            let path = place.path("depends_on", .key(name))
            let origin = tree.keyOrigin(at: path) ?? tree.origin(at: path)
            reportUndefinedService(name, "depends on", place, project, origin, path)
        }
        if let mode = service.networkMode, mode.hasPrefix("service:") {
            let name = String(mode.dropFirst("service:".count))
            if !services.contains(name), service.dependsOn[name] == nil {
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

    func reportUndefinedService(
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
}
