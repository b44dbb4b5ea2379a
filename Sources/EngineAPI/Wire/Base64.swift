// SPDX-License-Identifier: Apache-2.0

/// The Base64 of RFC 4648, padded, as JSON holds bytes.
package enum Base64 {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")

    /// The values of the letters; 255 for everything else.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, letter) in letters.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()

    /// The text for bytes.
    package static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var number = group.reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
            number <<= 8 * UInt32(3 - group.count)
            for place in 0..<4 {
                let letter = letters[Int(number >> (18 - 6 * UInt32(place)) & 63)]
                text.append(place <= group.count ? letter : padding)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The text for bytes in the letters that need no escapes in header fields and addresses.
    package static func encodeForHeader(_ bytes: [UInt8]) -> String {
        String(encode(bytes).map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }

    /// The bytes that a text of a header field stands for, in either letters, padded or not.
    package static func decodeFromHeader(_ text: String) -> [UInt8]? {
        var plain = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        while plain.last == "=" { plain.removeLast() }
        plain += String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        return decode(plain)
    }

    /// The bytes that a text stands for; nil where it is not Base64.
    package static func decode(_ text: String) -> [UInt8]? {
        var letters = Array(text.utf8)[...]
        guard letters.count.isMultiple(of: 4) else { return nil }
        var padded = 0
        while padded < 2, letters.last == padding {
            letters.removeLast()
            padded += 1
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(letters.count / 4 * 3)
        var (number, bits): (UInt32, UInt32) = (0, 0)
        for letter in letters {
            let value = values[Int(letter)]
            if value == 255 { return nil }
            number = number << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: number >> bits))
                number &= 1 << bits - 1
            }
        }
        // What the padding stands for has to be zero, so that each text has one meaning.
        return number == 0 ? bytes : nil
    }
}
