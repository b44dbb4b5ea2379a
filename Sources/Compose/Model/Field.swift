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
    /// In YAML where its value is the zero value, in JSON never.
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
}

/// One key of a compose object: its name, the property that holds it, and how its value is read and written.
package struct Field<Owner: ComposeObject>: Sendable {
    /// The key in compose files.
    let key: String
    /// The key in printed JSON, where it differs.
    let jsonKey: String
    let decode: @Sendable (Node, inout Owner, inout DecodingContext) -> Void
    let encode: @Sendable (_ owner: Owner, OutputFormat) -> Node?
    let read: @Sendable (KeyedDecodingContainer<FieldName>, FieldName, inout Owner) throws -> Void
    let write: @Sendable (_ owner: Owner, inout KeyedEncodingContainer<FieldName>) throws -> Void

    /// Ties a key to a property.
    package init<Value: Codable>(
        _ key: String,
        _ property: any WritableKeyPath<Owner, Value> & Sendable,
        _ codec: Codec<Value>,
        omitted omission: Omission = .whenZero,
        inJSON jsonKey: String? = nil
    ) {
        self.key = key
        self.jsonKey = jsonKey ?? key
        decode = { node, owner, context in
            if !node.isNull, !node.isInvalid {
                owner[keyPath: property] = codec.decode(node, &context)
            }
        }
        encode = { owner, format in
            let value = owner[keyPath: property]
            return omission.omits(zero: codec.isZero(value), in: format) ? nil : codec.encode(value, format)
        }
        let isAlwaysSent = if case .never = omission { true } else { false }
        read = { container, name, owner in
            owner[keyPath: property] = try container.decode(Value.self, forKey: name)
        }
        write = { owner, container in
            let value = owner[keyPath: property]
            if isAlwaysSent || !codec.isZero(value) {
                try container.encode(value, forKey: FieldName(key))
            }
        }
    }
}

/// The keys of a compose object in the order in which they are printed, and where to find each.
package struct FieldTable<Owner: ComposeObject>: Sendable {
    let fields: [Field<Owner>]
    let positions: [String: Int]

    /// Makes the table of a list of fields; of two with the same key the first counts.
    package init(_ fields: [Field<Owner>]) {
        self.fields = fields
        positions = Dictionary(zip(fields.map(\.key), fields.indices)) { first, _ in first }
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
