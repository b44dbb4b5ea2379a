// SPDX-License-Identifier: Apache-2.0

import YAML

/// Checks the rules that the schema cannot express, on a canonical tree with defaults.
struct RuleChecker {
    private enum Rule {
        case volume
        case fileObject(sources: [String])
        case port
        case watchPath
        case deviceRequest
    }

    private static let rules = PathRules<Rule>([
        "volumes.*": .volume,
        "configs.*": .fileObject(sources: ["file", "environment", "content"]),
        "secrets.*": .fileObject(sources: ["file", "environment"]),
        "services.*.ports.*": .port,
        "services.*.develop.watch.*.path": .watchPath,
        "services.*.deploy.resources.reservations.devices.*": .deviceRequest,
        "services.*.gpus.*": .deviceRequest,
    ])

    let diagnostics: DiagnosticBag
    private var path = NodePath()

    init(diagnostics: DiagnosticBag) {
        self.diagnostics = diagnostics
    }

    /// Checks a whole tree.
    mutating func check(_ root: Node) {
        check(root, rules: Self.rules)
    }

    private mutating func check(_ node: Node, rules: PathRules<Rule>) {
        if let rule = rules.rule {
            check(node, by: rule)
            return
        }
        switch node.value {
        case .mapping(let mapping):
            for entry in mapping.entries {
                if let below = rules.below(entry.key) {
                    path.components.append(.key(entry.key))
                    check(entry.value, rules: below)
                    path.components.removeLast()
                }
            }
        case .sequence(let items):
            guard let below = rules.belowItems else {
                return
            }
            for (index, item) in items.enumerated() {
                path.components.append(.index(index))
                check(item, rules: below)
                path.components.removeLast()
            }
        default:
            return
        }
    }

    private func check(_ node: Node, by rule: Rule) {
        switch rule {
        case .volume:
            checkVolume(node)
        case .fileObject(let sources):
            checkFileObject(node, sources: sources)
        case .port:
            checkPort(node)
        case .watchPath:
            if node.string?.isEmpty == true {
                diagnostics.error(.invalidValue, "the watched path is empty", at: node.origin, path: path)
            }
        case .deviceRequest:
            checkDeviceRequest(node)
        }
    }

    private func checkVolume(_ node: Node) {
        guard let mapping = node.mapping, mapping["external"]?.bool == true else {
            return
        }
        for entry in mapping.entries
        where entry.key != "name" && entry.key != "external" && !entry.key.hasPrefix("x-") {
            diagnostics.error(
                .conflict,
                "`\(path)` is external, so wharf does not create it and `\(entry.key)` has no effect",
                at: entry.keyOrigin,
                path: path.appending(entry.key),
                suggestion: "remove either `external` or `\(entry.key)`"
            )
        }
    }

    private func checkFileObject(_ node: Node, sources: [String]) {
        guard let mapping = node.mapping else {
            return
        }
        let present = sources.filter { mapping.position(of: $0) != nil }
        let names = sources.map { "`\($0)`" }.joined(separator: ", ")
        if present.count > 1 {
            diagnostics.error(
                .conflict,
                "`\(path)` has more than one source: only one of \(names) can be set",
                at: mapping.entry(forKey: present[1])?.keyOrigin ?? node.origin,
                path: path
            )
        }
        if present.isEmpty, mapping.position(of: "driver") == nil, mapping.position(of: "external") == nil {
            diagnostics.error(
                .missingKey,
                "`\(path)` has no source: one of \(names) must be set, or `external: true`",
                at: node.origin,
                path: path
            )
        }
    }

    private func checkPort(_ node: Node) {
        guard let host = node["host_ip"], let address = host.string, !IPAddress.isValid(address) else {
            return
        }
        diagnostics.error(
            .invalidValue,
            "`\(address)` is no IP address",
            at: host.origin,
            path: path.appending("host_ip"),
            suggestion: address == "localhost" ? "use 127.0.0.1" : nil
        )
    }

    private func checkDeviceRequest(_ node: Node) {
        guard let mapping = node.mapping, let identifiers = mapping.entry(forKey: "device_ids"),
            mapping.position(of: "count") != nil
        else {
            return
        }
        diagnostics.error(
            .conflict,
            "`count` and `device_ids` of `\(path)` cannot stand together",
            at: identifiers.keyOrigin,
            path: path
        )
    }
}
