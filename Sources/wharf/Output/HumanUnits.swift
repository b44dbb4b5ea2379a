// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux

/// Sizes, durations and times as Docker shows them to people (its package go-units).
enum HumanUnits {
    private static let decimal = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"]
    private static let binary = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]

    /// A size in powers of 1000 with that many significant digits: `4.43MB`.
    static func size(_ bytes: some BinaryInteger, digits: Int = 3) -> String {
        scaled(Double(bytes), 1000, decimal, digits)
    }

    /// A size in powers of 1024 with four significant digits: `1.945GiB`.
    static func binarySize(_ bytes: Double) -> String { scaled(bytes, 1024, binary, 4) }

    private static func scaled(_ bytes: Double, _ base: Double, _ units: [String], _ digits: Int) -> String {
        var size = bytes
        var unit = 0
        while size >= base, unit < units.count - 1 {
            size /= base
            unit += 1
        }
        return formatted("%.\(digits)g", size) + units[unit]
    }

    /// A share with two digits behind the point: `12.50%`.
    static func percent(_ value: Double) -> String { formatted("%.2f", value) + "%" }

    private static func formatted(_ format: String, _ value: Double) -> String {
        withVaList([value]) { arguments in
            var buffer = [CChar](repeating: 0, count: 400)
            vsnprintf(&buffer, buffer.count, format, arguments)
            return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// About how long something took or is ago: `3 minutes`.
    static func duration(seconds: Double) -> String {
        let minutes = Int(seconds / 60)
        // Go adds half an hour before it cuts off, from an hour on.
        let hours = Int(seconds / 3600 + 0.5)
        switch Int(seconds) {
        case ..<1: return "Less than a second"
        case 1: return "1 second"
        case ..<60: return "\(Int(seconds)) seconds"
        default: break
        }
        if minutes == 1 { return "About a minute" }
        if minutes < 60 { return "\(minutes) minutes" }
        if hours == 1 { return "About an hour" }
        if hours < 48 { return "\(hours) hours" }
        if hours < 24 * 7 * 2 { return "\(hours / 24) days" }
        if hours < 24 * 30 * 2 { return "\(hours / 24 / 7) weeks" }
        if hours < 24 * 365 * 2 { return "\(hours / 24 / 30) months" }
        return "\(Int(seconds / 3600) / 24 / 365) years"
    }

    /// How long ago an instant was.
    ///
    /// - Parameters:
    ///   - instant: Seconds since 1970.
    ///   - now: The same.
    /// - Returns: Such as `3 minutes ago`.
    static func ago(_ instant: Int64, now: Int64) -> String { duration(seconds: Double(now - instant)) + " ago" }

    /// How long ago an instant was, where its fraction of a second is known.
    static func ago(_ instant: Timestamp, now: Timestamp = present) -> String {
        let fraction = Double(now.nanoseconds) - Double(instant.nanoseconds)
        return duration(seconds: Double(now.seconds - instant.seconds) + fraction / 1e9) + " ago"
    }

    private static var present: Timestamp {
        let now = FileTime.now
        return Timestamp(seconds: now.seconds, nanoseconds: now.nanoseconds)
    }

    /// The current time in seconds since 1970.
    static var now: Int64 { Int64(time(nil)) }

    /// An instant in local time as Go prints it: `2026-11-28 17:50:46 +0000 UTC`.
    static func localTime(_ instant: Int64) -> String {
        let (date, clock, offset, zone) = parts(of: instant)
        return "\(date) \(clock) \(sign(offset))\(padded(abs(offset) / 60))\(padded(abs(offset) % 60)) \(zone)"
    }

    /// An instant in local time in the form of RFC 3339, with nanoseconds where they are given.
    static func localTimestamp(_ instant: Int64, nanoseconds: Int32? = nil) -> String {
        let (date, clock, offset, _) = parts(of: instant)
        let zone =
            offset == 0
            ? "Z" : "\(sign(offset))\(padded(abs(offset) / 60)):\(padded(abs(offset) % 60))"
        let fraction = nanoseconds.map { "." + padded(Int($0), 9) } ?? ""
        return "\(date)T\(clock)\(fraction)\(zone)"
    }

    /// The date, the time of day, the minutes east of UTC and the name of the zone.
    private static func parts(of instant: Int64) -> (date: String, clock: String, offset: Int, zone: String) {
        var broken = tm()
        var seconds = time_t(instant)
        tzset()
        localtime_r(&seconds, &broken)
        let date =
            "\(padded(Int(broken.tm_year) + 1900, 4))-\(padded(Int(broken.tm_mon) + 1))-\(padded(Int(broken.tm_mday)))"
        let clock = "\(padded(Int(broken.tm_hour))):\(padded(Int(broken.tm_min))):\(padded(Int(broken.tm_sec)))"
        let zone = broken.tm_zone.map { String(cString: $0) } ?? ""
        return (date, clock, broken.tm_gmtoff / 60, zone)
    }

    private static func sign(_ offset: Int) -> String { offset < 0 ? "-" : "+" }

    private static func padded(_ number: Int, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
