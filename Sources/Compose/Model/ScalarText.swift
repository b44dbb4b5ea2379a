// SPDX-License-Identifier: Apache-2.0

import YAML

/// Scalars as text, where the compose file has a number or a boolean in the place of a string.
enum ScalarText {
    /// The text of a scalar in the manner of Go's default format; empty for null, nil for a list or a mapping.
    static func text(of node: Node) -> String? {
        switch node.value {
        case .string(let string), .timestamp(let string): string
        case .int(let int): String(int)
        case .unsigned(let unsigned): String(unsigned)
        case .bool(let bool): bool ? "true" : "false"
        case .float(let float): text(of: float)
        case .null, .invalid: ""
        case .sequence, .mapping: nil
        }
    }

    /// The shortest digits that stand for a number.
    ///
    /// They are written with an exponent of at least two digits where the decimal exponent is below -4 or above 5.
    static func text(of float: Double) -> String {
        guard float.isFinite else {
            return float.isNaN ? "NaN" : float < 0 ? "-Inf" : "+Inf"
        }
        let (digits, point) = shortestDigits(of: float.magnitude)
        let sign = float.sign == .minus ? "-" : ""
        let exponent = point - 1
        if exponent < -4 || exponent > 5 {
            let fraction = digits.count > 1 ? "." + text(digits.dropFirst()) : ""
            let magnitude = abs(exponent)
            let padding = magnitude < 10 ? "0" : ""
            return "\(sign)\(text(digits.prefix(1)))\(fraction)e\(exponent < 0 ? "-" : "+")\(padding)\(magnitude)"
        }
        if point <= 0 {
            return sign + "0." + String(repeating: "0", count: -point) + text(digits[...])
        }
        if point >= digits.count {
            return sign + text(digits[...]) + String(repeating: "0", count: point - digits.count)
        }
        return sign + text(digits.prefix(point)) + "." + text(digits.dropFirst(point))
    }

    private static func text(_ digits: ArraySlice<UInt8>) -> String {
        String(decoding: digits, as: UTF8.self)
    }

    /// The digits without leading and trailing zeros, and how many of them stand before the point.
    private static func shortestDigits(of magnitude: Double) -> (digits: [UInt8], point: Int) {
        var digits: [UInt8] = []
        var point: Int?
        var exponent = 0
        var bytes = magnitude.description.utf8[...]
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "."):
                point = digits.count
            case UInt8(ascii: "e"):
                exponent = Int(String(decoding: bytes, as: UTF8.self)) ?? 0
                bytes = bytes.suffix(0)
            default:
                digits.append(byte)
            }
        }
        var place = (point ?? digits.count) + exponent
        let leading = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(leading)
        place -= leading
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
        }
        return digits.isEmpty ? ([UInt8(ascii: "0")], 1) : (digits, place)
    }
}
