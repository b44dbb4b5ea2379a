// SPDX-License-Identifier: Apache-2.0

import YAML

/// Expands the short forms of the compose specification into the long ones.
///
/// Works on a tree whose schema was checked, or on the base of an `extends`, whose schema was not; a value of the wrong
/// kind is reported and becomes invalid.
struct Canonicaliser {
    /// The places that have a short form.
    enum Rule {
        case build, dependencies, envFiles, stringOrList, nameServers, extends, gpus, networks, volume, device,
            fileMount, ports
        case keyValue, ssh, external, ulimit, text
    }

    static let rules = PathRules<Rule>([
        "services.*.build": .build,
        "services.*.build.secrets.*": .fileMount,
        "services.*.build.additional_contexts": .keyValue,
        "services.*.build.ssh": .ssh,
        "services.*.build.provenance": .text,
        "services.*.build.sbom": .text,
        "services.*.build.ulimits.*": .ulimit,
        "services.*.ulimits.*": .ulimit,
        "services.*.depends_on": .dependencies,
        "services.*.env_file": .envFiles,
        "services.*.label_file": .stringOrList,
        "services.*.extends": .extends,
        "services.*.gpus": .gpus,
        "services.*.models": .networks,
        "services.*.networks": .networks,
        "services.*.volumes.*": .volume,
        "services.*.develop.watch.*.ignore": .stringOrList,
        "services.*.develop.watch.*.include": .stringOrList,
        "services.*.dns": .nameServers,
        "services.*.devices.*": .device,
        "services.*.secrets.*": .fileMount,
        "services.*.configs.*": .fileMount,
        "services.*.ports": .ports,
        "volumes.*": .external,
        "networks.*": .external,
        "secrets.*": .external,
        "configs.*": .external,
    ])

    let context: LoadContext
    private var path = NodePath()

    private var diagnostics: DiagnosticBag { context.diagnostics }
    /// Short forms with variables in them cannot be taken apart and stay as they are.
    private var keepsUnparsable: Bool { !context.options.interpolates }

    init(context: LoadContext) {
        self.context = context
    }

    /// Expands all short forms of a compose tree, or only those in what a part of it names.
    mutating func canonicalise(_ root: inout Node, within part: Node? = nil) {
        if let changed = expanded(root, within: part, rules: Self.rules) {
            root = changed
        }
    }

    /// The node in long form, or nil where it is that already.
    private mutating func expanded(_ node: Node, within part: Node?, rules: PathRules<Rule>) -> Node? {
        if let rule = rules.rule, !node.isInvalid, let long = expanded(node, by: rule) {
            return descended(long, within: nil, rules: rules) ?? long
        }
        return descended(node, within: part, rules: rules)
    }

    private mutating func descended(_ node: Node, within part: Node?, rules: PathRules<Rule>) -> Node? {
        rules.replacingChildren(of: node, within: part) { component, child, part, below in
            path.components.append(component)
            defer { path.components.removeLast() }
            return expanded(child, within: part, rules: below)
        }
    }

    private mutating func expanded(_ node: Node, by rule: Rule) -> Node? {
        switch (rule, node.value) {
        case (.build, .string):
            Node(.mapping(["context": node]), at: node.origin)
        case (.stringOrList, .string):
            Node(.sequence([node]), at: node.origin)
        case (.nameServers, .string(let text)):
            Node(.sequence(text.isEmpty ? [] : [node]), at: node.origin)
        case (.nameServers, .sequence(let items)):
            withoutEmptyItems(items, node)
        case (.extends, .string):
            Node(.mapping(["service": node]), at: node.origin)
        case (.fileMount, .string):
            Node(.mapping(["source": node]), at: node.origin)
        case (.gpus, .string):
            Node(.sequence([Node(.mapping(["count": node]), at: node.origin)]), at: node.origin)
        case (.dependencies, .sequence):
            ListForm.dependencies(node)
        case (.dependencies, .mapping(let mapping)):
            completedDependencies(mapping, node)
        case (.networks, .sequence):
            ListForm.names(node)
        case (.envFiles, .string), (.envFiles, .sequence):
            envFiles(node)
        case (.ports, .sequence(let items)):
            ports(items, node)
        case (.volume, .string(let text)):
            volume(text, node)
        case (.device, .string(let text)):
            device(text, node)
        case (.keyValue, .sequence(let items)):
            keyValues(items, node)
        case (.ssh, .sequence(let items)):
            ssh(items, node)
        case (.text, .bool(let bool)):
            Node(String(bool), at: node.origin)
        case (.external, .mapping(let mapping)):
            external(mapping, node)
        default:
            wrongKind(node, for: rule)
        }
    }

    // MARK: - Lists and mappings

    /// Gives each dependency its condition and whether it is required.
    private func completedDependencies(_ mapping: Mapping, _ node: Node) -> Node? {
        let isComplete = { (values: Mapping) in
            values.position(of: "condition") != nil && values.position(of: "required") != nil
        }
        guard mapping.entries.contains(where: { $0.value.mapping.map { !isComplete($0) } ?? false }) else {
            return nil
        }
        var completed = mapping
        completed.updateValues { _, dependency in
            let origin = dependency.origin
            dependency.withMapping { values in
                if values.position(of: "condition") == nil {
                    values["condition"] = Node("service_started", at: origin)
                }
                if values.position(of: "required") == nil {
                    values["required"] = Node(.bool(true), at: origin)
                }
            }
        }
        return Node(.mapping(completed), at: node.origin)
    }

    private func withoutEmptyItems(_ items: [Node], _ node: Node) -> Node? {
        let kept = items.filter { !$0.isNull && $0.string?.isEmpty != true }
        return kept.count == items.count ? nil : Node(.sequence(kept), at: node.origin)
    }

    private func envFiles(_ node: Node) -> Node? {
        let items = node.sequence ?? [node]
        let long = items.map { item -> Node in
            var item = item
            if case .string = item.value {
                item = Node(.mapping(["path": item]), at: item.origin)
            }
            let origin = item.origin
            item.withMapping { values in
                if values.position(of: "required") == nil {
                    values["required"] = Node(.bool(true), at: origin)
                }
            }
            return item
        }
        return Node(.sequence(long), at: node.origin)
    }

    private func keyValues(_ items: [Node], _ node: Node) -> Node? {
        var mapping = Mapping()
        for item in items {
            guard let text = item.string, let split = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
                diagnostics.error(
                    .invalidValue,
                    "`\(item.string ?? "")` of `\(path)` must have the form `name=value`",
                    at: item.origin,
                    path: path
                )
                continue
            }
            let key = String(text[..<split])
            mapping[key] = Node(String(text[text.utf8.index(after: split)...]), at: item.origin)
        }
        return Node(.mapping(mapping), at: node.origin)
    }

    private func ssh(_ items: [Node], _ node: Node) -> Node? {
        var mapping = Mapping()
        for item in items {
            guard let text = item.string else {
                continue
            }
            if let split = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
                let value = Node(String(text[text.utf8.index(after: split)...]), at: item.origin)
                mapping[String(text[..<split])] = value
            } else {
                mapping[text] = Node(.null, at: item.origin)
            }
        }
        return Node(.mapping(mapping), at: node.origin)
    }

    /// Brings the deprecated `external: {name: …}` into the form of today.
    private func external(_ mapping: Mapping, _ node: Node) -> Node? {
        guard let external = mapping["external"], let names = external.mapping else {
            return nil
        }
        var resource = mapping
        resource["external"] = Node(.bool(true), at: external.origin)
        if let name = names["name"] {
            diagnostics.warning(
                .obsolete,
                "`external.name` is deprecated; set `name` beside `external: true`",
                at: name.origin,
                path: path
            )
            if let own = resource["name"], own != name {
                diagnostics.error(
                    .conflict,
                    "`name` and `external.name` of `\(path)` differ",
                    at: name.origin,
                    path: path,
                    suggestion: "use `name` alone",
                    notes: [Diagnostic.Note("`name` is set here", at: own.origin)]
                )
            } else {
                resource["name"] = name
            }
        }
        return Node(.mapping(resource), at: node.origin)
    }

    // MARK: - Specifications in one string

    private func ports(_ items: [Node], _ node: Node) -> Node? {
        guard items.contains(where: { $0.mapping == nil }) else {
            return nil
        }
        var long: [Node] = []
        long.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            switch item.value {
            case .mapping, .invalid:
                long.append(item)
            case .string(let text):
                guard let ports = ports(text, item, index) else {
                    return nil
                }
                long += ports
            case .int(let number):
                guard let ports = ports(String(number), item, index) else {
                    return nil
                }
                long += ports
            default:
                diagnostics.error(
                    .wrongType,
                    "a port must be an integer, a string or a mapping, not \(item.kindWithArticle)",
                    at: item.origin,
                    path: path.appending(index),
                    suggestion: "write it in quotes"
                )
                long.append(Node(.invalid, at: item.origin))
            }
        }
        return Node(.sequence(long), at: node.origin)
    }

    /// The ports of a short form; nil where it cannot be taken apart because its variables are not filled in.
    private func ports(_ text: String, _ item: Node, _ index: Int) -> [Node]? {
        do {
            guard !context.budget.ports.isOverdrawn else {
                return [Node(.invalid, at: item.origin)]
            }
            let ports = try PortSpecification.parse(text)
            guard context.spend(ports.count, of: &context.budget.ports, on: "the ports", at: item.origin) else {
                return [Node(.invalid, at: item.origin)]
            }
            return ports.map { port in
                var mapping: Mapping = ["mode": Node("ingress", at: item.origin)]
                if !port.hostIP.isEmpty {
                    mapping["host_ip"] = Node(port.hostIP, at: item.origin)
                }
                if port.target != 0 {
                    mapping["target"] = Node(.int(port.target), at: item.origin)
                }
                if !port.published.isEmpty {
                    mapping["published"] = Node(port.published, at: item.origin)
                }
                mapping["protocol"] = Node(port.protocol, at: item.origin)
                return Node(.mapping(mapping), at: item.origin)
            }
        } catch {
            guard !keepsUnparsable else {
                return nil
            }
            diagnostics.report(Diagnostic(error, at: item.origin, path: path.appending(index)))
            return [Node(.invalid, at: item.origin)]
        }
    }

    private func volume(_ text: String, _ node: Node) -> Node? {
        do {
            return try VolumeSpecification.parse(text).node(at: node.origin)
        } catch {
            guard !keepsUnparsable else {
                return nil
            }
            diagnostics.report(Diagnostic(error, at: node.origin, path: path))
            return Node(.invalid, at: node.origin)
        }
    }

    private func device(_ text: String, _ node: Node) -> Node? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count) else {
            guard !keepsUnparsable else {
                return nil
            }
            diagnostics.error(
                .invalidValue,
                "the device `\(text)` has too many colons; it must be `source[:target[:permissions]]`",
                at: node.origin,
                path: path,
                suggestion: "use the long form with `source`, `target` and `permissions`"
            )
            return Node(.invalid, at: node.origin)
        }
        let values = [
            ("source", parts[0]),
            ("target", parts.count > 1 && !parts[1].isEmpty ? parts[1] : parts[0]),
            ("permissions", parts.count > 2 ? parts[2] : "rwm"),
        ]
        var mapping = Mapping()
        for (key, value) in values {
            mapping[key] = Node(value, at: node.origin)
        }
        return Node(.mapping(mapping), at: node.origin)
    }

    // MARK: - Wrong kinds

    /// Reports a value that neither form fits; the schema lets none through but in the base of an `extends`.
    private func wrongKind(_ node: Node, for rule: Rule) -> Node? {
        let accepted: String
        switch (rule, node.value) {
        case (.ulimit, .int), (.ulimit, .mapping):
            return nil
        case (.ulimit, _): accepted = "an integer or a mapping with `soft` and `hard`"
        case (_, .mapping), (_, .sequence), (_, .null):
            return nil
        case (.build, _): accepted = "a string or a mapping"
        case (.dependencies, _), (.networks, _): accepted = "a list or a mapping"
        case (.ports, _): accepted = "a list"
        case (.fileMount, _), (.volume, _), (.device, _), (.extends, _): accepted = "a string or a mapping"
        default: return nil
        }
        diagnostics.error(
            .wrongType,
            "`\(path)` must be \(accepted), not \(node.kindWithArticle)",
            at: node.origin,
            path: path
        )
        return Node(.invalid, at: node.origin)
    }
}
