// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// A JSON document that can be compared by meaning.
///
/// The order of keys does not count, and `1`, `1.0` and `1e0` are the same number.
package enum JSONValue: Codable, Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = Int64(exactly: value).map { .integer($0) } ?? .number(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let members): try container.encode(members)
        }
    }

    /// Reads a document.
    ///
    /// - Parameter bytes: the text in UTF-8.
    /// - Returns: nil when the text is not JSON.
    package static func parse(_ bytes: [UInt8]) -> JSONValue? {
        try? JSONDecoder().decode(JSONValue.self, from: Data(bytes))
    }

    /// One line for each value, keys sorted, so that two documents can be compared by eye.
    package var lines: [String] {
        var lines: [String] = []
        appendLines(path: "", to: &lines)
        return lines
    }

    private func appendLines(path: String, to lines: inout [String]) {
        let name = path.isEmpty ? "." : path
        switch self {
        case .null: lines.append("\(name) = null")
        case .bool(let value): lines.append("\(name) = \(value)")
        case .integer(let value): lines.append("\(name) = \(value)")
        case .number(let value): lines.append("\(name) = \(value)")
        case .string(let value): lines.append("\(name) = \(value.debugDescription)")
        case .array(let values):
            if values.isEmpty { lines.append("\(name) = []") }
            for (index, value) in values.enumerated() { value.appendLines(path: "\(path)[\(index)]", to: &lines) }
        case .object(let members):
            if members.isEmpty { lines.append("\(name) = {}") }
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                value.appendLines(path: "\(path).\(key)", to: &lines)
            }
        }
    }
}
