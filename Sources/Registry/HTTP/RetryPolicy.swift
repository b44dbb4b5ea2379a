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

    /// Does something until it succeeds or there is no use in trying again.
    ///
    /// - Parameters:
    ///   - progress: How far it is, from which the count of tries begins anew.
    ///   - notice: Told, in words, of what goes wrong and is tried again.
    ///   - body: Does it.
    /// - Returns: What it returned.
    /// - Throws: ``RegistryError``, `CancellationError`, or what else `body` threw.
    func persistently<Value>(
        progress: () -> Int64 = { 0 },
        notice: (String) -> Void,
        _ body: () async throws -> Value
    ) async throws -> Value {
        var (failures, hasAnswered, last) = (0, false, progress())
        while true {
            do {
                return try await body()
            } catch let failure as TransientFailure {
                try Task.checkCancellation()
                let now = progress()
                if now - last >= self.progress { failures = 0 }
                last = now
                hasAnswered = hasAnswered || failure.hasAnswered
                guard hasAnswered, let delay = delay(after: failures, pause: failure.pause) else {
                    throw Self.final(failure, failures)
                }
                failures += 1
                notice("\(failure.error); trying again in \(Self.text(of: delay))")
                try await sleep(delay)
            }
        }
    }

    private static func final(_ failure: TransientFailure, _ failures: Int) -> RegistryError {
        var error = failure.error
        if let pause = failure.pause, failures == 0 {
            error.message += "; it wants to be left alone for \(text(of: pause))"
        } else if failures > 0 {
            error.message += " (given up after \(failures + 1) tries)"
        }
        return error
    }

    private static func text(of duration: Duration) -> String {
        let milliseconds = duration / .milliseconds(1)
        return milliseconds < 1000 ? "\(Int(milliseconds)) ms" : "\(Int((milliseconds / 1000).rounded())) s"
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
        guard let date = HTTPDate.read(text) else { return nil }
        return .seconds(max(0, date - now))
    }
}

/// Dates in the fields of HTTP (RFC 9110 section 5.6.7).
enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Reads `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// - Returns: Seconds since 1970; nil for another form.
    static func read(_ text: String) -> Int64? {
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
