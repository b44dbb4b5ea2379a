// SPDX-License-Identifier: Apache-2.0

/// Durations in the text form of Go, as filters and Dockerfiles have them.
enum GoDuration {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1000), ("µs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ]

    /// Reads numbers with units behind them, such as `1h30m` or `1.5s`, and `0`.
    ///
    /// - Parameter text: The text, without a sign.
    /// - Returns: Nanoseconds; nil for anything else, or what does not fit.
    static func nanoseconds(_ text: Substring) -> Int64? {
        if text == "0" { return 0 }
        var (rest, sum) = (text, Int64(0))
        if rest.isEmpty { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            let unit = rest.dropFirst(digits.count).prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            rest = rest.dropFirst(digits.count + unit.count)
            let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
            guard let size = units.first(where: { $0.name == unit })?.nanoseconds, digits.contains(where: \.isNumber),
                let whole = parts[0].isEmpty ? 0 : Int64(parts[0]),
                let fraction = parts.count == 1 ? 0 : Double("0.\(parts[1])")
            else { return nil }
            let (product, isTooLarge) = whole.multipliedReportingOverflow(by: size)
            let (part, overflows) = sum.addingReportingOverflow(product)
            let (total, overflowsAgain) = part.addingReportingOverflow(Int64(fraction * Double(size)))
            if isTooLarge || overflows || overflowsAgain { return nil }
            sum = total
        }
        return sum
    }
}
