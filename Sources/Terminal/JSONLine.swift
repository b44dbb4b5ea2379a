// SPDX-License-Identifier: Apache-2.0

/// One line of JSON (RFC 8259), written member by member.
///
/// Control characters of every kind are escaped: a terminal that shows the line obeys none of them.
struct JSONLine {
    private var bytes = [UInt8(ascii: "{")]
    private var isEmpty = true

    /// Adds a member whose value is text; where it is no UTF-8, the character for that stands in it.
    mutating func add(_ name: StaticString, _ text: some Collection<UInt8>) {
        key(name)
        bytes.append(UInt8(ascii: "\""))
        if text.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            bytes += text
        } else {
            for scalar in String(decoding: text, as: UTF8.self).unicodeScalars { append(scalar) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Adds a member whose value is text.
    mutating func add(_ name: StaticString, _ text: String) { add(name, text.utf8) }

    /// Adds a member that is true or false.
    mutating func add(_ name: StaticString, _ value: Bool) {
        key(name)
        bytes += (value ? "true" : "false").utf8
    }

    /// Adds a member that is a number.
    mutating func add(_ name: StaticString, _ value: Int) {
        key(name)
        bytes += String(value).utf8
    }

    /// The line with its end.
    consuming func ended() -> [UInt8] {
        bytes += "}\n".utf8
        return bytes
    }

    private mutating func key(_ name: StaticString) {
        if !isEmpty { bytes.append(UInt8(ascii: ",")) }
        isEmpty = false
        bytes += "\"\(name)\":".utf8
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x22: bytes += "\\\"".utf8
        case 0x5C: bytes += "\\\\".utf8
        case 0x0A: bytes += "\\n".utf8
        case 0x0D: bytes += "\\r".utf8
        case 0x09: bytes += "\\t".utf8
        case 0..<0x20, 0x7F..<0xA0:
            let digits = String(scalar.value, radix: 16)
            bytes += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
        default: bytes += String(scalar).utf8
        }
    }
}
