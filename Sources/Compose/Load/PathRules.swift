// SPDX-License-Identifier: Apache-2.0

/// A table of rules by place in the tree, such as `services.*.ports`.
///
/// It is laid out so that a walk through a tree needs one step in the table for each step in the tree, and leaves out
/// the parts that no rule speaks of.
final class PathRules<Rule: Sendable>: Sendable {
    /// The rule for the place itself.
    let rule: Rule?
    private let names: WordIndex
    /// The rules below each of ``names``.
    private let named: [PathRules<Rule>]
    /// The rules below the items of a sequence, and below keys that have none of their own.
    let belowItems: PathRules<Rule>?

    private typealias Pattern = (path: ArraySlice<String>, rule: Rule)

    /// Makes a table of patterns; `*` stands for any key and any index.
    convenience init(_ patterns: KeyValuePairs<String, Rule>) {
        let dot = UInt8(ascii: ".")
        self.init(patterns.map { ($0.key.utf8.split(separator: dot).map { String(Substring($0)) }[...], $0.value) })
    }

    private init(_ patterns: [Pattern]) {
        rule = patterns.first { $0.path.isEmpty }?.rule
        var names: [String] = []
        var below: [[Pattern]] = []
        for pattern in patterns {
            guard let name = pattern.path.first else {
                continue
            }
            let position = names.firstIndex(of: name) ?? names.endIndex
            if position == names.endIndex {
                names.append(name)
                below.append([])
            }
            below[position].append((pattern.path.dropFirst(), pattern.rule))
        }
        let any = names.firstIndex(of: "*")
        belowItems = any.map { PathRules(below[$0]) }
        if let any {
            names.remove(at: any)
            below.remove(at: any)
        }
        self.names = WordIndex(names)
        named = below.map { PathRules($0) }
    }

    /// The rules below a key.
    func below(_ key: String) -> PathRules<Rule>? {
        names.position(of: key).map { named[$0] } ?? belowItems
    }
}
