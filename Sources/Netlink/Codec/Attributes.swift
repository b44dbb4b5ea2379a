// SPDX-License-Identifier: Apache-2.0

import CLinux

/// Attributes under construction, in the form of netlink(7): length, number, value, filled up to four bytes.
///
/// An attribute whose length does not fit its 16 bits is left out and remembered; the request that it was for is an error
/// then. So what builds requests need not throw.
package struct Attributes: Equatable, Sendable {
    package private(set) var bytes: [UInt8] = []
    /// The number of the first attribute that was too long.
    package private(set) var overlong: UInt16?

    package init() {}

    /// Adds an attribute.
    ///
    /// - Parameters:
    ///   - kind: Its number.
    ///   - value: Its bytes.
    package mutating func add(_ kind: some AttributeKind, bytes value: some Collection<UInt8>) {
        add(kind.attributeNumber, flags: 0, value)
    }

    /// Adds a number in the order of the machine, which is that of rtnetlink.
    package mutating func add(_ kind: some AttributeKind, _ value: some FixedWidthInteger) {
        add(kind, bytes: withUnsafeBytes(of: value, Array.init))
    }

    /// Adds a number in the order of the network, which is that of nfnetlink.
    package mutating func add(_ kind: some AttributeKind, bigEndian value: some FixedWidthInteger) {
        add(kind, bytes: withUnsafeBytes(of: value.bigEndian, Array.init))
    }

    /// Adds a text with the zero that ends it.
    package mutating func add(_ kind: some AttributeKind, text: String) {
        add(kind, bytes: Array(text.utf8) + [0])
    }

    /// Adds attributes as the value of one that is marked as nested.
    package mutating func nest(_ kind: some AttributeKind, _ build: (inout Attributes) -> Void) {
        var inner = Attributes()
        build(&inner)
        nest(kind, inner)
    }

    /// Adds attributes as the value of one that is marked as nested.
    package mutating func nest(_ kind: some AttributeKind, _ inner: Attributes) {
        if overlong == nil { overlong = inner.overlong }
        add(kind.attributeNumber, flags: UInt16(NLA_F_NESTED), inner.bytes)
    }

    /// Adds a structure with attributes behind it as the value of one attribute.
    package mutating func add(_ kind: some AttributeKind, structure: [UInt8], _ inner: Attributes) {
        if overlong == nil { overlong = inner.overlong }
        add(kind, bytes: structure + inner.bytes)
    }

    private mutating func add(_ number: UInt16, flags: UInt16, _ value: some Collection<UInt8>) {
        let size = Self.headerSize + value.count
        guard let length = UInt16(exactly: size) else {
            if overlong == nil { overlong = number }
            return
        }
        append(length)
        append(number | flags)
        bytes += value
        bytes += repeatElement(0, count: Self.aligned(size) - size)
    }

    private mutating func append(_ value: UInt16) {
        withUnsafeBytes(of: value) { bytes += $0 }
    }

    /// Bytes of `struct nlattr`.
    static let headerSize = 4

    /// A length filled up as NLA_ALIGN and NLMSG_ALIGN do.
    static func aligned(_ size: Int) -> Int {
        (size + 3) & ~3
    }
}
