// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import Linux
import OCI

/// Which images a list shows or a clean-up removes, by the filters of the query.
struct ImageFilter: Sendable {
    /// The keys of `GET /images/json`.
    static let listKeys: Set<String> = ["before", "dangling", "label", "reference", "since", "until"]
    /// The keys of `POST /images/prune`.
    static let pruneKeys: Set<String> = ["dangling", "label", "label!", "until"]

    private let filters: Filters
    private let dangling: Bool?
    /// Only images that were made before.
    private(set) var until: Timestamp?
    private var since: Timestamp?
    private let patterns: [ReferencePattern]

    /// Reads filters.
    ///
    /// - Parameters:
    ///   - filters: The filters.
    ///   - keys: Those that the route knows.
    ///   - created: When the image of a name was made, for `before` and `since`.
    /// - Throws: `badParameter` for an unknown key or a malformed value, and what `created` throws.
    init(_ filters: Filters, keys: Set<String>, created: (String) throws -> Timestamp) throws {
        try filters.check(against: keys)
        self.filters = filters
        dangling = try filters.boolean("dangling")
        patterns = try filters["reference"].map { try ReferencePattern($0) }
        until = try filters["until"].map { try Self.instant($0) }.min()
        for name in filters["before"] {
            let time = try created(name)
            until = until.map { min($0, time) } ?? time
        }
        for name in filters["since"] {
            let time = try created(name)
            since = since.map { max($0, time) } ?? time
        }
    }

    /// Whether only images without a name are meant; nil where nothing is said.
    var isDangling: Bool? { dangling }

    /// The image with the names that are meant; nil where it is not.
    func accept(_ image: StoredImage) -> StoredImage? {
        if let dangling, dangling != image.references.isEmpty { return nil }
        let created = image.created ?? Timestamp(seconds: 0)
        if let until, created >= until { return nil }
        if let since, created <= since { return nil }
        guard filters.accept(labels: image.labels), !isExcluded(image.labels) else { return nil }
        if patterns.isEmpty { return image }
        var image = image
        image.references = image.references.filter { reference in patterns.contains { $0.matches(reference) } }
        return image.references.isEmpty ? nil : image
    }

    /// Whether labels have any of those that `label!` names.
    private func isExcluded(_ labels: [String: String]) -> Bool {
        filters["label!"].contains { Filters(["label": [$0]]).accept(labels: labels) }
    }

    /// An instant, or the time before now that a duration of Go such as `24h` or `1h30m` says.
    private static func instant(_ text: String) throws(EngineError) -> Timestamp {
        if let instant = Timestamp(query: text) { return instant }
        guard let age = GoDuration(String(text))?.nanoseconds else {
            throw EngineError(
                .badParameter,
                "filter until: `\(text.prefix(64))` is neither a time such as 2026-01-31T12:00:00Z nor an age such as 24h"
            )
        }
        return Timestamp(
            unixNanoseconds: Timestamp(.now).unixNanoseconds.subtractingReportingOverflow(age).partialValue
        )
    }
}

extension Timestamp {
    init(_ time: FileTime) { self.init(seconds: time.seconds, nanoseconds: time.nanoseconds) }
}

/// A pattern for names of images: `*` and `?` stop at a slash, `[a-z]` is a set (fnmatch(3)).
struct ReferencePattern: Sendable {
    private let text: String

    /// - Parameter text: The pattern.
    /// - Throws: `badParameter` for one that is too long to be any image's.
    init(_ text: String) throws(EngineError) {
        if text.isEmpty || text.utf8.count > 1024 || text.utf8.contains(0) {
            throw EngineError(.badParameter, "invalid filter 'reference=[\(text.prefix(64))]'")
        }
        self.text = text
    }

    /// Whether a name fits, with its tag or without, as Docker shows it.
    func matches(_ reference: ImageReference) -> Bool {
        fnmatch(text, reference.familiar, FNM_PATHNAME) == 0 || fnmatch(text, reference.familiarName, FNM_PATHNAME) == 0
    }
}
