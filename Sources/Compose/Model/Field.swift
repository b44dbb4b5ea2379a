// SPDX-License-Identifier: Apache-2.0

import YAML

/// The two notations of a printed project.
///
/// They differ in more than syntax: Docker Compose leaves other keys out of its JSON than out of its YAML.
package enum OutputFormat: Sendable {
    case yaml
    case json
}

/// When a key is left out of a printed object.
package enum Omission: Sendable {
    /// Where its value is the zero value: empty, 0, false or nil.
    case whenZero
    /// Never.
    case never
    /// In YAML where its value is the zero value or prints as an empty mapping, in JSON never.
    case whenZeroInYAML
    /// In YAML where its value is the zero value, in JSON always.
    case inJSON
    /// Always: the key is read and sent to the engine, but not printed.
    case always

    @inline(__always)
    func omits(zero: Bool, in format: OutputFormat) -> Bool {
        switch self {
        case .whenZero: zero
        case .never: false
        case .whenZeroInYAML: zero && format == .yaml
        case .inJSON: zero || format == .json
        case .always: true
        }
    }

    @inline(__always)
    func omits(_ node: Node, in format: OutputFormat) -> Bool {
        if case .whenZeroInYAML = self, format == .yaml, case .mapping(let mapping) = node.value {
            mapping.isEmpty
        } else {
            false
        }
    }
}

/// One key of a compose object: its name, the property that holds it, and how its value is read and written.
///
/// The closures reach the property by its offset: through the key path each access would cost a hundred times as much,
/// and a project has a hundred thousand of them.
package struct Field<Owner: Sendable>: Sendable {
    typealias Name = FieldName

    /// The key in compose files.
    let key: String
    /// The key in printed JSON, where it differs.
    let jsonKey: String
    let decode: @Sendable (Node, UnsafeMutablePointer<Owner>, inout DecodingContext) -> Void
    let encode: @Sendable (UnsafePointer<Owner>, OutputFormat) -> Node?
    let read: @Sendable (KeyedDecodingContainer<Name>, Name, UnsafeMutablePointer<Owner>) throws -> Void
    let write: @Sendable (UnsafePointer<Owner>, inout KeyedEncodingContainer<Name>) throws -> Void

    /// Ties a key to a stored property.
    package init<Value: Codable & Sendable>(
        _ key: String,
        _ property: any WritableKeyPath<Owner, Value> & Sendable,
        _ codec: Codec<Value>,
        omitted omission: Omission = .whenZero,
        inJSON jsonKey: String? = nil
    ) {
        guard let offset = MemoryLayout<Owner>.offset(of: property) else {
            preconditionFailure("the property of \(key) is not a stored one")
        }
        self.key = key
        self.jsonKey = jsonKey ?? key
        decode = { node, owner, context in
            if !node.isNull, !node.isInvalid {
                Self.address(of: Value.self, in: owner, at: offset).pointee = codec.decode(node, &context)
            }
        }
        encode = { owner, format in
            Self.node(of: Self.address(of: Value.self, in: owner, at: offset).pointee, codec, omission, format)
        }
        let isAlwaysSent = if case .never = omission { true } else { false }
        read = { container, name, owner in
            let value = try container.decode(Value.self, forKey: name)
            Self.address(of: Value.self, in: owner, at: offset).pointee = value
        }
        write = { owner, container in
            let value = Self.address(of: Value.self, in: owner, at: offset).pointee
            if isAlwaysSent || !codec.isZero(value) {
                try container.encode(value, forKey: Name(key))
            }
        }
    }

    @inline(__always)
    private static func address<Value>(
        of type: Value.Type,
        in owner: UnsafePointer<Owner>,
        at offset: Int
    ) -> UnsafePointer<Value> {
        (UnsafeRawPointer(owner) + offset).assumingMemoryBound(to: type)
    }

    @inline(__always)
    private static func address<Value>(
        of type: Value.Type,
        in owner: UnsafeMutablePointer<Owner>,
        at offset: Int
    ) -> UnsafeMutablePointer<Value> {
        (UnsafeMutableRawPointer(owner) + offset).assumingMemoryBound(to: type)
    }

    @inline(__always)
    private static func node<Value>(
        of value: Value,
        _ codec: Codec<Value>,
        _ omission: Omission,
        _ format: OutputFormat
    ) -> Node? {
        guard !omission.omits(zero: codec.isZero(value), in: format) else {
            return nil
        }
        let node = codec.encode(value, format)
        return omission.omits(node, in: format) ? nil : node
    }
}

/// The keys of a compose object in the order in which they are printed, and where to find each.
package struct FieldTable<Owner: Sendable>: Sendable {
    let fields: [Field<Owner>]
    let positions: WordIndex

    /// Makes the table of a list of fields; of two with the same key the first counts.
    package init(_ fields: [Field<Owner>]) {
        self.fields = fields
        positions = WordIndex(fields.map(\.key))
    }
}

extension FieldTable: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: Field<Owner>...) {
        self.init(elements)
    }
}

/// The name of a field on the wire: the key that compose files use.
struct FieldName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    static let extensions = FieldName("extensions")

    init(_ name: String) {
        stringValue = name
    }

    init(stringValue: String) {
        self.stringValue = stringValue
    }

    init?(intValue: Int) {
        return nil
    }
}
