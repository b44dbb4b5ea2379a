// SPDX-License-Identifier: Apache-2.0

/// A value with an empty form, which the documents of the OCI leave out.
package protocol EmptyRepresentable {
    /// The empty value.
    init()
    /// Whether it is the empty value.
    var isEmpty: Bool { get }
}

extension Array: EmptyRepresentable {}
extension Dictionary: EmptyRepresentable {}
extension String: EmptyRepresentable {}
extension Bool: EmptyRepresentable {
    /// Whether it is false.
    package var isEmpty: Bool { !self }
}

extension Int64: EmptyRepresentable {
    /// Whether it is zero.
    package var isEmpty: Bool { self == 0 }
}

extension UInt64: EmptyRepresentable {
    /// Whether it is zero.
    package var isEmpty: Bool { self == 0 }
}

/// A field of a JSON document that is empty where it is absent or null, and absent where it is empty.
///
/// It is what Go's `omitempty` does, on whose structures the specifications are based.
@propertyWrapper
package struct OmittedWhenEmpty<Value: EmptyRepresentable> {
    package var wrappedValue: Value

    package init(wrappedValue: Value = Value()) {
        self.wrappedValue = wrappedValue
    }
}

extension OmittedWhenEmpty: Equatable where Value: Equatable {}
extension OmittedWhenEmpty: Hashable where Value: Hashable {}
extension OmittedWhenEmpty: Sendable where Value: Sendable {}

extension OmittedWhenEmpty: Codable where Value: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(wrappedValue: try Value(from: decoder))
    }

    package func encode(to encoder: any Encoder) throws {
        try wrappedValue.encode(to: encoder)
    }
}

// The compiler's own `Codable` code calls these instead of the general functions, since they are more specific.
extension KeyedDecodingContainer {
    func decode<Value: EmptyRepresentable & Codable>(
        _ type: OmittedWhenEmpty<Value>.Type,
        forKey key: Key
    ) throws -> OmittedWhenEmpty<Value> {
        OmittedWhenEmpty(wrappedValue: try decodeIfPresent(Value.self, forKey: key) ?? Value())
    }
}

extension KeyedEncodingContainer {
    mutating func encode<Value: EmptyRepresentable & Codable>(
        _ field: OmittedWhenEmpty<Value>,
        forKey key: Key
    ) throws {
        if !field.wrappedValue.isEmpty { try encode(field.wrappedValue, forKey: key) }
    }
}
