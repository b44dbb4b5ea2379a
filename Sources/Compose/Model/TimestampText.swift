// SPDX-License-Identifier: Apache-2.0

/// Dates and times, which only the user's own keys can hold.
enum TimestampText {
    /// Writes a date or a date and time as RFC 3339 has it: `2020-1-2` becomes `2020-01-02T00:00:00Z`.
    ///
    /// - Parameter text: A scalar that the YAML parser took for a timestamp.
    /// - Returns: The full form; a text that is not a timestamp as it is.
    static func canonical(_ text: String) -> String {
        let isSeparator = { (byte: UInt8) in
            byte == UInt8(ascii: "T") || byte == UInt8(ascii: "t") || byte == UInt8(ascii: " ")
        }
        let parts = text.utf8.split(maxSplits: 1, omittingEmptySubsequences: true, whereSeparator: isSeparator)
        guard let date = parts.first.flatMap({ padded(Substring($0), separator: "-") }) else {
            return text
        }
        guard parts.count == 2 else {
            return date + "T00:00:00Z"
        }
        let rest = Substring(parts[1]).drop { $0 == " " }
        let clock = rest.prefix { $0.isASCII && $0.isNumber || $0 == ":" }
        guard let time = padded(clock, separator: ":") else {
            return text
        }
        let fraction = rest[clock.endIndex...].prefix { $0 == "." || $0.isASCII && $0.isNumber }
        let zone = rest[fraction.endIndex...]
        return date + "T" + time + trimmed(fraction) + (isUniversal(zone) ? "Z" : String(zone))
    }

    /// Three numbers with at least two digits each.
    private static func padded(_ text: Substring, separator: Character) -> String? {
        let numbers = text.split(separator: separator, omittingEmptySubsequences: false)
        guard numbers.count == 3 else {
            return nil
        }
        return numbers.map { $0.utf8.count == 1 ? "0" + $0 : String($0) }.joined(separator: String(separator))
    }

    /// Nanoseconds at most, without zeros at the end.
    private static func trimmed(_ fraction: Substring) -> String {
        var digits = fraction.dropFirst().prefix(9)
        while digits.last == "0" {
            digits.removeLast()
        }
        return digits.isEmpty ? "" : "." + digits
    }

    private static func isUniversal(_ zone: Substring) -> Bool {
        zone.isEmpty || zone == "Z" || zone.dropFirst() == "00:00"
    }
}
