// SPDX-License-Identifier: Apache-2.0

import CLinux

/// What is wrong with bytes that came from a netlink socket.
package struct MalformedReply: Error, Equatable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// The attributes of a reply, each of whose lengths has been checked.
package struct ParsedAttributes: Equatable, Sendable {
    /// One attribute.
    package struct Entry: Equatable, Sendable {
        /// The number, without the flags for nesting and byte order.
        package var number: UInt16
        package var value: ArraySlice<UInt8>
    }

    package private(set) var entries: [Entry] = []

    /// Splits bytes into attributes.
    ///
    /// - Parameter bytes: All attributes, one behind the other.
    /// - Throws: Where a length leads outside of the bytes.
    package init(_ bytes: ArraySlice<UInt8>) throws(MalformedReply) {
        var rest = bytes
        while !rest.isEmpty {
            guard let length: UInt16 = rest.number(at: 0), let type: UInt16 = rest.number(at: 2) else {
                throw MalformedReply("\(rest.count) bytes are too few for an attribute")
            }
            let number = type & ~UInt16(NLA_F_NESTED | NLA_F_NET_BYTEORDER)
            let size = Int(length)
            guard size >= Attributes.headerSize, size <= rest.count else {
                throw MalformedReply("attribute \(number) has length \(size), with \(rest.count) bytes left")
            }
            let start = rest.startIndex
            entries.append(Entry(number: number, value: rest[(start + Attributes.headerSize)..<(start + size)]))
            rest = rest.dropFirst(Attributes.aligned(size))
        }
    }

    /// The value of an attribute, of the last one where it comes more than once, as in the kernel.
    package subscript(kind: some AttributeKind) -> ArraySlice<UInt8>? {
        let number = kind.attributeNumber
        return entries.last { $0.number == number }?.value
    }

    /// A number in the order of the machine.
    ///
    /// - Parameters:
    ///   - kind: The attribute.
    ///   - type: The number's type.
    /// - Returns: The number; nil where there is no such attribute.
    /// - Throws: Where the attribute has another length.
    package func integer<Value: FixedWidthInteger>(
        _ kind: some AttributeKind,
        as type: Value.Type = Value.self
    ) throws(MalformedReply) -> Value? {
        guard let value = self[kind] else { return nil }
        guard value.count == MemoryLayout<Value>.size, let number: Value = value.number(at: 0) else {
            throw MalformedReply(
                "attribute \(kind.attributeNumber) has \(value.count) bytes instead of \(MemoryLayout<Value>.size)"
            )
        }
        return number
    }

    /// A number in the order of the network.
    ///
    /// - Parameters:
    ///   - kind: The attribute.
    ///   - type: The number's type.
    /// - Returns: The number; nil where there is no such attribute.
    /// - Throws: Where the attribute has another length.
    package func bigEndian<Value: FixedWidthInteger>(
        _ kind: some AttributeKind,
        as type: Value.Type = Value.self
    ) throws(MalformedReply) -> Value? {
        try integer(kind, as: type).map { Value(bigEndian: $0) }
    }

    /// A text, up to the zero that ends it; invalid UTF-8 is replaced.
    package func text(_ kind: some AttributeKind) -> String? {
        self[kind].map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The attributes within an attribute.
    ///
    /// - Parameter kind: The outer attribute.
    /// - Returns: The inner ones; nil where there is no outer one.
    /// - Throws: Where a length leads outside of the bytes.
    package func nested(_ kind: some AttributeKind) throws(MalformedReply) -> ParsedAttributes? {
        guard let value = self[kind] else { return nil }
        return try ParsedAttributes(value)
    }
}

extension Optional {
    /// The value, or the error that a reply lacks it.
    func required(_ name: String) throws(MalformedReply) -> Wrapped {
        guard let self else { throw MalformedReply("\(name) is missing") }
        return self
    }
}

extension ArraySlice<UInt8> {
    /// A number in the order of the machine, at a place counted from the first byte; nil where the bytes end before it does.
    func number<Value: FixedWidthInteger>(at offset: Int) -> Value? {
        let size = MemoryLayout<Value>.size
        guard offset >= 0, offset <= count - size else { return nil }
        return self[(startIndex + offset)..<(startIndex + offset + size)].withUnsafeBytes {
            $0.loadUnaligned(as: Value.self)
        }
    }

    /// A structure of C that has no pointers, from the first bytes; nil where they are too few.
    func structure<Value: BitwiseCopyable>(as type: Value.Type) -> Value? {
        guard count >= MemoryLayout<Value>.size else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(as: type) }
    }
}
