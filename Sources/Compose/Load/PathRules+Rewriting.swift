// SPDX-License-Identifier: Apache-2.0

import YAML

extension PathRules {
    /// A node with some of its children replaced, or nil where none is.
    ///
    /// Only children are visited that a rule speaks of, or that have some such below them. Nothing is copied before the
    /// first replacement, so that what an alias shares stays shared.
    ///
    /// - Parameters:
    ///   - node: The node that stands at the place of these rules.
    ///   - part: Where this and the node are both mappings, only the children under its keys are visited.
    ///   - replacement: Gives the child that stands in place of another one, or nil to leave that; it gets the way to
    ///     the child, the child, that of `part` (nil where every child is visited), and the rules below.
    /// - Returns: A mapping or sequence with the same keys or count.
    func replacingChildren(
        of node: Node,
        within part: Node? = nil,
        _ replacement: (NodePath.Component, Node, _ part: Node?, PathRules<Rule>) -> Node?
    ) -> Node? {
        switch node.value {
        case .mapping(let mapping):
            replacingValues(of: mapping, within: part?.mapping, replacement).map { Node(.mapping($0), at: node.origin) }
        case .sequence(let items):
            replacing(items, replacement).map { Node(.sequence($0), at: node.origin) }
        default:
            nil
        }
    }

    private func replacing(
        _ items: [Node],
        _ replacement: (NodePath.Component, Node, Node?, PathRules<Rule>) -> Node?
    ) -> [Node]? {
        guard let below = belowItems else {
            return nil
        }
        var changed: [Node]?
        for index in items.indices {
            guard let child = replacement(.index(index), items[index], nil, below) else {
                continue
            }
            if changed == nil {
                changed = items
            }
            changed?[index] = child
        }
        return changed
    }

    private func replacingValues(
        of mapping: Mapping,
        within part: Mapping?,
        _ replacement: (NodePath.Component, Node, Node?, PathRules<Rule>) -> Node?
    ) -> Mapping? {
        var changed: Mapping?
        let keys = (part ?? mapping).entries
        for index in keys.indices {
            guard let below = below(keys[index].key),
                let position = part == nil ? index : mapping.position(of: keys[index].key)
            else {
                continue
            }
            let value = mapping.entries[position].value
            let valuePart = part == nil ? nil : keys[index].value
            guard let child = replacement(.key(keys[index].key), value, valuePart, below) else {
                continue
            }
            if changed == nil {
                changed = mapping
            }
            changed?.updateValue(at: position) { $0 = child }
        }
        return changed
    }
}
