// SPDX-License-Identifier: Apache-2.0

import YAML

/// Adds what a canonical tree implies: the default network, dependencies on services that are linked to or shared
/// with, values of the environment, and the names of networks, volumes, configs and secrets.
struct Normaliser {
    let projectName: String
    let environment: ProjectEnvironment

    /// Normalises a whole tree in place.
    func normalise(_ root: inout Node) {
        normaliseNetworks(&root)
        root.withValue(forKey: "services") { services in
            services.withMapping { mapping in
                mapping.updateValues { _, service in
                    normaliseService(&service)
                }
            }
        }
        for section in ["networks", "volumes", "configs", "secrets"] {
            root.withValue(forKey: section, setNames)
        }
    }

    // MARK: - Networks

    /// Connects services that name no network to the default one, which exists only where one of them needs it.
    private func normaliseNetworks(_ root: inout Node) {
        var usesDefault = false
        root.withValue(forKey: "services") { services in
            services.withMapping { mapping in
                mapping.updateValues { _, service in
                    usesDefault = connectToDefault(&service) || usesDefault
                }
            }
        }
        guard usesDefault else {
            return
        }
        root.withMapping { mapping in
            if mapping["networks"].map(\.isNull) ?? true {
                mapping["networks"] = Node(.mapping([:]))
            }
        }
        root.withValue(forKey: "networks") { networks in
            networks.withMapping { mapping in
                if mapping.position(of: "default") == nil {
                    mapping["default"] = Node(.null)
                }
            }
        }
    }

    /// Whether the service is connected to the default network, now or already.
    private func connectToDefault(_ service: inout Node) -> Bool {
        guard let mapping = service.mapping, mapping.position(of: "provider") == nil,
            mapping.position(of: "network_mode") == nil
        else {
            return false
        }
        if let networks = mapping["networks"] {
            guard !networks.isInvalid else {
                return false
            }
            if let entries = networks.mapping, !entries.isEmpty {
                return entries.position(of: "default") != nil
            }
        }
        let origin = service.origin
        service.withMapping { $0["networks"] = Node(.mapping(["default": Node(.null, at: origin)]), at: origin) }
        return true
    }

    // MARK: - Services

    private func normaliseService(_ service: inout Node) {
        service.withValue(forKey: "pull_policy") { policy in
            if policy.string == "if_not_present" {
                policy.value = .string("missing")
            }
        }
        service.withValue(forKey: "build", normaliseBuild)
        service.withValue(forKey: "environment") { resolveBareNames(&$0, keepsUnset: true) }
        service.withValue(forKey: "volumes") { volumes in
            volumes.withSequence { items in
                for index in items.indices {
                    items[index].withValue(forKey: "target", cleanTarget)
                }
            }
        }
        addImpliedDependencies(to: &service)
    }

    private func cleanTarget(_ target: inout Node) {
        if case .string(let text) = target.value {
            target.value = .string(FilePath.clean(text))
        }
    }

    private func normaliseBuild(_ build: inout Node) {
        let origin = build.origin
        build.withMapping { mapping in
            if mapping["context"].map(\.isNull) ?? true {
                mapping["context"] = Node(".", at: origin)
            }
            let isInline = mapping["dockerfile_inline"].map { !$0.isNull } ?? false
            if mapping["dockerfile"].map(\.isNull) ?? true, !isInline {
                mapping["dockerfile"] = Node("Dockerfile", at: origin)
            }
        }
        build.withValue(forKey: "args") { resolveBareNames(&$0, keepsUnset: false) }
    }

    /// Gives names without a value the environment's.
    private func resolveBareNames(_ node: inout Node, keepsUnset: Bool) {
        switch node.value {
        case .mapping(let mapping):
            guard mapping.entries.contains(where: \.value.isNull) else {
                return
            }
            var entries: [Mapping.Entry] = []
            for var entry in mapping.entries {
                if entry.value.isNull, let value = environment.values[entry.key] {
                    entry.value.value = .string(value.text)
                } else if entry.value.isNull, !keepsUnset {
                    continue
                }
                entries.append(entry)
            }
            node.value = .mapping(Mapping(uniqueEntries: entries))
        case .sequence(let items):
            let isBare = { (item: Node) in item.string.map { !$0.utf8.contains(UInt8(ascii: "=")) } ?? false }
            guard items.contains(where: isBare) else {
                return
            }
            node.value = .sequence(
                items.compactMap { item in
                    guard isBare(item), let name = item.string else {
                        return item
                    }
                    if let value = environment[name] {
                        return Node("\(name)=\(value)", at: item.origin)
                    }
                    return keepsUnset ? item : nil
                }
            )
        default:
            return
        }
    }

    // MARK: - Dependencies

    /// The keys whose value `service:NAME` shares a namespace with another service.
    private static let namespaceKeys = ["network_mode", "ipc", "pid", "uts", "cgroup"]

    private func addImpliedDependencies(to service: inout Node) {
        guard let mapping = service.mapping else {
            return
        }
        var implied: [(name: String, restarts: Bool, origin: Origin)] = []
        for link in mapping["links"]?.sequence ?? [] {
            if let text = link.string {
                let parts = text.split(separator: ":", omittingEmptySubsequences: false)
                implied.append((parts.count == 2 ? String(parts[0]) : text, true, link.origin))
            }
        }
        for key in Self.namespaceKeys {
            if let value = mapping[key], let text = value.string, text.hasPrefix("service:") {
                implied.append((String(text.dropFirst("service:".count)), true, value.origin))
            }
        }
        for source in mapping["volumes_from"]?.sequence ?? [] {
            if let text = source.string, !text.hasPrefix("container:") {
                let name = text.split(separator: ":", omittingEmptySubsequences: false)[0]
                implied.append((String(name), false, source.origin))
            }
        }
        guard !implied.isEmpty else {
            return
        }
        var dependencies = mapping["depends_on"]?.mapping ?? Mapping()
        for (name, restarts, origin) in implied where dependencies.position(of: name) == nil {
            let values: Mapping = [
                "condition": Node("service_started", at: origin),
                "restart": Node(.bool(restarts), at: origin),
                "required": Node(.bool(true), at: origin),
            ]
            let value = Node(.mapping(values), at: origin)
            dependencies.append(Mapping.Entry(key: name, keyOrigin: origin, value: value))
        }
        let origin = mapping["depends_on"]?.origin ?? service.origin
        service.withMapping { $0["depends_on"] = Node(.mapping(dependencies), at: origin) }
    }

    // MARK: - Names

    /// Names the resources of a section that have no name after the project and their key.
    private func setNames(_ section: inout Node) {
        section.withMapping { mapping in
            mapping.updateValues { key, resource in
                if resource.isNull {
                    resource.value = .mapping([:])
                }
                let origin = resource.origin
                resource.withMapping { values in
                    guard values["name"].map(\.isNull) ?? true else {
                        return
                    }
                    // Text is what a truth value in quotes still is where nothing is filled in.
                    let isExternal = values["external"]?.bool ?? (values["external"]?.string == "true")
                    values["name"] = Node(isExternal ? key : "\(projectName)_\(key)", at: origin)
                }
            }
        }
    }
}
