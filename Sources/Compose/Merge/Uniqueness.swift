// SPDX-License-Identifier: Apache-2.0

import YAML

/// Drops items of lists that a later item of the same key redefines; the later one takes the earlier one's slot.
///
/// Compose specification, "Merge Compose files", on unique resources.
struct Uniqueness {
    /// What two items have in common when the later one redefines the earlier.
    enum Key {
        /// The text before the first `=`.
        case name
        /// The text or number itself.
        case value
        /// The path of an `env_file` item.
        case path
        /// The path in the container.
        case volumeTarget
        /// The path in the container.
        case deviceTarget
        /// The path in the container, by default the source's name below this folder.
        case mountTarget(defaultFolder: String)
        /// Host address, published port, container port and protocol.
        case port
    }

    static let rules = PathRules<Key>([
        "networks.*.labels": .name,
        "networks.*.ipam.options": .name,
        "services.*.annotations": .name,
        "services.*.build.args": .name,
        "services.*.build.additional_contexts": .name,
        "services.*.build.platform": .name,
        "services.*.build.tags": .name,
        "services.*.build.labels": .name,
        "services.*.cap_add": .name,
        "services.*.cap_drop": .name,
        "services.*.devices": .deviceTarget,
        "services.*.configs": .mountTarget(defaultFolder: ""),
        "services.*.deploy.labels": .name,
        "services.*.dns": .name,
        "services.*.dns_opt": .name,
        "services.*.dns_search": .name,
        "services.*.environment": .name,
        "services.*.env_file": .path,
        "services.*.expose": .value,
        "services.*.labels": .name,
        "services.*.links": .name,
        "services.*.networks.*.aliases": .name,
        "services.*.networks.*.link_local_ips": .name,
        "services.*.ports": .port,
        "services.*.profiles": .name,
        "services.*.secrets": .mountTarget(defaultFolder: "/run/secrets"),
        "services.*.sysctls": .name,
        "services.*.tmpfs": .name,
        "services.*.volumes": .volumeTarget,
    ])

    /// The lists whose items have a short form: two that looked different may turn out to be of the same key.
    private static let expandableRules = PathRules<Key>([
        "services.*.devices": .deviceTarget,
        "services.*.configs": .mountTarget(defaultFolder: ""),
        "services.*.env_file": .path,
        "services.*.ports": .port,
        "services.*.secrets": .mountTarget(defaultFolder: "/run/secrets"),
        "services.*.volumes": .volumeTarget,
    ])

    let diagnostics: DiagnosticBag
    /// Where to note what a later item replaced; nil where nobody asks.
    let history: OverrideHistory?
    private var path = NodePath()

    init(diagnostics: DiagnosticBag, history: OverrideHistory? = nil) {
        self.diagnostics = diagnostics
        self.history = history
    }

    /// Applies the rules to a compose tree, or only to what a part of it names.
    mutating func enforce(on root: inout Node, within part: Node? = nil) {
        if let unique = enforced(root, within: part, rules: Self.rules) {
            root = unique
        }
    }

    /// Applies the rules once more, after short forms were expanded.
    mutating func enforceAfterExpansion(on root: inout Node, within part: Node? = nil) {
        if let unique = enforced(root, within: part, rules: Self.expandableRules) {
            root = unique
        }
    }

    /// The node without redefined items, or nil where nothing is to be done.
    private mutating func enforced(_ node: Node, within part: Node?, rules: PathRules<Key>) -> Node? {
        if let key = rules.rule, let items = node.sequence {
            return uniqueItems(items, by: key).map { Node(.sequence($0), at: node.origin) }
        }
        guard node.mapping != nil else {
            return nil
        }
        return rules.replacingChildren(of: node, within: part) { component, child, part, below in
            path.components.append(component)
            defer { path.components.removeLast() }
            return enforced(child, within: part, rules: below)
        }
    }

    /// The items without redefined ones, or nil where nothing is to be done.
    private func uniqueItems(_ items: [Node], by key: Key) -> [Node]? {
        var slots = NameSlots(capacity: items.count)
        var changed: [Node]?
        for (index, item) in items.enumerated() {
            guard !item.isInvalid else {
                slots.skip()
                changed?.append(item)
                continue
            }
            guard let name = name(of: item, by: key, index: index) else {
                slots.skip()
                var marked = changed ?? Array(items[..<index])
                changed = nil
                marked.append(Node(.invalid, at: item.origin))
                changed = marked
                continue
            }
            guard let slot = slots.slot(of: name) else {
                changed?.append(item)
                continue
            }
            var unique = changed ?? Array(items[..<index])
            changed = nil
            if let history {
                let place = if case .name = key { path.appending(name) } else { path.appending(slot) }
                history.note(place, replaced: unique[slot].origin)
            }
            unique[slot] = item
            changed = unique
        }
        return changed
    }

    /// The names met so far, each with its slot; a short list is searched, which is faster than hashing it.
    private struct NameSlots {
        private var names: [String?] = []
        private var index: [String: Int]?

        init(capacity: Int) {
            names.reserveCapacity(capacity)
            index = capacity > 16 ? Dictionary(minimumCapacity: capacity) : nil
        }

        /// Takes a slot without a name.
        mutating func skip() {
            names.append(nil)
        }

        /// The slot of a name that was met before, or nil after giving it the next one.
        mutating func slot(of name: String) -> Int? {
            if let known = index == nil ? names.firstIndex(of: name) : index?[name] {
                return known
            }
            index?[name] = names.count
            names.append(name)
            return nil
        }
    }

    /// The text that an item is known by, or nil after reporting that it has none.
    private func name(of item: Node, by key: Key, index: Int) -> String? {
        switch (key, item.value) {
        case (.name, .string(let text)):
            return text.utf8.firstIndex(of: UInt8(ascii: "=")).map { String(text[..<$0]) } ?? text
        case (.value, .string(let text)), (.path, .string(let text)), (.port, .string(let text)):
            return text
        case (.value, .int(let number)), (.port, .int(let number)):
            return String(number)
        case (.path, .mapping(let mapping)):
            return path(in: mapping, item, index)
        case (.volumeTarget, .mapping(let mapping)):
            return target(in: mapping, of: "volume", item, index)
        case (.deviceTarget, .mapping(let mapping)):
            return target(in: mapping, of: "device", item, index)
        case (.volumeTarget, .string(let text)):
            return volumeTarget(text, item, index)
        case (.deviceTarget, .string(let text)):
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            return String(parts.count > 1 ? parts[1] : parts[0])
        case (.mountTarget(let folder), .string(let text)):
            return "\(folder)/\(text)"
        case (.mountTarget(let folder), .mapping(let mapping)):
            return mapping["target"]?.string ?? "\(folder)/\(mapping["source"]?.string ?? "")"
        case (.port, .mapping(let mapping)):
            return portName(mapping, item, index)
        case (.volumeTarget, _), (.deviceTarget, _), (.port, _), (.path, _):
            return ""
        default:
            diagnostics.error(
                .wrongType,
                "`\(path)` must hold strings, not \(item.kindWithArticle)",
                at: item.origin,
                path: path.appending(index)
            )
            return nil
        }
    }

    private func path(in mapping: Mapping, _ item: Node, _ index: Int) -> String? {
        if let path = mapping["path"]?.string {
            return path
        }
        if mapping["path"]?.isInvalid != true {
            diagnostics.error(
                .missingKey,
                "the env file has no `path`",
                at: item.origin,
                path: path.appending(index)
            )
        }
        return nil
    }

    private func target(in mapping: Mapping, of thing: String, _ item: Node, _ index: Int) -> String? {
        if let target = mapping["target"]?.string {
            return target
        }
        guard mapping["target"]?.isInvalid != true else {
            return nil
        }
        diagnostics.error(
            .missingKey,
            "the \(thing) has no `target`, the path that it has inside the container",
            at: item.origin,
            path: path.appending(index)
        )
        return nil
    }

    private func volumeTarget(_ text: String, _ item: Node, _ index: Int) -> String? {
        do {
            return try VolumeSpecification.parse(text).target
        } catch {
            diagnostics.report(Diagnostic(error, at: item.origin, path: path.appending(index)))
            return nil
        }
    }

    private func portName(_ mapping: Mapping, _ item: Node, _ index: Int) -> String? {
        guard let target = mapping["target"] else {
            diagnostics.error(
                .missingKey,
                "the port has no `target`, the port inside the container",
                at: item.origin,
                path: path.appending(index)
            )
            return nil
        }
        // A number and a string that look the same are different ports to Docker Compose, so they are here.
        var published = mapping["published"].map(Emitter.goDescription) ?? "-"
        if case .int = mapping["published"]?.value {
            published = "#" + published
        }
        let host = mapping["host_ip"]?.string ?? "0.0.0.0"
        let networkProtocol = mapping["protocol"]?.string ?? "tcp"
        return "\(host):\(published):\(Emitter.goDescription(of: target))/\(networkProtocol)"
    }
}
