// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// Writes a value as a document in one line, straight into its bytes.
    ///
    /// As in Go, an object has its keys in the order in which the value tells them, and a dictionary in that of their
    /// bytes: the same value is always the same text.
    ///
    /// - Parameters:
    ///   - value: The value. It writes its parts one after the other: who has begun the next part of an object does not
    ///     come back to the one before.
    ///   - sortsKeys: Whether all objects have their keys in the order of their bytes.
    /// - Returns: The text in UTF-8, without a line break at its end.
    /// - Throws: An `EncodingError` for numbers that JSON does not have, or what the value's own writing throws.
    package static func encode(_ value: some Encodable, sortsKeys: Bool = false) throws -> [UInt8] {
        let output = JSONOutput(sortsKeys: sortsKeys, keysOfDictionaries: keysOfDictionaries)
        try output.write(value)
        return output.writer.bytes
    }

    /// The type of the keys of dictionaries, to which the standard library gives no name.
    private static let keysOfDictionaries: ObjectIdentifier? = {
        let output = JSONOutput(sortsKeys: false, keysOfDictionaries: nil)
        try? [String: Int]().encode(to: output)
        return output.lastKeys
    }()
}

/// A document that is being written.
private final class JSONOutput {
    var writer = JSONWriter(style: .compact)
    /// The type of the keys of the object that was begun last.
    var lastKeys: ObjectIdentifier?
    private let sortsKeys: Bool
    private let keysOfDictionaries: ObjectIdentifier?
    /// The arrays and objects that are not at their end.
    private var open: [Collection] = []
    /// How many of them were there before the value that is being written.
    private var outer = 0

    /// An array or object that is not at its end.
    private struct Collection {
        var end: UInt8
        /// The keys with the places of their members where they are to be put in order.
        var members: [(key: String, start: Int)]?
    }

    init(sortsKeys: Bool, keysOfDictionaries: ObjectIdentifier?) {
        (self.sortsKeys, self.keysOfDictionaries) = (sortsKeys, keysOfDictionaries)
    }

    func write<Value: Encodable>(_ value: Value) throws {
        // Nearly all values are of these types. Their own writing would take a container for each.
        if Value.self == String.self { return writer.quote(cast(value)) }
        if Value.self == Bool.self { return writer.write(cast(value) as Bool) }
        if Value.self == Int.self { return writer.write(cast(value) as Int) }
        if Value.self == Int64.self { return writer.write(cast(value) as Int64) }
        if Value.self == [String].self { return write(cast(value) as [String]) }
        if Value.self == [String: String].self { return write(cast(value) as [String: String]) }
        if try writeNumber(value) { return }
        let (outside, start) = (outer, writer.bytes.count)
        outer = open.count
        try value.encode(to: self)
        close(to: outer)
        if writer.bytes.count == start { writer.bytes += "{}".utf8 }
        outer = outside
    }

    /// Writes a number of a type that has no writing of its own; false where the value is of another type.
    private func writeNumber<Value>(_ value: Value) throws -> Bool {
        switch Value.self {
        case _ where Value.self == UInt8.self: writer.write(cast(value) as UInt8)
        case _ where Value.self == UInt64.self: writer.write(cast(value) as UInt64)
        case _ where Value.self == Double.self: try write(cast(value) as Double)
        case _ where Value.self == Float.self: try write(cast(value) as Float)
        case _ where Value.self == Int32.self: writer.write(cast(value) as Int32)
        case _ where Value.self == UInt32.self: writer.write(cast(value) as UInt32)
        case _ where Value.self == UInt16.self: writer.write(cast(value) as UInt16)
        case _ where Value.self == UInt.self: writer.write(cast(value) as UInt)
        case _ where Value.self == Int16.self: writer.write(cast(value) as Int16)
        case _ where Value.self == Int8.self: writer.write(cast(value) as Int8)
        default: return false
        }
        return true
    }

    private func cast<From, To>(_ value: From) -> To { unsafeBitCast(value, to: To.self) }

    private func write(_ value: some BinaryFloatingPoint & LosslessStringConvertible) throws {
        guard value.isFinite else {
            throw EncodingError.invalidValue(value, .init(codingPath: [], debugDescription: "JSON has no \(value)"))
        }
        let text = "\(value)"
        writer.bytes += text.hasSuffix(".0") ? text.utf8.dropLast(2) : text.utf8[...]
    }

    private func write(_ items: [String]) {
        writer.bytes.append(UInt8(ascii: "["))
        for item in items {
            writer.separate()
            writer.quote(item)
        }
        writer.bytes.append(UInt8(ascii: "]"))
    }

    private func write(_ members: [String: String]) {
        writer.bytes.append(UInt8(ascii: "{"))
        for (key, value) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            writer.separate()
            writer.quote(key)
            writer.bytes.append(UInt8(ascii: ":"))
            writer.quote(value)
        }
        writer.bytes.append(UInt8(ascii: "}"))
    }

    // MARK: Collections

    /// How many arrays and objects are not at their end.
    var depth: Int { open.count }

    /// Begins the next item of an array, or what stands behind a key.
    func beginItem(at depth: Int) {
        close(to: depth)
        writer.separate()
    }

    /// Begins the next member of an object.
    func beginMember(_ key: String, at depth: Int) {
        beginItem(at: depth)
        open[depth - 1].members?.append((key, writer.bytes.count))
        writer.quote(key)
        writer.bytes.append(UInt8(ascii: ":"))
    }

    func beginArray() {
        writer.bytes.append(UInt8(ascii: "["))
        open.append(Collection(end: UInt8(ascii: "]"), members: nil))
    }

    func beginObject<Key>(_ type: Key.Type) {
        lastKeys = ObjectIdentifier(type)
        writer.bytes.append(UInt8(ascii: "{"))
        let isSorted = sortsKeys || lastKeys == keysOfDictionaries
        open.append(Collection(end: UInt8(ascii: "}"), members: isSorted ? [] : nil))
    }

    /// Ends what is inside the first so many arrays and objects.
    private func close(to depth: Int) {
        while open.count > depth {
            let collection = open.removeLast()
            if let members = collection.members, members.count > 1 { sort(members) }
            writer.bytes.append(collection.end)
        }
    }

    /// Puts the members of the object at the end of the text in the order of their keys.
    private func sort(_ members: [(key: String, start: Int)]) {
        let ends = members.dropFirst().map { $0.start - 1 } + [writer.bytes.count]
        let sorted = zip(members, ends).sorted { $0.0.key.utf8.lexicographicallyPrecedes($1.0.key.utf8) }
        var text: [UInt8] = []
        text.reserveCapacity(writer.bytes.count - members[0].start)
        for (member, end) in sorted {
            if !text.isEmpty { text.append(UInt8(ascii: ",")) }
            text += writer.bytes[member.start..<end]
        }
        writer.bytes.replaceSubrange(members[0].start..., with: text)
    }
}

extension JSONOutput: Encoder, SingleValueEncodingContainer {
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        // The second container of a value is the same object.
        if depth == outer { beginObject(type) }
        return KeyedEncodingContainer(JSONMembersOutput(output: self, depth: outer + 1))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if depth == outer { beginArray() }
        return JSONItemsOutput(output: self, depth: outer + 1)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    func encodeNil() { writer.bytes += "null".utf8 }

    func encode<Value: Encodable>(_ value: Value) throws { try write(value) }
}

/// An object that is being written.
private struct JSONMembersOutput<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let output: JSONOutput
    let depth: Int

    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) {
        output.beginMember(key.stringValue, at: depth)
        output.encodeNil()
    }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        output.beginMember(key.stringValue, at: depth)
        try output.write(value)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        output.beginMember(key.stringValue, at: depth)
        output.beginObject(type)
        return KeyedEncodingContainer(JSONMembersOutput<Nested>(output: output, depth: output.depth))
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        output.beginMember(key.stringValue, at: depth)
        output.beginArray()
        return JSONItemsOutput(output: output, depth: output.depth)
    }

    func superEncoder() -> any Encoder { preconditionFailure("no value of ours is of a class with a base class") }

    func superEncoder(forKey key: Key) -> any Encoder { superEncoder() }
}

/// An array that is being written.
private struct JSONItemsOutput: UnkeyedEncodingContainer {
    let output: JSONOutput
    let depth: Int
    var count = 0

    init(output: JSONOutput, depth: Int) {
        (self.output, self.depth) = (output, depth)
    }

    var codingPath: [any CodingKey] { [] }

    private mutating func beginItem() {
        output.beginItem(at: depth)
        count += 1
    }

    mutating func encodeNil() {
        beginItem()
        output.encodeNil()
    }

    mutating func encode<Value: Encodable>(_ value: Value) throws {
        beginItem()
        try output.write(value)
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        beginItem()
        output.beginObject(type)
        return KeyedEncodingContainer(JSONMembersOutput<Nested>(output: output, depth: output.depth))
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        beginItem()
        output.beginArray()
        return JSONItemsOutput(output: output, depth: output.depth)
    }

    func superEncoder() -> any Encoder { preconditionFailure("no value of ours is of a class with a base class") }
}
