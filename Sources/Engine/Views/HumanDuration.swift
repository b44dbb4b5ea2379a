// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// Lengths of time in the words of Docker.
enum HumanDuration {
    /// A length in words: `3 minutes`, `About an hour`.
    ///
    /// The limits are those of Docker's `go-units`, since people and programs read the words.
    ///
    /// - Parameter nanoseconds: The length; one below zero counts as less than a second.
    /// - Returns: The words.
    static func words(nanoseconds: Int64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        let minutes = seconds / 60
        // Rounded to the nearest hour.
        let hours = (nanoseconds / 1_000_000_000 + 1800) / 3600
        switch (seconds, minutes, hours) {
        case (..<1, _, _): return "Less than a second"
        case (1, _, _): return "1 second"
        case (..<60, _, _): return "\(seconds) seconds"
        case (_, 1, _): return "About a minute"
        case (_, ..<60, _): return "\(minutes) minutes"
        case (_, _, 1): return "About an hour"
        case (_, _, ..<48): return "\(hours) hours"
        case (_, _, ..<336): return "\(hours / 24) days"
        case (_, _, ..<1440): return "\(hours / 24 / 7) weeks"
        case (_, _, ..<17_520): return "\(hours / 24 / 30) months"
        default: return "\(seconds / 3600 / 24 / 365) years"
        }
    }

    /// The length from one instant to another in words.
    static func words(from start: Timestamp, to end: Timestamp) -> String {
        let (difference, overflow) = end.unixNanoseconds.subtractingReportingOverflow(start.unixNanoseconds)
        return words(nanoseconds: overflow ? .max : difference)
    }
}
