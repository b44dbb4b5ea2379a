// SPDX-License-Identifier: Apache-2.0

/// An instant as the API writes it: RFC 3339 in UTC with up to nine digits of a second, as Go's `RFC3339Nano`.
package struct Timestamp: Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z, rounded down.
    package var seconds: Int64
    /// From 0 to 999,999,999.
    package var nanoseconds: Int32

    /// The instant with which the API says "never": `0001-01-01T00:00:00Z`.
    package static let never = Self(seconds: -62_135_596_800)

    /// The last instant with a year of four digits.
    private static let lastSecond: Int64 = 253_402_300_799

    /// An instant.
    ///
    /// - Parameters:
    ///   - seconds: Seconds since 1970, within the years 1 to 9999; others become the nearest of them.
    ///   - nanoseconds: What is added to the seconds, from 0 to 999,999,999.
    package init(seconds: Int64, nanoseconds: Int32 = 0) {
        precondition((0..<1_000_000_000).contains(nanoseconds), "a fraction of a second is less than a second")
        self.seconds = min(max(seconds, -62_135_596_800), Self.lastSecond)
        self.nanoseconds = nanoseconds
    }

    /// The instant that many nanoseconds after 1970.
    package init(unixNanoseconds: Int64) {
        let (quotient, remainder) = unixNanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let isBorrowing = remainder < 0
        self.init(
            seconds: isBorrowing ? quotient - 1 : quotient,
            nanoseconds: Int32(isBorrowing ? remainder + 1_000_000_000 : remainder)
        )
    }

    /// Nanoseconds since 1970; the nearest number that fits, where the instant is outside of 1678 to 2261.
    package var unixNanoseconds: Int64 {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(Int64(nanoseconds))
        return overflow || carry ? (seconds < 0 ? .min : .max) : sum
    }
}

extension Timestamp: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}

extension Timestamp: LosslessStringConvertible {
    /// Reads RFC 3339 with any offset, and up to nine digits of a second.
    ///
    /// - Parameter description: Such as `2026-11-23T16:08:09.298Z`; nil comes back for anything else.
    package init?(_ description: String) {
        var reader = DigitReader(description.utf8[...])
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let day = reader.number(2), reader.take("T") || reader.take("t") || reader.take(" "),
            let hour = reader.number(2), reader.take(":"), let minute = reader.number(2), reader.take(":"),
            let second = reader.number(2), let fraction = reader.fraction(), let offset = reader.offset(),
            reader.isAtEnd, year >= 1, (1...12).contains(month),
            (1...Self.dayCount(ofMonth: month, year)).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        let time = Int64(hour * 3600 + minute * 60 + second - offset * 60)
        self.init(seconds: Self.days(year, month, day) * 86_400 + time, nanoseconds: fraction)
    }

    package var description: String {
        let day = (seconds - (seconds % 86_400 + 86_400) % 86_400) / 86_400
        let time = Int(seconds - day * 86_400)
        let (year, month, dayOfMonth) = Self.date(ofDay: day)
        let date = "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(dayOfMonth, 2))"
        let clock = [time / 3600, time / 60 % 60, time % 60].map { Self.padded($0, 2) }.joined(separator: ":")
        if nanoseconds == 0 { return "\(date)T\(clock)Z" }
        var fraction = Self.padded(Int(nanoseconds), 9)[...]
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(date)T\(clock).\(fraction)Z"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func dayCount(ofMonth month: Int, _ year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// Days since 1970 in the Gregorian calendar, counted in years that begin in March.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return Int64(era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468)
    }

    /// The inverse of `days`.
    private static func date(ofDay day: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = Int(day) + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let isAfterDecember = month >= 10
        return (
            era * 400 + yearOfEra + (isAfterDecember ? 1 : 0), isAfterDecember ? month - 9 : month + 3,
            dayOfYear - (153 * month + 2) / 5 + 1
        )
    }
}

extension Timestamp {
    /// Reads the value of `since` and `until`: seconds, `seconds.nanoseconds`, or RFC 3339.
    ///
    /// - Parameter query: The value; nil comes back where it is none of them.
    package init?(query: String) {
        if let instant = Self(query) {
            self = instant
            return
        }
        let parts = query.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let seconds = parts.first.flatMap({ Int64($0) }) else { return nil }
        var fraction: Int32 = 0
        if parts.count == 2 {
            var reader = DigitReader(("." + parts[1]).utf8[...])
            guard let read = reader.fraction(), reader.isAtEnd else { return nil }
            fraction = read
        }
        self.init(seconds: seconds, nanoseconds: fraction)
    }
}

extension Timestamp: ZeroRepresentable {
    /// Never, which is Go's zero.
    package init() {
        self = .never
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let instant = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "`\(text.prefix(64))` is not an instant such as 2026-01-31T12:00:00.5Z"
            )
        }
        self = instant
    }

    package func encode(to encoder: any Encoder) throws {
        try description.encode(to: encoder)
    }
}

/// Takes digits of fixed number from the front of a text.
private struct DigitReader {
    private var rest: Substring.UTF8View

    init(_ text: String.UTF8View.SubSequence) {
        rest = text
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func digit() -> Int? {
        guard let byte = rest.first, (0x30...0x39).contains(byte) else { return nil }
        rest.removeFirst()
        return Int(byte - 0x30)
    }

    mutating func number(_ count: Int) -> Int? {
        var value = 0
        for _ in 0..<count {
            guard let next = digit() else { return nil }
            value = value * 10 + next
        }
        return value
    }

    /// Nanoseconds; 0 where there is no point, nil where no digit or too many follow it.
    mutating func fraction() -> Int32? {
        guard take(".") else { return 0 }
        var value = 0
        var count = 0
        while let next = digit() {
            value = value * 10 + next
            count += 1
            if count > 9 { return nil }
        }
        if count == 0 { return nil }
        for _ in count..<9 { value *= 10 }
        return Int32(value)
    }

    /// Minutes east of UTC.
    mutating func offset() -> Int? {
        if take("Z") || take("z") { return 0 }
        let isWest = take("-")
        guard isWest || take("+"), let hours = number(2), take(":"), let minutes = number(2), hours < 24, minutes < 60
        else { return nil }
        return (isWest ? -1 : 1) * (hours * 60 + minutes)
    }
}
