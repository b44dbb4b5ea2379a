// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import TestSupport

/// Any JSON, to compare what was read with what is written.
enum JSONValue: Codable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// Whether it is one of the forms in which clients send a field that nobody has set.
    var isUnset: Bool {
        [.null, .integer(0), .integer(-1), .boolean(false), .text(""), .list([]), .object([:])].contains(self)
            || self == .list([.integer(0), .integer(0)])
    }

    subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    /// The places where another value differs: `-path` is only here, `+path` only there, `!path` in both.
    func differences(to other: JSONValue, at path: String = "") -> Set<String> {
        switch (self, other) {
        case (.object(let ours), .object(let theirs)):
            var found: Set<String> = []
            for (key, value) in ours {
                let place = path.isEmpty ? key : "\(path).\(key)"
                guard let counterpart = theirs[key] else {
                    found.insert("-" + place)
                    continue
                }
                found.formUnion(value.differences(to: counterpart, at: place))
            }
            for key in theirs.keys where ours[key] == nil {
                found.insert("+" + (path.isEmpty ? key : "\(path).\(key)"))
            }
            return found
        case (.list(let ours), .list(let theirs)) where ours.count == theirs.count:
            return zip(ours, theirs).reduce(into: []) { $0.formUnion($1.0.differences(to: $1.1, at: path + "[]")) }
        default:
            return self == other ? [] : ["!" + path]
        }
    }

    /// The same without the members of objects that nobody has set.
    var withoutUnset: JSONValue {
        switch self {
        case .object(let members):
            .object(members.mapValues(\.withoutUnset).filter { !$0.value.isUnset })
        case .list(let elements):
            .list(elements.map(\.withoutUnset))
        default:
            self
        }
    }
}

/// What clients and dockerd 20.10 have written, recorded once.
enum Fixture {
    static func text(_ name: String) throws -> String {
        try readText("\(Repository.root)/Tests/EngineAPITests/Fixtures/\(name)")
    }

    static func read<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        try decode(type, text(name))
    }

    /// What is lost, added or changed when a type reads a text and writes it again.
    static func losses<Value: Codable>(of type: Value.Type, _ text: String) throws -> Set<String> {
        let value = try decode(type, text)
        let written = try decode(JSONValue.self, try encode(value))
        return try decode(JSONValue.self, text).differences(to: written)
    }
}

func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
}

func encode(_ value: some Encodable) throws -> String {
    String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
}
