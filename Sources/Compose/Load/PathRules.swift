// SPDX-License-Identifier: Apache-2.0

import YAML

/// A table of rules by place in the tree, such as `services.*.ports`.
///
/// It is laid out so that a walk through a tree needs one step in the table for each step in the tree, and leaves out
/// the parts that no rule speaks of.
final class PathRules<Rule: Sendable>: Sendable {
    /// The rule for the place itself.
    let rule: Rule?
    private let named: [String: PathRules<Rule>]
    /// The rules below the items of a sequence, and below keys that have none of their own.
    let belowItems: PathRules<Rule>?

    /// Makes a table of patterns; `*` stands for any key and any index.
    convenience init(_ patterns: KeyValuePairs<String, Rule>) {
        self.init(patterns.map { ($0.key.split(separator: ".")[...], $0.value) })
    }

    private init(_ patterns: [(path: ArraySlice<Substring>, rule: Rule)]) {
        rule = patterns.first { $0.path.isEmpty }?.rule
        let deeper = Dictionary(grouping: patterns.filter { !$0.path.isEmpty }) { $0.path.first ?? "" }
        var named: [String: PathRules<Rule>] = [:]
        var wildcard: PathRules<Rule>?
        for (key, patterns) in deeper {
            let rules = PathRules(patterns.map { ($0.path.dropFirst(), $0.rule) })
            if key == "*" {
                wildcard = rules
            } else {
                named[String(key)] = rules
            }
        }
        self.named = named
        belowItems = wildcard
    }

    /// The rules one step further down.
    func below(_ component: NodePath.Component) -> PathRules<Rule>? {
        switch component {
        case .key(let key): below(key)
        case .index: belowItems
        }
    }

    /// The rules below a key.
    func below(_ key: String) -> PathRules<Rule>? {
        named.isEmpty ? belowItems : named[key] ?? belowItems
    }
}
