// SPDX-License-Identifier: Apache-2.0

/// The decimal digits of a floating-point number: the fewest that read back as the same number.
struct ShortestDecimal {
    /// The significant digits, without zeros at either end; `0` for zero.
    private(set) var digits: [UInt8] = []
    /// Where the point stands, counted from before the first digit.
    private(set) var point = 0
    /// Whether the number has a minus sign.
    private(set) var isNegative = false

    /// Reads the text that Swift prints for a finite number, which has the digits in question.
    init(description: String) {
        var exponent = 0
        var hasPoint = false
        var text = description.utf8[...]
        if text.first == UInt8(ascii: "-") {
            isNegative = true
            text = text.dropFirst()
        }
        if let mark = text.firstIndex(of: UInt8(ascii: "e")) {
            exponent = Int(Substring(text[text.index(after: mark)...])) ?? 0
            text = text[..<mark]
        }
        for byte in text {
            if byte == UInt8(ascii: ".") {
                hasPoint = true
            } else {
                if !digits.isEmpty || byte != UInt8(ascii: "0") {
                    digits.append(byte)
                    point += hasPoint ? 0 : 1
                } else if hasPoint {
                    point -= 1
                }
            }
        }
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
        }
        point = digits.isEmpty ? 1 : point + exponent
        if digits.isEmpty {
            digits = [UInt8(ascii: "0")]
        }
    }

    /// The power of ten of the first digit.
    var exponent: Int { point - 1 }

    /// Writes the number without an exponent.
    func writePlain(to output: inout [UInt8]) {
        if isNegative {
            output.append(UInt8(ascii: "-"))
        }
        if point <= 0 {
            output.append(contentsOf: "0.".utf8)
            output.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: -point))
            output.append(contentsOf: digits)
            return
        }
        output.append(contentsOf: digits.prefix(point))
        if digits.count > point {
            output.append(UInt8(ascii: "."))
            output.append(contentsOf: digits.dropFirst(point))
        } else {
            output.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: point - digits.count))
        }
    }

    /// Writes the number with an exponent of at least so many digits.
    func writeScientific(exponentDigits: Int, to output: inout [UInt8]) {
        if isNegative {
            output.append(UInt8(ascii: "-"))
        }
        output.append(digits[0])
        if digits.count > 1 {
            output.append(UInt8(ascii: "."))
            output.append(contentsOf: digits.dropFirst())
        }
        output.append(UInt8(ascii: "e"))
        output.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        let magnitude = String(abs(exponent))
        output.append(
            contentsOf: repeatElement(UInt8(ascii: "0"), count: max(0, exponentDigits - magnitude.utf8.count))
        )
        output.append(contentsOf: magnitude.utf8)
    }

    /// Writes the number as Go's `%v` and go-yaml do.
    func writeGo(to output: inout [UInt8]) {
        if exponent < -4 || exponent >= 6 {
            writeScientific(exponentDigits: 2, to: &output)
        } else {
            writePlain(to: &output)
        }
    }
}

extension Emitter {
    /// The text that go-yaml writes for a number of 64 bits: `0.1`, `1e+06`, `.inf`, `-.inf`, `.nan`.
    package static func goFloat(_ value: Double) -> String {
        var output: [UInt8] = []
        write(value, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// The text that go-yaml writes for a number of 32 bits, with only as many digits as those need.
    package static func goFloat32(_ value: Float) -> String {
        guard value.isFinite else {
            return goFloat(Double(value))
        }
        var output: [UInt8] = []
        ShortestDecimal(description: value.description).writeGo(to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// The text of a value under Go's `%v`, as go-yaml and its callers make strings of numbers and truth values.
    package static func goDescription(of node: Node) -> String {
        switch node.value {
        case .null, .invalid: "<nil>"
        case .bool(let bool): bool ? "true" : "false"
        case .int(let int): String(int)
        case .unsigned(let unsigned): String(unsigned)
        case .float(let float): goFloatDescription(float)
        case .string(let text): text
        case .timestamp(let text): goTime(text)
        case .sequence(let items): "[" + items.map(goDescription).joined(separator: " ") + "]"
        case .mapping(let mapping): goDescription(of: mapping)
        }
    }

    private static func goFloatDescription(_ value: Double) -> String {
        value.isFinite ? goFloat(value) : value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf"
    }

    /// The text that Go's `time.Time` describes itself with, of a date and time in the form of RFC 3339.
    private static func goTime(_ text: String) -> String {
        let parts = text.split(separator: "T", maxSplits: 1)
        guard parts.count == 2, let split = parts[1].lastIndex(where: { "Z+-".contains($0) }) else {
            return text
        }
        let offset = parts[1][split...].filter { $0 != ":" }
        return "\(parts[0]) \(parts[1][..<split]) " + (offset == "Z" ? "+0000 UTC" : "\(offset) \(offset)")
    }

    private static func goDescription(of mapping: Mapping) -> String {
        let entries = mapping.entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        return "map[" + entries.map { "\($0.key):\(goDescription(of: $0.value))" }.joined(separator: " ") + "]"
    }

    /// Writes a number of 64 bits as go-yaml does.
    static func write(_ value: Double, to output: inout [UInt8]) {
        if value.isFinite {
            ShortestDecimal(description: value.description).writeGo(to: &output)
        } else {
            output.append(contentsOf: (value.isNaN ? ".nan" : value < 0 ? "-.inf" : ".inf").utf8)
        }
    }
}
