// SPDX-License-Identifier: Apache-2.0

package import JSONTree

/// What a template works on: the values of Go that JSON can tell of.
package indirect enum Value: Sendable {
    /// Nothing, such as the value of a key that a map lacks; printed as `<no value>`.
    case none
    /// A pointer, list or map that is nil.
    case null(Null)
    case bool(Bool)
    case integer(Int64)
    case float(Double)
    case string(String)
    case list([Value])
    /// Keys that may or may not be there.
    case map(Map)
    /// Fields that are there or do not exist.
    case structure(Structure)

    /// What is nil, which decides how it is printed.
    package enum Null: Sendable {
        case pointer, list, map
    }

    /// A map with texts as keys, in their order.
    package struct Map: Sendable {
        package var entries: [(key: String, value: Value)]
        /// What `index` gives for a key that is not there: the zero of the values' type.
        package var zero: Value
        /// What takes one text as its argument, such as `.Label "key"`.
        package var methods: [String: @Sendable (String) -> Value] = [:]

        /// A map.
        ///
        /// - Parameters:
        ///   - entries: The entries in any order.
        ///   - zero: What `index` gives for other keys; nil for an empty text where all values are texts.
        package init(_ entries: [(key: String, value: Value)], zero: Value? = nil) {
            self.entries = entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            self.zero = zero ?? (entries.allSatisfy { $0.value.isString } ? .string("") : .none)
        }

        package subscript(key: String) -> Value? { entries.first { $0.key == key }?.value }
    }

    /// A struct or, with a type's name, one of the rows that Docker's commands hand to templates.
    package struct Structure: Sendable {
        /// The name of the Go type, for the error about a missing field; nil for data whose type nobody knows.
        package var typeName: String?
        package var fields: [(name: String, value: Value)]
        /// The fields that are nil and that JSON leaves out.
        var omitted: Set<String> = []
        /// The names in JSON of fields that Go calls otherwise.
        var otherNames: [String: String] = [:]
        /// What takes one text as its argument, such as `.Label "key"`.
        package var methods: [String: @Sendable (String) -> Value] = [:]

        package init(typeName: String? = nil, _ fields: [(name: String, value: Value)]) {
            self.typeName = typeName
            self.fields = fields
        }

        package subscript(name: String) -> Value? {
            fields.first { $0.name == name }?.value ?? otherNames[name].flatMap { self[$0] }
        }
    }

    /// What takes one text as its argument, by its name.
    var methods: [String: @Sendable (String) -> Value] {
        switch self {
        case .map(let map): map.methods
        case .structure(let structure): structure.methods
        default: [:]
        }
    }

    var isString: Bool {
        if case .string = self { true } else { false }
    }

    /// Whether `if` takes it for true (text/template, "Actions").
    var isTrue: Bool {
        switch self {
        case .none, .null: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .float(let value): value != 0
        case .string(let value): !value.isEmpty
        case .list(let items): !items.isEmpty
        case .map(let map): !map.entries.isEmpty
        case .structure: true
        }
    }

    /// The name of the Go type.
    var typeName: String {
        switch self {
        case .none: "<nil>"
        case .null(.pointer): "interface {}"
        case .null(.list), .list: "[]interface {}"
        case .null(.map), .map: "map[string]interface {}"
        case .bool: "bool"
        case .integer: "int"
        case .float: "float64"
        case .string: "string"
        case .structure(let structure): structure.typeName ?? "map[string]interface {}"
        }
    }
}

extension Value {
    /// The type of what a JSON document holds, as far as templates notice it.
    package struct Shape: Sendable {
        /// The keys of maps, perhaps as `parent.key`, with what `index` gives for a key that is not there.
        package var maps: [String: Value] = [:]
        /// The keys of lists, which are nil where JSON has null.
        package var lists: Set<String> = []
        /// The keys of texts that JSON leaves out where they are empty.
        package var texts: Set<String> = []
        /// The keys that JSON leaves out where there is nothing, by the key of the object that they belong to, or by
        /// `key[]` for the objects in a list.
        package var optional: [String: [String]] = [:]
        /// The names of fields in JSON by what Go calls them.
        package var names: [String: String] = [:]

        package init() {}
    }

    /// A document as a value.
    ///
    /// - Parameters:
    ///   - json: The document.
    ///   - shape: What is known of its types; objects are structs where nothing is.
    package init(_ json: JSON, shape: Shape = Shape()) {
        self.init(json, shape, key: "", parent: "")
    }

    private init(_ json: JSON, _ shape: Shape, key: String, parent: String) {
        let zero = shape.maps["\(parent).\(key)"] ?? shape.maps[key]
        switch json {
        case .null:
            if shape.texts.contains(key) {
                self = .string("")
            } else if shape.lists.contains(key) {
                self = .null(.list)
            } else {
                self = .null(zero == nil ? .pointer : .map)
            }
        case .bool(let value): self = .bool(value)
        case .number(let text): self = Int64(text).map(Value.integer) ?? .float(Double(text) ?? 0)
        case .string(let text): self = .string(text)
        case .array(let items): self = .list(items.map { Value($0, shape, key: "", parent: key) })
        case .object(let members):
            if let zero {
                let entries = members.map { (key: $0.key, value: Value($0.value, shape, key: "", parent: key)) }
                self = .map(Map(entries, zero: zero))
                return
            }
            var fields = members.map { (name: $0.key, value: Value($0.value, shape, key: $0.key, parent: key)) }
            var omitted: Set<String> = []
            let place = key.isEmpty && !parent.isEmpty ? "\(parent)[]" : key
            for name in shape.optional[place] ?? [] where !fields.contains(where: { $0.name == name }) {
                fields.append((name, Value(.null, shape, key: name, parent: key)))
                omitted.insert(name)
            }
            var structure = Structure(fields)
            structure.omitted = omitted
            structure.otherNames = shape.names
            self = .structure(structure)
        }
    }

    /// The value as `json` prints it: maps by their keys, structs in their order.
    package var json: JSON {
        switch self {
        case .none, .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .float(let value): .number(FloatText.json(value))
        case .string(let value): .string(value)
        case .list(let items): .array(items.map(\.json))
        case .map(let map): .object(map.entries.map { JSON.Member($0.key, $0.value.json) })
        case .structure(let structure):
            .object(structure.marshalled.map { JSON.Member($0.name, $0.value.json) })
        }
    }
}

extension Value.Structure {
    /// The fields as JSON has them: Docker's rows marshal themselves through a map, which Go sorts.
    fileprivate var marshalled: [(name: String, value: Value)] {
        let present = fields.filter { !omitted.contains($0.name) }
        if typeName == nil { return present }
        return present.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}
