// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How often and when something is tried again.
package struct RetryPolicy: Sendable {
    /// How many tries there are without any progress.
    package var tries = 6
    package var firstDelay = Duration.milliseconds(500)
    package var longestDelay = Duration.seconds(5)
    /// How long is waited at most where the registry names a time.
    package var longestPause = Duration.seconds(60)
    /// How many bytes of a blob make the count of tries begin anew.
    package var progress: Int64 = 256 << 10
    /// Waits.
    package var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    package init() {}

    /// The wait before a try.
    ///
    /// - Parameters:
    ///   - number: Which failure this is, from zero on.
    ///   - pause: How long the registry wants to be left alone.
    /// - Returns: Nil where it is not tried again.
    func delay(after number: Int, pause: Duration?) -> Duration? {
        guard number + 1 < tries else { return nil }
        if let pause { return pause <= longestPause ? pause : nil }
        var delay = firstDelay
        for _ in 0..<min(number, 16) { delay = min(delay * 2, longestDelay) }
        // Many clients that were cut off together do not come back together.
        return min(delay, longestDelay) * Double.random(in: 0.5...1)
    }
}

/// What `Retry-After` says (RFC 9110 section 10.2.3).
enum RetryAfter {
    /// Reads the value.
    ///
    /// - Parameters:
    ///   - text: Seconds, or a date.
    ///   - now: Seconds since 1970.
    /// - Returns: How long to wait; nil where it is neither.
    static func read(_ text: String, now: Int64 = Int64(time(nil))) -> Duration? {
        let text = text.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
        if let seconds = Int64(text) { return seconds >= 0 ? .seconds(min(seconds, 1 << 31)) : nil }
        guard let date = date(text) else { return nil }
        return .seconds(max(0, date - now))
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func date(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int32(words[1]), (1...31).contains(day),
            let month = months.firstIndex(of: String(words[2])), let year = Int32(words[3]),
            (1970...9999).contains(year)
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int32($0) }
        guard clock.count == 3, clock.allSatisfy({ (0...60).contains($0) }) else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, Int32(month), day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (clock[0], clock[1], clock[2])
        return Int64(timegm(&parts))
    }
}
