// SPDX-License-Identifier: Apache-2.0

extension Node {
    /// How many nodes the tree has, this one included.
    package var size: Int {
        switch value {
        case .mapping(let mapping): mapping.entries.reduce(1) { $0 + $1.value.size }
        case .sequence(let items): items.reduce(1) { $0 + $1.size }
        default: 1
        }
    }

    /// The node at the end of a path, or nil where the path leaves the tree.
    package func node(at path: NodePath) -> Node? {
        var node = self
        for component in path.components {
            guard let next = node.child(component) else {
                return nil
            }
            node = next
        }
        return node
    }

    /// The place of the node at the end of a path, or of the last node on the way that stands in a file.
    package func origin(at path: NodePath) -> Origin? {
        var node = self
        var origin = self.origin
        for component in path.components {
            guard let next = node.child(component) else {
                break
            }
            node = next
            if node.origin != .none {
                origin = node.origin
            }
        }
        return origin == .none ? nil : origin
    }

    /// The place of the key at the end of a path, or nil where there is none.
    package func keyOrigin(at path: NodePath) -> Origin? {
        guard case .key(let key)? = path.components.last else {
            return nil
        }
        let parent = node(at: NodePath(path.components.dropLast()))
        return parent?.mapping?.entry(forKey: key).map(\.keyOrigin)
    }

    /// Puts a node at the end of a path of keys, with mappings on the way to it where there is nothing yet.
    package mutating func set(_ node: Node, at path: ArraySlice<NodePath.Component>) {
        guard let first = path.first else {
            self = node
            return
        }
        guard case .key(let key) = first else {
            return
        }
        if isNull {
            value = .mapping([:])
        }
        withMapping { mapping in
            var child = mapping[key] ?? Node(.null, at: node.origin)
            child.set(node, at: path.dropFirst())
            mapping[key] = child
        }
    }

    private func child(_ component: NodePath.Component) -> Node? {
        switch (component, value) {
        case (.key(let key), .mapping(let mapping)): mapping[key]
        case (.index(let index), .sequence(let items)): items.indices.contains(index) ? items[index] : nil
        default: nil
        }
    }
}

extension NodePath.Component: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) {
        self = .key(value)
    }
}
