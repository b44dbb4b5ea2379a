// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// What a clean-up is limited to: the filters `until`, `label` and `label!`.
struct PruneQuery: Equatable, Sendable {
    /// Only what was made before; nil for everything.
    private(set) var until: Timestamp?
    private let filters: Filters
    private let excluded: Filters

    /// Reads the filters.
    ///
    /// - Parameters:
    ///   - filters: The filters of the request.
    ///   - now: The time, from which a length of time counts back.
    /// - Throws: `badParameter` for a filter that is not known or makes no sense.
    init(_ filters: Filters, now: Timestamp) throws(EngineError) {
        try filters.check(against: ["until", "label", "label!"])
        self.filters = filters
        excluded = Filters(["label": Set(filters["label!"])])
        let times = filters["until"]
        guard times.count <= 1 else { throw EngineError(.badParameter, "more than one until filter specified") }
        guard let text = times.first else { return }
        guard let time = Self.time(text, now: now) else {
            throw EngineError(
                .badParameter,
                "invalid value for until filter: \"\(text.prefix(64))\": give a time, or how long ago, such as 24h"
            )
        }
        until = time
    }

    /// Whether something may be removed.
    ///
    /// - Parameters:
    ///   - created: When it was made.
    ///   - labels: Its labels.
    /// - Returns: Whether all filters let it.
    func accepts(created: Timestamp, labels: [String: String]) -> Bool {
        if let until, created > until { return false }
        if !filters["label!"].isEmpty, excluded.accept(labels: labels) { return false }
        return filters.accept(labels: labels)
    }

    /// An instant, a day, seconds since 1970, or a length of time before now.
    private static func time(_ text: String, now: Timestamp) -> Timestamp? {
        if let time = Timestamp(query: text) { return time }
        if let length = GoDuration(text) {
            let (result, overflow) = now.unixNanoseconds.subtractingReportingOverflow(length.nanoseconds)
            return overflow ? nil : Timestamp(unixNanoseconds: result)
        }
        let parts = text.split(separator: "T", maxSplits: 1).map(String.init)
        switch (parts.count, parts.last?.count ?? 0) {
        case (1, _): return Timestamp("\(text)T00:00:00Z")
        case (2, 5): return Timestamp("\(text):00Z")
        case (2, 8...): return Timestamp("\(text)Z")
        default: return nil
        }
    }
}
