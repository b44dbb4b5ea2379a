// SPDX-License-Identifier: Apache-2.0

import enum Terminal.TextCells

/// Estimated widths of text in the system's sans serif.
///
/// The figures are those of a wide face (DejaVu Sans), since nobody knows which font a viewer has: text in a narrower
/// one leaves a little room, and text in this one just fits.
enum TextMetrics {
    /// Widths in hundredths of the font size, for U+0020 to U+007E.
    private static let ascii: [UInt8] = [
        32, 40, 46, 84, 64, 95, 78, 28, 39, 39, 50, 84, 32, 36, 32, 34,
        64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 53,
        100, 68, 69, 70, 77, 63, 58, 77, 75, 30, 30, 66, 56, 86, 75, 79,
        60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69, 39, 34, 39, 84, 50,
        50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61,
        63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84,
    ]

    static func width(_ text: String, size: Double, bold: Bool = false) -> Double {
        var total = 0
        for scalar in text.unicodeScalars { total += hundredths(scalar) }
        return Double(total) * size / 100 * (bold ? 1.12 : 1)
    }

    private static func hundredths(_ scalar: Unicode.Scalar) -> Int {
        let value = scalar.value
        if value >= 0x20, value < 0x7f { return Int(ascii[Int(value) - 0x20]) }
        if TextCells.width(scalar) == 0 { return 0 }
        if value >= 0x1f000 { return 130 }
        if TextCells.width(scalar) == 2 { return 105 }
        return value < 0x250 ? 68 : 85
    }

    /// Shortens the reference of an image, first by leading parts of its path, which tell least.
    static func fitImage(_ text: String, into limit: Double, size: Double) -> String {
        guard width(text, size: size) > limit, text.utf8.count < 1024 else {
            return fit(text, into: limit, size: size)
        }
        var rest = text[...]
        while let slash = rest.firstIndex(of: "/") {
            rest = rest[rest.index(after: slash)...]
            let candidate = "…/" + rest
            if width(candidate, size: size) <= limit { return candidate }
        }
        return fit(text, into: limit, size: size)
    }

    /// Shortens `text` in the middle until it fits `limit`.
    ///
    /// The ends stay since they tell most: the registry and the tag, the prefix and the number.
    static func fit(_ text: String, into limit: Double, size: Double, bold: Bool = false) -> String {
        guard width(text, size: size, bold: bold) > limit else { return text }
        let characters = Array(text.prefix(512))
        let tail = Array(text.suffix(256))
        var kept = min(characters.count, text.count) - 1
        while kept > 1 {
            let back = min(tail.count, kept / 2)
            let candidate = String(characters.prefix(kept - back)) + "…" + String(tail.suffix(back))
            if width(candidate, size: size, bold: bold) <= limit { return candidate }
            kept -= 1
        }
        return "…"
    }
}
