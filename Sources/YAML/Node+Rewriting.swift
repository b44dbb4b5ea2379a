// SPDX-License-Identifier: Apache-2.0

extension Node {
    /// The node with some of its children replaced, or nil where none is.
    ///
    /// Nothing is copied before the first replacement, so that what an alias shares stays shared.
    ///
    /// - Parameter replacement: Gives the child that stands in place of another one, or nil to leave that.
    /// - Returns: A mapping or sequence with the same keys or count.
    package func replacingChildren(_ replacement: (NodePath.Component, Node) -> Node?) -> Node? {
        switch value {
        case .mapping(let mapping):
            var changed: Mapping?
            for position in mapping.entries.indices {
                let key = mapping.entries[position].key
                guard let child = replacement(.key(key), mapping.entries[position].value) else {
                    continue
                }
                if changed == nil {
                    changed = mapping
                }
                changed?.updateValue(at: position) { $0 = child }
            }
            return changed.map { Node(.mapping($0), at: origin) }
        case .sequence(let items):
            var changed: [Node]?
            for index in items.indices {
                guard let child = replacement(.index(index), items[index]) else {
                    continue
                }
                if changed == nil {
                    changed = items
                }
                changed?[index] = child
            }
            return changed.map { Node(.sequence($0), at: origin) }
        default:
            return nil
        }
    }
}
