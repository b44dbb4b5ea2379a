// SPDX-License-Identifier: Apache-2.0

import YAML

/// A tree on the wire, without the places that its values came from.
///
/// Most values stand for themselves. The kinds of number that JSON cannot tell apart, dates, and mappings that could
/// be mistaken for one of these, are wrapped into an object with a single key; a mapping as its key and value.
struct PlainValue: Codable {
    let node: Node

    /// The keys that wrap a value.
    private enum Wrapper: String, CaseIterable {
        case float = "!float"
        case unsigned = "!unsigned"
        case timestamp = "!timestamp"
        case mapping = "!map"
    }

    init(_ node: Node) {
        self.node = node
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            node = Node(.null)
        } else if let bool = try? container.decode(Bool.self) {
            node = Node(.bool(bool))
        } else if let int = try? container.decode(Int.self) {
            node = Node(.int(int))
        } else if let string = try? container.decode(String.self) {
            node = Node(string)
        } else if let items = try? container.decode([PlainValue].self) {
            node = Node(.sequence(items.map(\.node)))
        } else {
            node = try Self.unwrapped(container.decode([String: PlainValue].self), in: container)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch node.value {
        case .null, .invalid: try container.encodeNil()
        case .bool(let bool): try container.encode(bool)
        case .int(let int): try container.encode(int)
        case .string(let string): try container.encode(string)
        case .float(let float): try container.encode([Wrapper.float.rawValue: float.description])
        case .unsigned(let unsigned): try container.encode([Wrapper.unsigned.rawValue: unsigned.description])
        case .timestamp(let text): try container.encode([Wrapper.timestamp.rawValue: text])
        case .sequence(let items): try container.encode(items.map(PlainValue.init))
        case .mapping(let mapping): try Self.encode(mapping, into: &container)
        }
    }

    private static func encode(_ mapping: Mapping, into container: inout any SingleValueEncodingContainer) throws {
        if mapping.count == 1, let entry = mapping.entries.first, Wrapper(rawValue: entry.key) != nil {
            let pair = [PlainValue(Node(entry.key)), PlainValue(entry.value)]
            try container.encode([Wrapper.mapping.rawValue: pair])
        } else {
            let pairs = mapping.entries.map { ($0.key, PlainValue($0.value)) }
            try container.encode(Dictionary(pairs) { _, last in last })
        }
    }

    private static func unwrapped(
        _ values: [String: PlainValue],
        in container: any SingleValueDecodingContainer
    ) throws -> Node {
        guard values.count == 1, let (key, value) = values.first, let wrapper = Wrapper(rawValue: key) else {
            return node(of: values)
        }
        switch (wrapper, value.node.value) {
        case (.float, .string(let text)):
            if let float = Double(text) {
                return Node(.float(float))
            }
        case (.unsigned, .string(let text)):
            if let unsigned = UInt64(text) {
                return Node(.unsigned(unsigned))
            }
        case (.timestamp, .string(let text)):
            return Node(.timestamp(text))
        case (.mapping, .sequence(let pair)):
            if pair.count == 2, let key = pair[0].string {
                return Node(.mapping([key: pair[1]]))
            }
        default:
            break
        }
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "malformed \(key)")
    }

    private static func node(of values: [String: PlainValue]) -> Node {
        Node(.mapping(Mapping(uniqueEntries: values.map { Mapping.Entry(key: $0.key, value: $0.value.node) })))
    }
}
