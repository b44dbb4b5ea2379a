// SPDX-License-Identifier: Apache-2.0

/// A domain name: labels of bytes, compared without regard to the case of ASCII letters (RFC 1035 section 2.3.3).
package struct DNSName: Hashable, Sendable, CustomStringConvertible {
    /// The labels in lower case, each behind its length, with the empty one of the root at the end.
    let wire: [UInt8]

    /// The most bytes of a name, and of a label (RFC 1035 section 2.3.4).
    static let longestName = 255
    static let longestLabel = 63

    /// Reads the usual text form, with or without a dot at its end; nil where a label is empty or too long, or the name is.
    ///
    /// - Parameter text: Labels with dots between them; a label may have any characters but a dot.
    package init?(_ text: some StringProtocol) {
        var wire: [UInt8] = []
        var bytes = Array(text.utf8)[...]
        if bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
        for label in bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard (1...Self.longestLabel).contains(label.count) else { return nil }
            wire.append(UInt8(label.count))
            wire += label.map(Self.lowercased)
        }
        wire.append(0)
        guard wire.count <= Self.longestName, wire.count > 1 else { return nil }
        self.wire = wire
    }

    private init(wire: [UInt8]) {
        self.wire = wire
    }

    /// Reads a name of a message.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - offset: Where the name begins; afterwards, where what follows it begins.
    /// - Throws: ``DNSProblem/malformed`` where it leaves the message, is too long, or points anywhere but back.
    init(in message: [UInt8], at offset: inout Int) throws(DNSProblem) {
        var wire: [UInt8] = []
        var (position, end) = (offset, nil as Int?)
        while true {
            guard message.indices.contains(position) else { throw .malformed }
            let length = Int(message[position])
            switch length >> 6 {
            case 0:
                let next = position + 1 + length
                guard next <= message.count, wire.count + 1 + length <= Self.longestName else { throw .malformed }
                wire.append(UInt8(length))
                wire += message[(position + 1)..<next].lazy.map(Self.lowercased)
                position = next
                if length == 0 {
                    offset = end ?? position
                    self.wire = wire
                    return
                }
            case 3:
                guard position + 1 < message.count else { throw .malformed }
                let target = (length & 0x3f) << 8 | Int(message[position + 1])
                end = end ?? position + 2
                // Only back, so that no circle can be.
                guard target < position else { throw .malformed }
                position = target
            default: throw .malformed
            }
        }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    /// How many labels it has; the root has none.
    var labelCount: Int {
        var (count, position) = (0, 0)
        while wire[position] != 0 {
            count += 1
            position += 1 + Int(wire[position])
        }
        return count
    }

    /// The labels as text, from the left.
    var labels: [String] {
        var (labels, position) = ([String](), 0)
        while wire[position] != 0 {
            let next = position + 1 + Int(wire[position])
            labels.append(String(decoding: wire[(position + 1)..<next], as: UTF8.self))
            position = next
        }
        return labels
    }

    package var description: String { labelCount == 0 ? "." : labels.joined(separator: ".") }
}
