// SPDX-License-Identifier: Apache-2.0

import YAML

/// Merges an overriding tree into a base, key by key (compose specification, "Merge Compose files").
///
/// Mappings merge deeply, sequences append and scalars are replaced, but for the places that ``rules`` names. An
/// override that is null leaves the base as it is.
struct Merger {
    /// How a place merges that does not follow the default.
    enum Rule {
        /// The override takes the place of the base, null included.
        case replace
        /// Both sides become lists of `key=value` and the override's is appended.
        case appendAsList
        /// Both sides become lists and the override's new items are appended.
        case appendNewItems
        /// A string is short for a mapping with a `context`.
        case build
        /// A list of names is short for a mapping of names to their defaults.
        case dependencies
        /// A list of names is short for a mapping of names to null.
        case names
        /// Options merge only when both sides name the same driver, or one names none.
        case logging
        /// Address pools merge by their subnet.
        case addressPools
    }

    static let rules = PathRules<Rule>([
        "networks.*.ipam.config": .addressPools,
        "networks.*.labels": .appendAsList,
        "volumes.*.labels": .appendAsList,
        "services.*.annotations": .appendAsList,
        "services.*.build": .build,
        "services.*.build.args": .appendAsList,
        "services.*.build.additional_contexts": .appendAsList,
        "services.*.build.extra_hosts": .appendNewItems,
        "services.*.build.labels": .appendAsList,
        "services.*.command": .replace,
        "services.*.depends_on": .dependencies,
        "services.*.deploy.labels": .appendAsList,
        "services.*.dns": .appendAsList,
        "services.*.dns_opt": .appendAsList,
        "services.*.dns_search": .appendAsList,
        "services.*.entrypoint": .replace,
        "services.*.env_file": .appendAsList,
        "services.*.label_file": .appendAsList,
        "services.*.environment": .appendAsList,
        "services.*.extra_hosts": .appendNewItems,
        "services.*.healthcheck.test": .replace,
        "services.*.labels": .appendAsList,
        "services.*.volumes.*.volume.labels": .appendAsList,
        "services.*.logging": .logging,
        "services.*.models": .names,
        "services.*.networks": .names,
        "services.*.sysctls": .appendAsList,
        "services.*.tmpfs": .appendAsList,
        "services.*.ulimits.*": .replace,
    ])

    let diagnostics: DiagnosticBag
    /// Where to note what an override replaced; nil where nobody asks.
    let history: OverrideHistory?
    private var path: NodePath

    init(diagnostics: DiagnosticBag, history: OverrideHistory? = nil) {
        self.diagnostics = diagnostics
        self.history = history
        path = NodePath()
    }

    /// Merges a whole compose tree into another.
    mutating func merge(_ override: Node, into base: inout Node) {
        merge(override, into: &base, rules: Self.rules)
    }

    /// Merges the definition of a service into that of the service it extends.
    mutating func mergeService(_ override: Node, named name: String, into base: inout Node) {
        path = ["services", name].reduce(into: NodePath()) { $0.components.append(.key($1)) }
        defer { path = NodePath() }
        merge(override, into: &base, rules: Self.rules.below("services")?.below(name))
    }

    private mutating func merge(_ override: Node, into base: inout Node, rules: PathRules<Rule>?) {
        if base.isInvalid || override.isInvalid {
            base.value = .invalid
            return
        }
        if let rule = rules?.rule {
            merge(override, into: &base, by: rule, rules: rules)
            return
        }
        if override.isNull {
            return
        }
        switch (base.value, override.value) {
        case (.mapping, .mapping(let entries)):
            mergeEntries(of: entries, into: &base, rules: rules)
        case (.sequence, .sequence(let items)):
            base.withSequence { $0.append(contentsOf: items) }
        case (.mapping, _), (.sequence, _):
            refuse(override, base: base)
        default:
            replace(&base, with: override)
        }
    }

    private mutating func mergeEntries(of override: Mapping, into base: inout Node, rules: PathRules<Rule>?) {
        base.withMapping { mapping in
            for entry in override.entries {
                guard let position = mapping.position(of: entry.key) else {
                    mapping.append(entry)
                    continue
                }
                path.components.append(.key(entry.key))
                mapping.updateValue(at: position) { value in
                    merge(entry.value, into: &value, rules: rules?.below(entry.key))
                }
                path.components.removeLast()
            }
        }
    }

    private mutating func merge(_ override: Node, into base: inout Node, by rule: Rule, rules: PathRules<Rule>?) {
        switch rule {
        case .replace:
            replace(&base, with: override)
        case .appendAsList:
            base = ListForm.keyValueList(base)
            let items = ListForm.keyValueList(override).sequence ?? []
            base.withSequence { $0.append(contentsOf: items) }
        case .appendNewItems:
            let known = ListForm.keyValueList(base).sequence ?? []
            let new = (ListForm.keyValueList(override).sequence ?? []).filter { !known.contains($0) }
            base.value = .sequence(known + new)
        case .build:
            mergeConverted(override, into: &base, rules: rules, by: ListForm.build)
        case .dependencies:
            mergeConverted(override, into: &base, rules: rules, by: ListForm.dependencies)
        case .names:
            mergeConverted(override, into: &base, rules: rules, by: ListForm.names)
        case .logging:
            mergeLogging(override, into: &base, rules: rules)
        case .addressPools:
            mergeAddressPools(override, into: &base)
        }
    }

    /// Merges two mappings, each of which may be written in a short form that `convert` expands.
    private mutating func mergeConverted(
        _ override: Node,
        into base: inout Node,
        rules: PathRules<Rule>?,
        by convert: (Node) -> Node?
    ) {
        guard let long = convert(override) else {
            if !override.isNull {
                diagnostics.warning(
                    .merge,
                    "`\(path)` cannot be overridden by \(override.kindWithArticle); the value stays as it was",
                    at: override.origin,
                    path: path
                )
            }
            base = convert(base) ?? base
            return
        }
        guard let longBase = convert(base) else {
            base = long
            return
        }
        base = longBase
        if let entries = long.mapping {
            mergeEntries(of: entries, into: &base, rules: rules)
        }
    }

    private mutating func mergeLogging(_ override: Node, into base: inout Node, rules: PathRules<Rule>?) {
        guard let entries = override.mapping, base.mapping != nil else {
            refuse(override, base: base)
            return
        }
        let (driver, baseDriver) = (override["driver"], base["driver"])
        if driver == nil || baseDriver == nil || driver == baseDriver {
            mergeEntries(of: entries, into: &base, rules: rules)
        } else {
            replace(&base, with: override)
        }
    }

    private mutating func mergeAddressPools(_ override: Node, into base: inout Node) {
        guard let pools = base.sequence, let overrides = override.sequence else {
            refuse(override, base: base)
            return
        }
        var merged: [Node] = []
        for pool in pools {
            for other in overrides {
                let place = merged.firstIndex { $0["subnet"] == other["subnet"] }
                if other["subnet"] != pool["subnet"], place == nil {
                    merged.append(other)
                    continue
                }
                var result = pool
                if let entries = other.mapping {
                    mergeEntries(of: entries, into: &result, rules: nil)
                }
                if let same = merged.firstIndex(where: { $0["subnet"] == result["subnet"] }) {
                    merged[same] = result
                } else {
                    merged.append(result)
                }
            }
        }
        base.value = .sequence(merged)
    }

    private func replace(_ base: inout Node, with override: Node) {
        history?.note(path, replaced: base.origin)
        base = override
    }

    private func refuse(_ override: Node, base: Node) {
        diagnostics.error(
            .merge,
            "`\(path)` is \(base.kindWithArticle) here but \(override.kindWithArticle) in the override",
            at: override.origin,
            path: path,
            suggestion: "give it the same form in both places, or tag the override with `!override`",
            notes: [Diagnostic.Note("the value that it would override", at: base.origin)]
        )
    }
}

/// What overrides replaced, for `config --explain`.
final class OverrideHistory {
    /// The places of earlier values of a path, oldest first.
    private(set) var replaced: [NodePath: [Origin]] = [:]

    /// The values that env files add to services, the last one of each path.
    private(set) var added: [NodePath: Node] = [:]

    func note(_ path: NodePath, replaced origin: Origin) {
        replaced[path, default: []].append(origin)
    }

    func note(_ path: NodePath, added node: Node) {
        if let earlier = added.updateValue(node, forKey: path) {
            note(path, replaced: earlier.origin)
        }
    }
}

extension Node {
    /// What the node is, for messages: "a list".
    package var kindWithArticle: String {
        switch value {
        case .null: "empty"
        case .bool: "a boolean"
        case .int, .unsigned: "an integer"
        case .float: "a number"
        case .string: "a string"
        case .timestamp: "a date"
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .invalid: "a wrong value"
        }
    }
}
