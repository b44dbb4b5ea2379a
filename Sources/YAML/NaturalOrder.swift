// SPDX-License-Identifier: Apache-2.0

/// The order in which go-yaml v3 writes the keys of a map: runs of digits by their number, letters after other signs.
package enum NaturalOrder {
    /// Whether one key stands before another.
    package static func precedes(_ left: String, _ right: String) -> Bool {
        // Most keys already differ in their first letters, which are quick to get at.
        if let first = left.utf8.first, let other = right.utf8.first, first != other,
            isLetter(first), isLetter(other)
        {
            return first < other
        }
        var left = left
        var right = right
        return left.withUTF8 { left in
            right.withUTF8 { right in
                precedes(left, right)
            }
        }
    }

    private static func precedes(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
        let shorter = min(left.count, right.count)
        var index = 0
        while index < shorter, left[index] == right[index] {
            index += 1
        }
        // Where one is the start of the other, the shorter one is first, by characters as by bytes.
        guard index < shorter else {
            return left.count < right.count
        }
        while index > 0, left[index] & 0xC0 == 0x80 || right[index] & 0xC0 == 0x80 {
            index -= 1
        }
        return differs(left, right, at: index)
    }

    private static func differs(
        _ left: UnsafeBufferPointer<UInt8>,
        _ right: UnsafeBufferPointer<UInt8>,
        at index: Int
    ) -> Bool {
        let leftScalar = left.scalar(at: index, width: left.width(at: index))
        let rightScalar = right.scalar(at: index, width: right.width(at: index))
        let leftIsLetter = isLetter(leftScalar)
        let rightIsLetter = isLetter(rightScalar)
        if leftIsLetter && rightIsLetter {
            return leftScalar < rightScalar
        }
        if leftIsLetter || rightIsLetter {
            // Letters are last, except right after a digit.
            return isAfterDigit(left, index) ? leftIsLetter : rightIsLetter
        }
        var leftNumber: Int64 = 0
        var rightNumber: Int64 = 0
        if leftScalar == 0x30 || rightScalar == 0x30, hasNonZeroDigit(left, before: index) {
            (leftNumber, rightNumber) = (1, 1)
        }
        let leftDigits = addDigits(of: left, from: index, to: &leftNumber)
        let rightDigits = addDigits(of: right, from: index, to: &rightNumber)
        if leftNumber != rightNumber {
            return leftNumber < rightNumber
        }
        return leftDigits == rightDigits ? leftScalar < rightScalar : leftDigits < rightDigits
    }

    private static func isAfterDigit(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Bool {
        guard index > 0 else {
            return false
        }
        let start = text.characterStart(before: index)
        return isDigit(text.scalar(at: start, width: text.width(at: start)))
    }

    /// Whether the run of digits that ends before an index has one that is not 0.
    private static func hasNonZeroDigit(_ text: UnsafeBufferPointer<UInt8>, before index: Int) -> Bool {
        var index = index
        while index > 0 {
            index = text.characterStart(before: index)
            let scalar = text.scalar(at: index, width: text.width(at: index))
            guard isDigit(scalar) else {
                return false
            }
            if scalar != 0x30 {
                return true
            }
        }
        return false
    }

    /// Reads a run of digits into a number, which wraps around as go-yaml's does, and returns its length.
    private static func addDigits(
        of text: UnsafeBufferPointer<UInt8>,
        from start: Int,
        to number: inout Int64
    ) -> Int {
        var index = start
        var length = 0
        while index < text.count {
            let digit = text[index] &- UInt8(ascii: "0")
            if digit < 10 {
                number = number &* 10 &+ Int64(digit)
                index += 1
                length += 1
                continue
            }
            let width = text.width(at: index)
            let scalar = text.scalar(at: index, width: width)
            guard isDigit(scalar) else {
                break
            }
            number = number &* 10 &+ (Int64(scalar) &- 0x30)
            index += width
            length += 1
        }
        return length
    }

    private static func isDigit(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 {
            return scalar >= 0x30 && scalar <= 0x39
        }
        return Unicode.Scalar(scalar)?.properties.generalCategory == .decimalNumber
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isLetter(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 {
            return isLetter(UInt8(truncatingIfNeeded: scalar))
        }
        return switch Unicode.Scalar(scalar)?.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }
}
