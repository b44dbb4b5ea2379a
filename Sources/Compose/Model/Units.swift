// SPDX-License-Identifier: Apache-2.0

/// A number of bytes.
package struct ByteCount: Hashable, Sendable {
    /// The number; negative only where compose gives it a meaning: a swap limit of -1 is none.
    package var bytes: Int64

    package init(_ bytes: Int64) {
        self.bytes = bytes
    }

    package static let zero = ByteCount(0)
}

extension ByteCount: Comparable {
    package static func < (left: ByteCount, right: ByteCount) -> Bool {
        left.bytes < right.bytes
    }
}

extension ByteCount: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(Int64.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes)
    }
}

/// The permission bits of a file.
package struct FileMode: Hashable, Sendable {
    /// The bits as a number; not checked, since Docker Compose does not.
    package var bits: Int64

    package init(_ bits: Int64) {
        self.bits = bits
    }

    /// Reads octal digits, with or without a leading zero; nil for anything else.
    package init?(octal text: String) {
        guard let bits = Int64(text, radix: 8) else {
            return nil
        }
        self.init(bits)
    }
}

extension FileMode: CustomStringConvertible {
    /// Octal digits after a zero: `0440`.
    package var description: String { "0" + String(bits, radix: 8) }
}

extension FileMode: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(Int64.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bits)
    }
}
