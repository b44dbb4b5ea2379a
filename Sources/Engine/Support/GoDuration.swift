// SPDX-License-Identifier: Apache-2.0

/// A length of time as Go writes it: `1h30m`, `1.5s`, `300ms`.
struct GoDuration: Equatable {
    var nanoseconds: Int64

    private static let units: [String: Double] = [
        "ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9,
    ]

    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// The length as Go prints it: all units from the largest one on for a second and more (`1m30s`), else one unit.
    var text: String {
        if nanoseconds == 0 { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        let length = nanoseconds.magnitude
        func decimal(_ unit: UInt64, _ value: UInt64) -> String {
            let (whole, rest) = value.quotientAndRemainder(dividingBy: unit)
            if rest == 0 { return String(whole) }
            var digits = String(unit + rest).dropFirst()
            while digits.last == "0" { digits.removeLast() }
            return "\(whole).\(digits)"
        }
        if length < 1_000 { return "\(sign)\(length)ns" }
        if length < 1_000_000 { return "\(sign)\(decimal(1_000, length))µs" }
        if length < 1_000_000_000 { return "\(sign)\(decimal(1_000_000, length))ms" }
        let (minutes, rest) = length.quotientAndRemainder(dividingBy: 60_000_000_000)
        let seconds = decimal(1_000_000_000, rest) + "s"
        if minutes == 0 { return sign + seconds }
        if minutes < 60 { return "\(sign)\(minutes)m\(seconds)" }
        return "\(sign)\(minutes / 60)h\(minutes % 60)m\(seconds)"
    }

    /// Reads a length; nil comes back for anything else, and for one that no number of nanoseconds holds.
    init?(_ text: String) {
        if text == "0" {
            nanoseconds = 0
            return
        }
        var rest = text[...]
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest.removeFirst() }
        guard !rest.isEmpty, text.utf8.count <= 64 else { return nil }
        var sum = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !($0.isASCII && $0.isNumber || $0 == ".") }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(number), let factor = Self.units[String(unit)] else { return nil }
            sum += value * factor
        }
        guard let result = Int64(exactly: (isNegative ? -sum : sum).rounded()) else { return nil }
        nanoseconds = result
    }
}
