// SPDX-License-Identifier: Apache-2.0

/// Work on text as UTF-8 bytes.
enum UTF8Text {
    /// The bytes with a replacement character for each byte that is not UTF-8; nil where all are.
    static func repaired(_ bytes: [UInt8]) -> [UInt8]? {
        var index = 0
        while index < bytes.count {
            let width = validWidth(bytes, at: index)
            guard width > 0 else {
                return repaired(bytes, from: index)
            }
            index += width
        }
        return nil
    }

    private static func repaired(_ bytes: [UInt8], from start: Int) -> [UInt8] {
        var result = Array(bytes[..<start])
        var index = start
        while index < bytes.count {
            let width = validWidth(bytes, at: index)
            if width > 0 {
                result.append(contentsOf: bytes[index..<(index + width)])
            } else {
                result.append(contentsOf: "\u{FFFD}".utf8)
            }
            index += max(width, 1)
        }
        return result
    }

    /// The number of bytes of the character at a place, 0 where there is none.
    private static func validWidth(_ bytes: [UInt8], at index: Int) -> Int {
        let first = bytes[index]
        let width: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: width = 2
        case 0xE0: (width, second) = (3, 0xA0...0xBF)
        case 0xED: (width, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: width = 3
        case 0xF0: (width, second) = (4, 0x90...0xBF)
        case 0xF4: (width, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: width = 4
        default: return 0
        }
        guard index + width <= bytes.count, second.contains(bytes[index + 1]) else {
            return 0
        }
        for offset in 2..<max(width, 2) where bytes[index + offset] & 0xC0 != 0x80 {
            return 0
        }
        return width
    }

    /// The character at a place of valid UTF-8, and its number of bytes.
    static func scalar(_ bytes: [UInt8], at index: Int) -> (scalar: Unicode.Scalar, width: Int) {
        let first = bytes[index]
        guard first >= 0x80 else {
            return (Unicode.Scalar(first), 1)
        }
        let width = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        var code = UInt32(first) & (0x7F >> UInt32(width))
        for byte in bytes[(index + 1)..<min(index + width, bytes.count)] {
            code = code << 6 | UInt32(byte & 0x3F)
        }
        return (Unicode.Scalar(code) ?? "\u{FFFD}", width)
    }

    /// The range without the white space at its end.
    static func trimmedEnd(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
        var end = range.upperBound
        while end > range.lowerBound {
            var start = end - 1
            while start > range.lowerBound, bytes[start] & 0xC0 == 0x80 {
                start -= 1
            }
            guard scalar(bytes, at: start).scalar.properties.isWhitespace else {
                break
            }
            end = start
        }
        return range.lowerBound..<end
    }

    /// 3 where the text begins with a byte order mark, else 0.
    static func lengthOfByteOrderMark(_ bytes: [UInt8]) -> Int {
        bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }
}
