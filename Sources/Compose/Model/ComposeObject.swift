// SPDX-License-Identifier: Apache-2.0

package import YAML

/// A mapping of the compose file with fixed keys.
///
/// One table says everything about its keys; reading from a tree, printing and sending all go by it. On the wire an
/// object has the keys of the compose file and leaves zero values out, so that a sender and a receiver of different
/// ages understand each other.
package protocol ComposeObject: Codable, Equatable, Sendable {
    /// Makes the object that an empty mapping stands for.
    init()

    /// The keys, in the order in which they are printed.
    static var fields: FieldTable<Self> { get }

    /// The user's own `x-` keys; empty in objects whose `x-` keys Docker Compose drops.
    var extensions: Extensions { get set }

    /// The object as a tree to be printed.
    func node(as format: OutputFormat) -> Node
}

extension ComposeObject {
    /// No extensions: the `x-` keys of such an object are dropped.
    package var extensions: Extensions {
        get { Extensions() }
        set {}
    }

    /// The names of the keys, in the order in which they are printed.
    package static var keys: [String] { fields.fields.map(\.key) }

    /// Reads the object from a mapping of the canonical tree.
    ///
    /// What does not fit is reported to the context and left at its default.
    package init(decoding node: Node, in context: inout DecodingContext) {
        self.init()
        switch node.value {
        case .mapping(let mapping): decode(mapping, in: &context)
        case .null, .invalid: break
        default: context.reportKind(of: node, expected: "a mapping")
        }
    }

    mutating func decode(_ mapping: Mapping, in context: inout DecodingContext) {
        let table = Self.fields
        withUnsafeMutablePointer(to: &self) { object in
            context.forEachEntry(of: mapping) { entry, context in
                if let position = table.positions.position(of: entry.key) {
                    table.fields[position].decode(entry.value, object, &context)
                } else if Extensions.isExtension(entry.key) {
                    object.pointee.extensions[entry.key] = entry.value
                }
            }
        }
    }

    /// The object as a tree to be printed.
    package func node(as format: OutputFormat) -> Node {
        Node(.mapping(Mapping(uniqueEntries: entries(as: format))))
    }

    func entries(as format: OutputFormat) -> [Mapping.Entry] {
        var entries: [Mapping.Entry] = []
        // Most keys of an object with many are not set.
        entries.reserveCapacity(max(4, Self.fields.fields.count / 8))
        withEachField { field, object in
            if let value = field.pointee.encode(object, format) {
                let key = format == .yaml ? field.pointee.key : field.pointee.jsonKey
                entries.append(Mapping.Entry(key: key, value: value))
            }
        }
        if format == .yaml {
            extensions.append(to: &entries, as: format)
        }
        return entries
    }

    package init(from decoder: any Decoder) throws {
        self.init()
        try read(from: decoder.container(keyedBy: FieldName.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: FieldName.self)
        try write(to: &container)
    }

    mutating func read(from container: KeyedDecodingContainer<FieldName>) throws {
        let table = Self.fields
        try withUnsafeMutablePointer(to: &self) { object in
            for name in container.allKeys {
                if let position = table.positions.position(of: name.stringValue) {
                    try table.fields[position].read(container, name, object)
                } else if name.stringValue == FieldName.extensions.stringValue {
                    object.pointee.extensions = try container.decode(Extensions.self, forKey: name)
                }
            }
        }
    }

    /// Goes through the fields where they are: to copy one would take longer than to ask it for a value that is not set.
    @inline(__always)
    private func withEachField(
        _ body: (UnsafePointer<Field<Self>>, UnsafePointer<Self>) throws -> Void
    ) rethrows {
        try withUnsafePointer(to: self) { object in
            try Self.fields.fields.withUnsafeBufferPointer { fields in
                guard let first = fields.baseAddress else { return }
                for index in fields.indices { try body(first + index, object) }
            }
        }
    }

    func write(to container: inout KeyedEncodingContainer<FieldName>) throws {
        try withEachField { field, object in
            try field.pointee.write(object, &container)
        }
        if !extensions.isEmpty {
            try container.encode(extensions, forKey: .extensions)
        }
    }
}
