// SPDX-License-Identifier: Apache-2.0

/// A value with the zero form that Go gives to a field nobody has set.
package protocol ZeroRepresentable: Codable, Equatable {
    /// The zero value.
    init()
}

extension Array: ZeroRepresentable where Element: Codable & Equatable {}
extension Dictionary: ZeroRepresentable where Key: Codable, Value: Codable & Equatable {}
extension String: ZeroRepresentable {}
extension Bool: ZeroRepresentable {}
extension Int: ZeroRepresentable {}
extension Int64: ZeroRepresentable {}
extension UInt64: ZeroRepresentable {}
extension Double: ZeroRepresentable {}

/// A field that Go writes always: zero where nobody has set it.
///
/// Absent and null are read as zero.
@propertyWrapper
package struct Always<Value: ZeroRepresentable>: Codable, Equatable {
    package var wrappedValue: Value

    package init(wrappedValue: Value = Value()) {
        self.wrappedValue = wrappedValue
    }

    package init(from decoder: any Decoder) throws {
        wrappedValue = try Value(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        try wrappedValue.encode(to: encoder)
    }
}

/// A field that Go leaves out where it is zero.
///
/// Absent and null are read as zero.
@propertyWrapper
package struct Omitted<Value: ZeroRepresentable>: Codable, Equatable {
    package var wrappedValue: Value

    package init(wrappedValue: Value = Value()) {
        self.wrappedValue = wrappedValue
    }

    package init(from decoder: any Decoder) throws {
        wrappedValue = try Value(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        try wrappedValue.encode(to: encoder)
    }
}

/// A field that Go writes as null where there is nothing; an empty list stays an empty list.
///
/// Absent is read like null.
@propertyWrapper
package struct Nullable<Value: Codable & Equatable>: Codable, Equatable {
    package var wrappedValue: Value?

    package init(wrappedValue: Value? = nil) {
        self.wrappedValue = wrappedValue
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        wrappedValue = container.decodeNil() ? nil : try container.decode(Value.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
    }
}

extension Always: Sendable where Value: Sendable {}
extension Omitted: Sendable where Value: Sendable {}
extension Nullable: Sendable where Value: Sendable {}

// The compiler's own `Codable` code calls these instead of the general functions, since they are more specific.
extension KeyedDecodingContainer {
    func decode<Value>(_ type: Always<Value>.Type, forKey key: Key) throws -> Always<Value> {
        Always(wrappedValue: try decodeIfPresent(Value.self, forKey: key) ?? Value())
    }

    func decode<Value>(_ type: Omitted<Value>.Type, forKey key: Key) throws -> Omitted<Value> {
        Omitted(wrappedValue: try decodeIfPresent(Value.self, forKey: key) ?? Value())
    }

    func decode<Value>(_ type: Nullable<Value>.Type, forKey key: Key) throws -> Nullable<Value> {
        Nullable(wrappedValue: try decodeIfPresent(Value.self, forKey: key))
    }
}

extension KeyedEncodingContainer {
    mutating func encode<Value>(_ field: Omitted<Value>, forKey key: Key) throws {
        if field.wrappedValue != Value() { try encode(field.wrappedValue, forKey: key) }
    }
}

extension SignedInteger {
    /// The value of a limit, or nil where it is 0 or -1, with which clients say that they set none.
    ///
    /// `MemorySwap` is the exception: there -1 means any amount of swap.
    package var ifSet: Self? { self == 0 || self == -1 ? nil : self }
}

/// The value of a set that is written as an object.
package struct EmptyObject: ZeroRepresentable, Hashable, Sendable {
    package init() {}
}

/// A command line that arrives as a list or, from some clients, as a single text.
package struct CommandWords: Codable, Equatable, Sendable, ExpressibleByArrayLiteral {
    package var words: [String]

    package init(_ words: [String]) {
        self.words = words
    }

    package init(arrayLiteral elements: String...) {
        words = elements
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let word = try? container.decode(String.self) {
            words = [word]
        } else {
            words = try container.decode([String].self)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        try words.encode(to: encoder)
    }
}
