// SPDX-License-Identifier: Apache-2.0

/// A JSON document (RFC 8259) as a tree.
///
/// Objects keep the order of their keys and numbers keep their text, so that nothing is lost between reading and writing.
package enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    /// The text of a number, as it was written.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    /// A key of an object and its value.
    package struct Member: Equatable, Sendable {
        package var key: String
        package var value: JSON

        package init(_ key: String, _ value: JSON) {
            self.key = key
            self.value = value
        }
    }

    /// A whole number.
    package static func integer(_ value: some BinaryInteger) -> JSON { .number(String(value)) }

    /// A list of texts.
    package static func strings(_ values: some Sequence<String>) -> JSON { .array(values.map(JSON.string)) }

    /// A text, or null where there is none.
    package static func optional(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }

    /// The value of a key; nil where this is no object or has no such key.
    ///
    /// Of several equal keys the last one counts, as in Go.
    package subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    /// The text, where this is one.
    package var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The items of a list; nil where this is none.
    package var array: [JSON]? {
        guard case .array(let items) = self else { return nil }
        return items
    }

    /// The members of an object; nil where this is none.
    package var members: [Member]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// The number, where this is a whole one that fits.
    package var integer: Int64? {
        guard case .number(let text) = self else { return nil }
        return Int64(text)
    }

    /// The truth, where this is a boolean.
    package var boolean: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }
}

extension JSON: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) {
        self = .string(value)
    }
}

extension JSON: ExpressibleByDictionaryLiteral {
    /// An object with the keys in the order of the text.
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}

extension JSON: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: JSON...) {
        self = .array(elements)
    }
}
