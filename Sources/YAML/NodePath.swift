// SPDX-License-Identifier: Apache-2.0

/// The way from the root of a tree to one of its nodes.
package struct NodePath: Hashable, Sendable {
    /// One step: into a mapping by key, or into a sequence by index.
    package enum Component: Hashable, Sendable {
        case key(String)
        case index(Int)
    }

    package var components: [Component]

    package init(_ components: [Component] = []) {
        self.components = components
    }

    /// This path with one more key.
    package func appending(_ key: String) -> NodePath {
        NodePath(components + [.key(key)])
    }

    /// This path with one more index.
    package func appending(_ index: Int) -> NodePath {
        NodePath(components + [.index(index)])
    }
}

extension NodePath: ExpressibleByStringLiteral, ExpressibleByArrayLiteral {
    /// Reads `a.b.c` as three keys.
    package init(stringLiteral value: String) {
        components = value.split(separator: ".").map { .key(String($0)) }
    }

    package init(arrayLiteral elements: Component...) {
        components = elements
    }
}

extension NodePath: CustomStringConvertible {
    /// The path as users write it: `services.web.ports[0]`; a key with a dot or a bracket in it is quoted.
    package var description: String {
        var text = ""
        for component in components {
            switch component {
            case .key(let key):
                if !text.isEmpty {
                    text += "."
                }
                text += key.isEmpty || key.contains(where: { ".[]\"".contains($0) }) ? "\"\(key)\"" : key
            case .index(let index):
                text += "[\(index)]"
            }
        }
        return text
    }
}
