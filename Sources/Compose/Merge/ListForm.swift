// SPDX-License-Identifier: Apache-2.0

import YAML

/// Conversions between the short and the long form of a value, as merging needs them on both sides.
enum ListForm {
    /// A mapping as a list of `key=value`, ordered by key; a list as it is; a string as a list of one.
    ///
    /// A null value gives the bare key, a list of values one item each.
    static func keyValueList(_ node: Node) -> Node {
        switch node.value {
        case .mapping(let mapping):
            var items: [Node] = []
            items.reserveCapacity(mapping.count)
            for entry in mapping.entries {
                switch entry.value.value {
                case .null:
                    items.append(Node(entry.key, at: entry.keyOrigin))
                case .sequence(let values):
                    for value in values {
                        items.append(pair(entry.key, value))
                    }
                case .invalid:
                    continue
                default:
                    items.append(pair(entry.key, entry.value))
                }
            }
            items.sort { ($0.string ?? "") < ($1.string ?? "") }
            return Node(.sequence(items), at: node.origin)
        case .sequence, .invalid:
            return node
        case .string:
            return Node(.sequence([node]), at: node.origin)
        default:
            return Node(.sequence([]), at: node.origin)
        }
    }

    private static func pair(_ key: String, _ value: Node) -> Node {
        Node("\(key)=\(Emitter.goDescription(of: value))", at: value.origin)
    }

    /// A build section; a string is short for its context.
    static func build(_ node: Node) -> Node? {
        switch node.value {
        case .string: Node(.mapping(["context": node]), at: node.origin)
        case .mapping, .invalid: node
        default: nil
        }
    }

    /// A mapping of services to what is expected of them; a list names services that must have started.
    static func dependencies(_ node: Node) -> Node? {
        expand(node) { name in
            [
                "condition": Node("service_started", at: name.origin),
                "required": Node(.bool(true), at: name.origin),
            ]
        }
    }

    /// A mapping of names; a list gives each name null.
    static func names(_ node: Node) -> Node? {
        expand(node) { _ in nil }
    }

    private static func expand(_ node: Node, value: (Node) -> Mapping?) -> Node? {
        switch node.value {
        case .mapping, .invalid:
            return node
        case .sequence(let items):
            var mapping = Mapping()
            for item in items {
                guard let name = item.string else {
                    continue
                }
                let long = value(item).map(Node.Value.mapping) ?? .null
                if mapping.position(of: name) == nil {
                    mapping.append(.init(key: name, keyOrigin: item.origin, value: Node(long, at: item.origin)))
                }
            }
            return Node(.mapping(mapping), at: node.origin)
        default:
            return nil
        }
    }
}
