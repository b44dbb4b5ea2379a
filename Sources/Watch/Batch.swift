// SPDX-License-Identifier: Apache-2.0

/// When changes are acted upon: after a short time without another one, and not too late where they do not stop.
package struct Batch: Sendable {
    private let quiet: Duration
    private let longest: Duration
    private var first: ContinuousClock.Instant?
    private var last: ContinuousClock.Instant?

    /// - Parameters:
    ///   - quiet: How long nothing has to change.
    ///   - longest: How long the first change waits at most.
    package init(quiet: Duration = .milliseconds(100), longest: Duration = .milliseconds(500)) {
        self.quiet = quiet
        self.longest = longest
    }

    /// When to act; nil where nothing has changed.
    package var deadline: ContinuousClock.Instant? {
        guard let first, let last else { return nil }
        return min(last + quiet, first + longest)
    }

    /// Takes note of a change.
    package mutating func note(at now: ContinuousClock.Instant) {
        if first == nil { first = now }
        last = now
    }

    /// Whether it is time to act; the next batch begins then.
    ///
    /// - Parameter now: The time.
    /// - Returns: Whether it is.
    package mutating func take(at now: ContinuousClock.Instant) -> Bool {
        guard let deadline, deadline <= now else { return false }
        (first, last) = (nil, nil)
        return true
    }
}
