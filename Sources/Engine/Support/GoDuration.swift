// SPDX-License-Identifier: Apache-2.0

/// A length of time as Go writes it: `1h30m`, `1.5s`, `300ms`.
struct GoDuration: Equatable {
    var nanoseconds: Int64

    private static let units: [String: Double] = [
        "ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9,
    ]

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
