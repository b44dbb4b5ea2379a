// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A subnet as it is written: an address, `/` and the length of its prefix.
struct SubnetText {
    private let bytes: [UInt8]
    private let prefixLength: Int

    /// Reads a subnet; nil where the text is none.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let bytes = Self.address(String(parts[0])), let length = Int(parts[1]),
            parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), length <= bytes.count * 8
        else { return nil }
        (self.bytes, prefixLength) = (bytes, length)
    }

    /// Whether an address is in the subnet.
    ///
    /// - Parameter text: The address, or a subnet that begins with it; another text is nowhere.
    /// - Returns: Whether it is.
    func contains(_ text: String) -> Bool {
        guard let other = Self.address(String(text.prefix { $0 != "/" })), other.count == bytes.count else {
            return false
        }
        return bytes.indices.allSatisfy { index in
            let bits = min(max(prefixLength - index * 8, 0), 8)
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> bits)
            return bytes[index] & mask == other[index] & mask
        }
    }

    /// The bytes of an address; nil where the text is none.
    private static func address(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: four, Array.init) }
        var six = in6_addr()
        return inet_pton(AF_INET6, text, &six) == 1 ? withUnsafeBytes(of: six, Array.init) : nil
    }
}
