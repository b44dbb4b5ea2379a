// SPDX-License-Identifier: Apache-2.0

import YAML

/// A number as it is written, without the rounding of a `Double`.
///
/// Kept as a fraction whose factors two and five are counted apart, so that every decimal and every power of two has
/// one form only.
struct ExactNumber: Equatable {
    private var isNegative = false
    private var numerator: UInt64
    private var denominator: UInt64
    private var twos: Int
    private var fives: Int

    private init?(isNegative: Bool, _ numerator: UInt64, over denominator: UInt64 = 1, twos: Int = 0, fives: Int = 0) {
        guard denominator != 0 else {
            return nil
        }
        self.numerator = numerator
        self.denominator = 1
        self.twos = 0
        self.fives = 0
        guard numerator != 0 else {
            return
        }
        let divisor = Self.greatestCommonDivisor(numerator, denominator)
        self.numerator = numerator / divisor
        self.denominator = denominator / divisor
        self.isNegative = isNegative
        self.twos = twos + Self.strip(2, from: &self.numerator) - Self.strip(2, from: &self.denominator)
        self.fives = fives + Self.strip(5, from: &self.numerator) - Self.strip(5, from: &self.denominator)
    }

    /// Reads a number, or a string that is one; nil for anything else and for what is not finite.
    init?(_ value: Node.Value) {
        switch value {
        case .int(let number): self.init(isNegative: number < 0, UInt64(number.magnitude))
        case .unsigned(let number): self.init(isNegative: false, number)
        // The shortest decimal that reads as this number, which is what the comparison is about.
        case .float(let number): self.init(number.description)
        case .string(let text): self.init(text)
        default: return nil
        }
    }

    /// Reads `12`, `-1.5e3`, `0x1f`, `0b1.1p4` or `3/4`.
    private init?(_ text: String) {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else {
            var scanner = Scanner(text.utf8[...])
            self.init(&scanner)
            return
        }
        var left = Scanner(text.utf8[..<slash])
        var right = Scanner(text.utf8[text.utf8.index(after: slash)...])
        let isNegative = left.sign()
        guard
            let numerator = left.digits(isFraction: false), left.isAtEnd,
            let denominator = right.digits(isFraction: false), right.isAtEnd,
            let top = numerator.wholeValue, let bottom = denominator.wholeValue
        else {
            return nil
        }
        self.init(isNegative: isNegative, top, over: bottom)
    }

    private init?(_ scanner: inout Scanner) {
        let isNegative = scanner.sign()
        guard let digits = scanner.digits(isFraction: true), let exponent = scanner.exponent(), scanner.isAtEnd else {
            return nil
        }
        let (power, tooBig) = digits.scale.multipliedReportingOverflow(by: digits.radix.twos)
        let (twos, tooMany) = power.addingReportingOverflow(exponent.value)
        guard !tooBig, !tooMany, twos.magnitude < 1 << 40 else {
            return nil
        }
        let fives = (digits.radix.hasFive ? digits.scale : 0) + (exponent.isDecimal ? exponent.value : 0)
        self.init(isNegative: isNegative, digits.mantissa, twos: twos, fives: fives)
    }

    private static func strip(_ factor: UInt64, from number: inout UInt64) -> Int {
        var count = 0
        while number.isMultiple(of: factor) {
            number /= factor
            count += 1
        }
        return count
    }

    private static func greatestCommonDivisor(_ left: UInt64, _ right: UInt64) -> UInt64 {
        var (left, right) = (left, right)
        while right != 0 {
            (left, right) = (right, left % right)
        }
        return left
    }
}

extension ExactNumber {
    /// The base of a run of digits.
    fileprivate enum Radix: UInt64 {
        case binary = 2
        case octal = 8
        case decimal = 10
        case hexadecimal = 16

        /// How many factors of two one digit stands for.
        var twos: Int {
            switch self {
            case .binary, .decimal: 1
            case .octal: 3
            case .hexadecimal: 4
            }
        }

        var hasFive: Bool { self == .decimal }
    }

    /// A run of digits: `mantissa` times the radix to the power of `scale`.
    fileprivate struct Digits {
        var radix: Radix
        var mantissa: UInt64 = 0
        var scale = 0

        var wholeValue: UInt64? {
            var value = mantissa
            for _ in 0..<max(scale, 0) {
                let (next, isTooBig) = value.multipliedReportingOverflow(by: radix.rawValue)
                guard !isTooBig else {
                    return nil
                }
                value = next
            }
            return value
        }
    }

    /// Reads the parts of a number.
    fileprivate struct Scanner {
        private var rest: Substring.UTF8View

        init(_ text: Substring.UTF8View) {
            rest = text
        }

        var isAtEnd: Bool { rest.isEmpty }

        private mutating func take(_ byte: UInt8) -> Bool {
            guard rest.first == byte else {
                return false
            }
            rest.removeFirst()
            return true
        }

        /// Reads `+` or `-` and answers whether it was `-`.
        mutating func sign() -> Bool {
            guard !take(UInt8(ascii: "+")) else {
                return false
            }
            return take(UInt8(ascii: "-"))
        }

        private mutating func radix(isFraction: Bool) -> Radix {
            guard rest.first == UInt8(ascii: "0"), let mark = rest.dropFirst().first else {
                return .decimal
            }
            let radix: Radix
            switch mark | 0x20 {
            case UInt8(ascii: "b"): radix = .binary
            case UInt8(ascii: "o"): radix = .octal
            case UInt8(ascii: "x"): radix = .hexadecimal
            default: return isFraction ? .decimal : .octal
            }
            rest.removeFirst(2)
            return radix
        }

        /// Reads digits with their radix prefix; nil where there are none or more than 64 bits of them.
        mutating func digits(isFraction: Bool) -> Digits? {
            var digits = Digits(radix: radix(isFraction: isFraction))
            var zeros = 0
            var hasDigit = false
            var hasPoint = false
            // An underscore stands between digits, or between the prefix and the first digit.
            var allowsUnderscore = digits.radix != .decimal
            var isAfterUnderscore = false
            while let byte = rest.first {
                if byte == UInt8(ascii: "."), isFraction, !hasPoint, !isAfterUnderscore {
                    hasPoint = true
                    allowsUnderscore = false
                } else if byte == UInt8(ascii: "_"), allowsUnderscore {
                    isAfterUnderscore = true
                    allowsUnderscore = false
                } else if let digit = Self.digit(byte, in: digits.radix) {
                    hasDigit = true
                    isAfterUnderscore = false
                    allowsUnderscore = true
                    digits.scale -= hasPoint ? 1 : 0
                    guard Self.append(digit, to: &digits, zeros: &zeros) else {
                        return nil
                    }
                } else {
                    break
                }
                rest.removeFirst()
            }
            digits.scale += zeros
            return hasDigit && !isAfterUnderscore ? digits : nil
        }

        /// Zeros wait until a digit follows, so that a long tail of them does not run over.
        private static func append(_ digit: UInt64, to digits: inout Digits, zeros: inout Int) -> Bool {
            zeros += 1
            guard digit != 0 else {
                return true
            }
            for _ in 0..<(digits.mantissa == 0 ? 0 : zeros) {
                let (product, isTooBig) = digits.mantissa.multipliedReportingOverflow(by: digits.radix.rawValue)
                guard !isTooBig else {
                    return false
                }
                digits.mantissa = product
            }
            zeros = 0
            let (sum, isTooBig) = digits.mantissa.addingReportingOverflow(digit)
            digits.mantissa = sum
            return !isTooBig
        }

        private static func digit(_ byte: UInt8, in radix: Radix) -> UInt64? {
            let value: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            return value < radix.rawValue ? UInt64(value) : nil
        }

        /// Reads `e5` or `p5`; zero where there is none, nil where it is broken or out of all bounds.
        mutating func exponent() -> (value: Int, isDecimal: Bool)? {
            let isDecimal = take(UInt8(ascii: "e")) || take(UInt8(ascii: "E"))
            guard isDecimal || take(UInt8(ascii: "p")) || take(UInt8(ascii: "P")) else {
                return (0, false)
            }
            let isNegative = sign()
            var value = 0
            var hasDigit = false
            while let byte = rest.first, let digit = Self.digit(byte, in: .decimal) {
                hasDigit = true
                value = value * 10 + Int(digit)
                guard value < 1 << 40 else {
                    return nil
                }
                rest.removeFirst()
            }
            return hasDigit ? (isNegative ? -value : value, isDecimal) : nil
        }
    }
}
