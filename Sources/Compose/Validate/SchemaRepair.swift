// SPDX-License-Identifier: Apache-2.0

import YAML

/// Walks through the wrong parts of a tree, notes what is wrong and takes it out.
struct SchemaRepair {
    private(set) var diagnostics: [Diagnostic] = []
    /// Where the walk stands.
    private var place = SchemaPlace()

    /// Repairs the tree of a whole compose file.
    mutating func run(on root: inout Node) {
        repair(&root, against: .project, keyOrigin: .none)
    }

    /// Whether anybody would read one more problem; finding suggestions for very many takes long.
    private var hasRoom: Bool { diagnostics.count < DiagnosticBag.limit }

    private mutating func repair(_ node: inout Node, against schema: Schema, keyOrigin: Origin) {
        let origin = node.origin == .none ? keyOrigin : node.origin
        place.schemas.append(schema)
        defer {
            place.schemas.removeLast()
        }
        // Taken out of the node, so that it is changed in place and not copied first.
        switch (node.value, schema.list, schema.object) {
        case (.sequence(var items), let list?, _):
            node.value = .invalid
            repair(&items, against: list)
            node.value = .sequence(items)
        case (.mapping(var mapping), _, let object?):
            node.value = .invalid
            repair(&mapping, against: object, origin: keyOrigin == .none ? origin : keyOrigin)
            node.value = .mapping(mapping)
        default:
            if hasRoom {
                diagnostics.append(place.wrongValue(node.value, at: origin))
            }
            node.value = .invalid
        }
    }

    private mutating func repair(_ items: inout [Node], against list: Schema.List) {
        for index in items.indices where !list.items.accepts(items[index].value) {
            place.path.append(.index(index))
            repair(&items[index], against: list.items, keyOrigin: .none)
            place.path.removeLast()
        }
        guard list.isUnique else {
            return
        }
        var duplicates: [(first: Int, second: Int)] = []
        ItemEquality.forEachDuplicate(in: items) { first, second in
            duplicates.append((first, second))
            return true
        }
        for (first, second) in duplicates where hasRoom {
            diagnostics.append(place.duplicate(items[second], at: second, of: items[first]))
        }
        for (_, second) in duplicates {
            items[second].value = .invalid
        }
    }

    private mutating func repair(_ mapping: inout Mapping, against object: Schema.Object, origin: Origin) {
        var unknown: Set<String> = []
        for position in 0..<mapping.count {
            let key = mapping.entries[position].key
            let keyOrigin = mapping.entries[position].keyOrigin
            switch object.verdict(on: key) {
            case .anything:
                continue
            case .value(let schema):
                guard !schema.accepts(mapping.entries[position].value.value) else {
                    continue
                }
                place.path.append(.key(key))
                mapping.updateValue(at: position) { repair(&$0, against: schema, keyOrigin: keyOrigin) }
                place.path.removeLast()
            case .badName:
                guard !mapping.entries[position].value.isInvalid else {
                    continue
                }
                if hasRoom {
                    diagnostics.append(place.badName(key, at: keyOrigin))
                }
                mapping.updateValue(at: position) { $0.value = .invalid }
            case .unknown:
                let value = mapping.entries[position].value
                if hasRoom {
                    diagnostics.append(place.unknownKey(key, value, at: keyOrigin == .none ? value.origin : keyOrigin))
                }
                unknown.insert(key)
            }
        }
        for key in object.required where mapping.position(of: key) == nil {
            if hasRoom {
                diagnostics.append(place.missingKey(key, at: origin))
            }
            mapping.append(Mapping.Entry(key: key, keyOrigin: origin, value: Node(.invalid, at: origin)))
        }
        if !unknown.isEmpty {
            mapping.removeAll { unknown.contains($0.key) }
        }
    }
}
