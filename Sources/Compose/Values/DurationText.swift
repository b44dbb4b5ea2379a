// SPDX-License-Identifier: Apache-2.0

/// Durations such as `1m30s`, `1.5h` and `2d`.
package enum DurationText {
    /// Reads a duration: numbers with units, one after the other, and perhaps a sign before them.
    ///
    /// The units are `ns`, `us` or `µs`, `ms`, `s`, `m`, `h`, `d` and `w`. A lone `0` needs none.
    ///
    /// - Parameter text: The text.
    /// - Returns: The duration, in whole nanoseconds.
    /// - Throws: ``ValueError`` where the text is something else or the duration longer than 292 years.
    package static func parse(_ text: String) throws(ValueError) -> Duration {
        var rest = text.utf8[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") {
            rest.removeFirst()
        }
        if rest.elementsEqual("0".utf8) {
            return .zero
        }
        guard !rest.isEmpty else {
            throw invalid(text)
        }
        var total: Int64 = 0
        while !rest.isEmpty {
            let part = try parsePart(&rest, of: text)
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else {
                throw tooLong(text)
            }
            total = sum
        }
        return .nanoseconds(isNegative ? -total : total)
    }

    /// Writes a duration in the shortest form: `1m30s`, `26h0m0s`, `1.5s`, `100ms`, `0s`.
    ///
    /// - Parameter duration: The duration; what is less than a nanosecond is cut off.
    /// - Returns: Its text, which ``parse(_:)`` reads.
    package static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let sign = seconds < 0 || attoseconds < 0 ? "-" : ""
        let whole = seconds.magnitude
        let nanoseconds = (attoseconds / 1_000_000_000).magnitude
        guard whole > 0 else {
            return nanoseconds == 0 ? "0s" : sign + formatFraction(nanoseconds)
        }
        var text = decimal(whole % 60, nanoseconds, digits: 9) + "s"
        if whole >= 60 {
            text = "\(whole / 60 % 60)m" + text
        }
        if whole >= 3_600 {
            text = "\(whole / 3_600)h" + text
        }
        return sign + text
    }

    /// A part of a second, in the largest unit that gives a number of at least one.
    private static func formatFraction(_ nanoseconds: UInt64) -> String {
        switch nanoseconds {
        case ..<1_000: "\(nanoseconds)ns"
        case ..<1_000_000: decimal(nanoseconds / 1_000, nanoseconds % 1_000, digits: 3) + "µs"
        default: decimal(nanoseconds / 1_000_000, nanoseconds % 1_000_000, digits: 6) + "ms"
        }
    }

    private static func decimal(_ whole: UInt64, _ fraction: UInt64, digits: Int) -> String {
        guard fraction > 0 else {
            return "\(whole)"
        }
        let text = "\(fraction)"
        var padded = String(repeating: "0", count: max(digits - text.utf8.count, 0)) + text
        while padded.utf8.last == UInt8(ascii: "0") {
            padded.removeLast()
        }
        return "\(whole).\(padded)"
    }

    // MARK: - Parts

    /// One number with its unit, in nanoseconds.
    private static func parsePart(_ rest: inout Substring.UTF8View, of text: String) throws(ValueError) -> Int64 {
        let wholeDigits = rest.prefix(while: isDigit)
        rest = rest[wholeDigits.endIndex...]
        var fractionDigits = rest[..<rest.startIndex]
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fractionDigits = rest.prefix(while: isDigit)
            rest = rest[fractionDigits.endIndex...]
        }
        guard !wholeDigits.isEmpty || !fractionDigits.isEmpty else {
            throw invalid(text)
        }
        let name = rest.prefix { !isDigit($0) && $0 != UInt8(ascii: ".") }
        rest = rest[name.endIndex...]
        guard !name.isEmpty else {
            throw missingUnit(text)
        }
        guard let unit = nanoseconds(ofUnit: Substring(name)) else {
            throw unknownUnit(Substring(name), of: text)
        }
        guard let whole = integer(wholeDigits) else {
            throw tooLong(text)
        }
        let (value, isTooLong) = whole.multipliedReportingOverflow(by: unit)
        let (sum, overflow) = value.addingReportingOverflow(fraction(fractionDigits, unit: unit))
        guard !isTooLong, !overflow else {
            throw tooLong(text)
        }
        return sum
    }

    private static func integer(_ digits: Substring.UTF8View) -> Int64? {
        var value: Int64 = 0
        for digit in digits {
            let (tens, isTooLong) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = tens.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            guard !isTooLong, !overflow else {
                return nil
            }
            value = sum
        }
        return value
    }

    /// The digits after the point, in nanoseconds; digits beyond the precision of the number do not count.
    private static func fraction(_ digits: Substring.UTF8View, unit: Int64) -> Int64 {
        var value: Int64 = 0
        var scale = 1.0
        for digit in digits {
            guard value <= Int64.max / 10 else {
                break
            }
            let (sum, overflow) = (value * 10).addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            guard !overflow else {
                break
            }
            value = sum
            scale *= 10
        }
        return Int64(Double(value) * (Double(unit) / scale))
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func nanoseconds(ofUnit name: Substring) -> Int64? {
        switch name {
        case "ns": 1
        case "us", "\u{B5}s", "\u{3BC}s": 1_000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        case "d": 86_400_000_000_000
        case "w": 604_800_000_000_000
        default: nil
        }
    }

    // MARK: - Errors

    private static func invalid(_ text: String) -> ValueError {
        ValueError("\(ValueError.quoted(text)) is not a duration; write for example `30s`, `1m30s` or `1.5h`")
    }

    private static func tooLong(_ text: String) -> ValueError {
        ValueError("the duration \(ValueError.quoted(text)) is too long; the limit is 292 years")
    }

    private static func missingUnit(_ text: String) -> ValueError {
        ValueError(
            "the duration \(ValueError.quoted(text)) lacks a unit: `ns`, `us`, `ms`, `s`, `m`, `h`, `d` or `w`",
            suggestion: text.utf8.count <= 20 ? text + "s" : nil
        )
    }

    private static func unknownUnit(_ name: Substring, of text: String) -> ValueError {
        let spellings: [String: String] = [
            "sec": "s", "secs": "s", "second": "s", "seconds": "s",
            "min": "m", "mins": "m", "minute": "m", "minutes": "m",
            "hour": "h", "hours": "h", "day": "d", "days": "d", "week": "w", "weeks": "w",
        ]
        let words = name.utf8.count <= 10 ? name.lowercased().filter { $0 != " " } : ""
        return ValueError(
            "the duration \(ValueError.quoted(text)) has the unknown unit \(ValueError.quoted(name));"
                + " use `ns`, `us`, `ms`, `s`, `m`, `h`, `d` or `w`",
            suggestion: spellings[words] ?? (nanoseconds(ofUnit: words[...]) == nil ? nil : words)
        )
    }
}
