// SPDX-License-Identifier: Apache-2.0

/// Text in the cells of a terminal, and what of a text may be shown at all.
package enum TextCells {
    /// The cells that a character takes: none for combining marks, two for wide East Asian characters and emoji.
    package static func width(_ scalar: Unicode.Scalar) -> Int {
        let value = scalar.value
        if value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        // Flags are two of these letters, of one cell each.
        if (0x1f1e6...0x1f1ff).contains(value) { return 1 }
        if value >= 0x2300, scalar.properties.isEmojiPresentation { return 2 }
        switch value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
            0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
            return 2
        default: return 1
        }
    }

    /// The cells that a text takes.
    ///
    /// Terminals disagree about emoji of several characters: this is the most that one gives them.
    package static func width(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        var (total, last) = (0, 0)
        for scalar in text.unicodeScalars {
            let size = width(scalar)
            // The sign for "as an emoji", which makes a narrow character wide.
            if scalar == "\u{FE0F}", last == 1 { total += 1 }
            total += size
            last = size
        }
        return total
    }

    /// `text` with spaces up to `cells`.
    package static func padded(_ text: String, to cells: Int) -> String {
        text + String(repeating: " ", count: max(0, cells - width(text)))
    }

    /// Shortens `text` in the middle to at most `cells`.
    package static func fit(_ text: String, to cells: Int, ellipsis: String = "…") -> String {
        guard width(text) > cells else { return text }
        let room = max(0, cells - width(ellipsis))
        var head = ""
        var used = 0
        for character in text {
            let size = width(String(character))
            guard used + size <= (room + 1) / 2 else { break }
            head.append(character)
            used += size
        }
        var tail: [Character] = []
        for character in text.reversed() {
            let size = width(String(character))
            guard used + size <= room else { break }
            tail.append(character)
            used += size
        }
        return head + ellipsis + String(tail.reversed())
    }

    /// Cuts `text` at its end to at most `cells`, with a sign that it was cut.
    package static func cut(_ text: String, to cells: Int, ellipsis: String = "…") -> String {
        guard width(text) > cells else { return text }
        let room = cells - width(ellipsis)
        guard room >= 0 else { return "" }
        var (head, used) = ("", 0)
        for character in text {
            let size = width(String(character))
            guard used + size <= room else { break }
            head.append(character)
            used += size
        }
        return head + ellipsis
    }

    /// `text` without control characters, changes of writing direction and other things that no format can show.
    package static func printable(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where isPrintable(scalar) { result.append(scalar) }
        return String(result)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x2028...0x202e, 0x2066...0x2069, 0x200e, 0x200f, 0xfdd0...0xfdef: false
        default: scalar.value & 0xfffe != 0xfffe
        }
    }
}
