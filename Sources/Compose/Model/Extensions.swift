// SPDX-License-Identifier: Apache-2.0

package import YAML

/// The `x-` keys of an object, which compose reads past and keeps.
package struct Extensions: Equatable, Sendable {
    /// The values by their keys, which all begin with `x-`.
    package var values: [String: Node]

    /// Makes a set of extensions, by default an empty one.
    package init(_ values: [String: Node] = [:]) {
        self.values = values
    }

    package var isEmpty: Bool { values.isEmpty }

    /// The value of a key.
    package subscript(key: String) -> Node? {
        get { values[key] }
        set { values[key] = newValue }
    }

    /// Whether a key belongs to the user rather than to compose.
    static func isExtension(_ key: String) -> Bool {
        var bytes = key.utf8.makeIterator()
        return bytes.next() == UInt8(ascii: "x") && bytes.next() == UInt8(ascii: "-")
    }

    /// Appends the keys, sorted, to the entries of an object.
    func append(to entries: inout [Mapping.Entry], as format: OutputFormat) {
        guard !values.isEmpty else {
            return
        }
        for (key, value) in format.sorted(Array(values), by: \.key) {
            entries.append(Mapping.Entry(key: key, value: format.plain(value)))
        }
    }
}

extension Extensions: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, Node)...) {
        self.init(Dictionary(elements) { _, last in last })
    }
}

extension Extensions: Codable {
    package init(from decoder: any Decoder) throws {
        let plain = try decoder.singleValueContainer().decode([String: PlainValue].self)
        values = plain.mapValues(\.node)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(values.mapValues(PlainValue.init))
    }
}

extension OutputFormat {
    /// The items of a user's mapping in the order in which they are printed.
    func sorted<Item>(_ items: [Item], by key: (Item) -> String) -> [Item] {
        guard items.count > 1 else {
            return items
        }
        return switch self {
        case .yaml: items.sorted { NaturalOrder.precedes(key($0), key($1)) }
        case .json: items.sorted { key($0).utf8.lexicographicallyPrecedes(key($1).utf8) }
        }
    }

    /// A value as it is printed: every mapping in it sorted.
    package func plain(_ node: Node) -> Node {
        switch node.value {
        case .sequence(let items):
            // An empty list has become a nil slice in Docker Compose by then, which its JSON shows as null.
            return self == .json && items.isEmpty ? Node(.null) : Node(.sequence(items.map(plain)))
        case .mapping(let mapping):
            let entries = sorted(mapping.entries, by: \.key).map { entry in
                Mapping.Entry(key: entry.key, value: plain(entry.value))
            }
            return Node(.mapping(Mapping(uniqueEntries: entries)))
        default:
            return node
        }
    }
}
