// SPDX-License-Identifier: Apache-2.0

/// One value of a YAML tree and the place that it came from.
///
/// A tree is a value: a copy shares its storage until one side changes, so that an alias costs nothing until a later
/// phase writes into it.
package struct Node: Sendable {
    /// What the node holds.
    package var value: Value
    /// Where it stands.
    package var origin: Origin

    /// The kinds of node, after tags are resolved as the YAML 1.2 core schema of go-yaml does.
    package enum Value: Sendable {
        case null
        case bool(Bool)
        case int(Int)
        /// An integer above `Int.max` that still fits into 64 bits.
        case unsigned(UInt64)
        case float(Double)
        case string(String)
        /// A plain scalar in the form of a date or a date and time, in the form of RFC 3339; no compose key accepts one.
        case timestamp(String)
        case sequence([Node])
        case mapping(Mapping)
        /// A value that an earlier phase has already reported. It passes every later check without a word.
        case invalid
    }

    /// Makes a node.
    package init(_ value: Value, at origin: Origin = .none) {
        self.value = value
        self.origin = origin
    }

    /// Makes a string node.
    package init(_ string: String, at origin: Origin = .none) {
        self.init(.string(string), at: origin)
    }

    /// The text, where the node is a string.
    package var string: String? {
        if case .string(let string) = value { string } else { nil }
    }

    /// The number, where the node is an integer of at most 63 bits.
    package var int: Int? {
        if case .int(let int) = value { int } else { nil }
    }

    /// The truth value, where the node is a boolean.
    package var bool: Bool? {
        if case .bool(let bool) = value { bool } else { nil }
    }

    /// The items, where the node is a sequence.
    package var sequence: [Node]? {
        if case .sequence(let items) = value { items } else { nil }
    }

    /// The entries, where the node is a mapping.
    package var mapping: Mapping? {
        if case .mapping(let mapping) = value { mapping } else { nil }
    }

    /// Whether the node is null.
    package var isNull: Bool {
        if case .null = value { true } else { false }
    }

    /// Whether an earlier phase has already reported the node.
    package var isInvalid: Bool {
        if case .invalid = value { true } else { false }
    }

    /// The value under a key, where the node is a mapping that has it.
    package subscript(key: String) -> Node? {
        mapping?[key]
    }
}

extension Node: Equatable {
    /// Whether two nodes hold the same value, wherever they came from.
    ///
    /// The order of a mapping's keys does not count.
    package static func == (left: Node, right: Node) -> Bool {
        switch (left.value, right.value) {
        case (.null, .null), (.invalid, .invalid): true
        case (.bool(let left), .bool(let right)): left == right
        case (.int(let left), .int(let right)): left == right
        case (.unsigned(let left), .unsigned(let right)): left == right
        case (.float(let left), .float(let right)): left == right
        case (.string(let left), .string(let right)): left == right
        case (.timestamp(let left), .timestamp(let right)): left == right
        case (.sequence(let left), .sequence(let right)): left == right
        case (.mapping(let left), .mapping(let right)): left == right
        default: false
        }
    }
}

extension Node {
    /// Changes the entries in place, without copying them; a node that is no mapping is left alone.
    package mutating func withMapping(_ body: (inout Mapping) throws -> Void) rethrows {
        guard case .mapping(var mapping) = value else {
            return
        }
        value = .null
        defer { value = .mapping(mapping) }
        try body(&mapping)
    }

    /// Changes the value under a key in place, where the node is a mapping that has it.
    package mutating func withValue(forKey key: String, _ body: (inout Node) throws -> Void) rethrows {
        try withMapping { mapping in
            if let position = mapping.position(of: key) {
                try mapping.updateValue(at: position, body)
            }
        }
    }

    /// Changes the items in place, without copying them; a node that is no sequence is left alone.
    package mutating func withSequence(_ body: (inout [Node]) throws -> Void) rethrows {
        guard case .sequence(var items) = value else {
            return
        }
        value = .null
        defer { value = .sequence(items) }
        try body(&items)
    }
}
