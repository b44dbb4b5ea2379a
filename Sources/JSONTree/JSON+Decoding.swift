// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// Reads a value from a document without making a tree of it.
    ///
    /// - Parameters:
    ///   - type: What the document is to be.
    ///   - bytes: The text in UTF-8; what is none becomes U+FFFD.
    ///   - rules: Its bounds. Where they allow several equal keys in an object, any one of them counts.
    /// - Returns: The value.
    /// - Throws: A `DecodingError` with the place in the document, or what the value's own reading throws.
    package static func decode<Value: Decodable>(
        _ type: Value.Type,
        from bytes: [UInt8],
        _ rules: ReadingRules = .values
    ) throws -> Value {
        let scan: JSONScan
        do throws(Failure) {
            scan = try JSONScan(bytes, rules)
        } catch {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "\(error)"))
        }
        return try JSONValue(scan: scan, index: 0).decode(type)
    }
}

extension JSON.ReadingRules {
    /// As deep and long as a value may be that is not made into a tree.
    package static let values: Self = {
        var rules = Self()
        (rules.depth, rules.length) = (512, Int(Int32.max))
        return rules
    }()

    /// As ``values``, and nothing that is ambiguous: for what comes from elsewhere and says what a digest stands for.
    package static let documents: Self = {
        var rules = Self.values
        rules.allowsRepeatedKeys = false
        return rules
    }()
}

/// A value of a document that is being read.
private struct JSONValue {
    let scan: JSONScan
    let index: Int

    var entry: JSONScan.Entry { scan[index] }
    var isNull: Bool { entry.kind == .null }

    func context(_ text: String) -> DecodingError.Context {
        DecodingError.Context(codingPath: codingPath, debugDescription: text)
    }

    /// Why this is not what was expected.
    func mismatch(_ type: Any.Type, _ expected: String) -> DecodingError {
        let text = "expected \(expected), found \(entry.kind.name)"
        return isNull ? .valueNotFound(type, context(text)) : .typeMismatch(type, context(text))
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        // Nearly all values are of these types. Their own reading would take a container for each.
        if type == String.self { return cast(try string(), type) }
        if type == Bool.self { return cast(try bool(), type) }
        if type == Int.self { return cast(try integer(Int.self), type) }
        if type == Int64.self { return cast(try integer(Int64.self), type) }
        if type == [String].self { return cast(try strings(), type) }
        if type == [String: String].self { return cast(try texts(), type) }
        return try number(type) ?? Value(from: self)
    }

    /// The value as a number of one of the types that have no reading of their own; nil where it is of another type.
    private func number<Value>(_ type: Value.Type) throws -> Value? {
        if type == UInt8.self { return cast(try integer(UInt8.self), type) }
        if type == UInt64.self { return cast(try integer(UInt64.self), type) }
        if type == Double.self { return cast(try double(), type) }
        if type == Float.self { return cast(Float(try double()), type) }
        if type == Int32.self { return cast(try integer(Int32.self), type) }
        if type == UInt32.self { return cast(try integer(UInt32.self), type) }
        if type == UInt16.self { return cast(try integer(UInt16.self), type) }
        if type == UInt.self { return cast(try integer(UInt.self), type) }
        if type == Int16.self { return cast(try integer(Int16.self), type) }
        if type == Int8.self { return cast(try integer(Int8.self), type) }
        return nil
    }

    /// A value of a type that has been found to be another name of its own.
    private func cast<From, To>(_ value: From, _ type: To.Type) -> To { unsafeBitCast(value, to: type) }

    func bool() throws -> Bool {
        switch entry.kind {
        case .true: true
        case .false: false
        default: throw mismatch(Bool.self, "a boolean")
        }
    }

    func string() throws -> String {
        guard entry.kind == .string else { throw mismatch(String.self, "a string") }
        return scan.string(at: index)
    }

    private func double() throws -> Double {
        guard entry.kind == .number else { throw mismatch(Double.self, "a number") }
        let text = String(decoding: scan.text(at: index), as: UTF8.self)
        guard let value = Double(text), value.isFinite else {
            throw DecodingError.dataCorrupted(context("\(text) is out of range"))
        }
        return value
    }

    private func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Value {
        guard entry.kind == .number else { throw mismatch(type, "a number") }
        var digits = scan.text(at: index)
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        var (value, overflows) = (Value.zero, false)
        for digit in digits {
            if digit < 0x30 || digit > 0x39 { return try integral(type) }
            let product = value.multipliedReportingOverflow(by: 10)
            let digit = Value(digit - 0x30)
            let sum =
                isNegative
                ? product.partialValue.subtractingReportingOverflow(digit)
                : product.partialValue.addingReportingOverflow(digit)
            value = sum.partialValue
            if product.overflow || sum.overflow { overflows = true }
        }
        if overflows { throw outOfRange(type) }
        return value
    }

    /// A whole number that is written with a fraction or an exponent.
    private func integral<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Value {
        guard let value = Value(exactly: try double()) else { throw outOfRange(type) }
        return value
    }

    private func outOfRange(_ type: Any.Type) -> DecodingError {
        let text = String(decoding: scan.text(at: index), as: UTF8.self)
        return .dataCorrupted(context("\(text) does not fit in \(type)"))
    }

    private func strings() throws -> [String] {
        guard entry.kind == .array else { throw mismatch([String].self, "a list") }
        return try scan.children(of: index).map { try JSONValue(scan: scan, index: $0).string() }
    }

    private func texts() throws -> [String: String] {
        guard entry.kind == .object else { throw mismatch([String: String].self, "an object") }
        let keys = scan.children(of: index)
        var texts = [String: String](minimumCapacity: keys.count)
        for key in keys { texts[scan.string(at: key)] = try JSONValue(scan: scan, index: key + 1).string() }
        return texts
    }
}

extension JSONScan.Kind {
    fileprivate var name: String {
        switch self {
        case .null: "null"
        case .true, .false: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension JSONValue: Decoder, SingleValueDecodingContainer {
    var codingPath: [any CodingKey] { scan.path(to: index) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard entry.kind == .object else { throw mismatch([String: Any].self, "an object") }
        return KeyedDecodingContainer(JSONMembers(object: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard entry.kind == .array else { throw mismatch([Any].self, "a list") }
        return JSONItems(array: self, children: scan.children(of: index))
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    func decodeNil() -> Bool { isNull }
}

/// The members of an object that is being read.
private struct JSONMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let object: JSONValue

    var codingPath: [any CodingKey] { object.codingPath }
    var allKeys: [Key] {
        object.scan.children(of: object.index).compactMap { Key(stringValue: object.scan.string(at: $0)) }
    }

    private func find(_ key: Key) -> JSONValue? {
        object.scan.value(of: key.stringValue, in: object.index).map { JSONValue(scan: object.scan, index: $0) }
    }

    private func value(_ key: Key) throws -> JSONValue {
        guard let value = find(key) else {
            throw DecodingError.keyNotFound(key, object.context("the key `\(key.stringValue)` is missing"))
        }
        return value
    }

    func contains(_ key: Key) -> Bool { find(key) != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try value(key).isNull }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try value(key).decode(type) }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        guard let value = find(key), !value.isNull else { return nil }
        return try value.decode(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try value(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try value(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        object.scan.value(of: "super", in: object.index).map { JSONValue(scan: object.scan, index: $0) } ?? object
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { try value(key) }
}

/// The items of an array that is being read.
private struct JSONItems: UnkeyedDecodingContainer {
    let array: JSONValue
    let children: [Int]
    var currentIndex = 0

    init(array: JSONValue, children: [Int]) {
        (self.array, self.children) = (array, children)
    }

    var codingPath: [any CodingKey] { array.codingPath }
    var count: Int? { children.count }
    var isAtEnd: Bool { currentIndex == children.count }

    private mutating func next(_ type: Any.Type) throws -> JSONValue {
        if isAtEnd {
            throw DecodingError.valueNotFound(type, array.context("the list ends after \(children.count) items"))
        }
        defer { currentIndex += 1 }
        return JSONValue(scan: array.scan, index: children[currentIndex])
    }

    mutating func decodeNil() throws -> Bool {
        if isAtEnd { throw DecodingError.valueNotFound(Any?.self, array.context("the list has no more items")) }
        let isNull = array.scan[children[currentIndex]].kind == .null
        if isNull { currentIndex += 1 }
        return isNull
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next(type).decode(type) }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try next([String: Any].self).container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next([Any].self).unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder { try next((any Decoder).self) }
}
