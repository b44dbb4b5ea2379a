// SPDX-License-Identifier: Apache-2.0

/// The `filters` of a query: for each key the values, one of which has to fit (all of them for `label`).
package struct Filters: Equatable, Sendable {
    /// The values of each key, without repetition.
    package private(set) var values: [String: Set<String>]

    package init(_ values: [String: Set<String>] = [:]) {
        self.values = values
    }

    /// The values of a key in order; empty where the query does not name it.
    package subscript(key: String) -> [String] { values[key, default: []].sorted() }

    /// Checks that a route knows every key.
    ///
    /// - Parameter known: The keys of the route.
    /// - Throws: `badParameter` with the first unknown key.
    package func check(against known: Set<String>) throws(EngineError) {
        if let unknown = values.keys.sorted().first(where: { !known.contains($0) }) {
            throw EngineError(.badParameter, "Invalid filter '\(unknown)'")
        }
    }

    /// The truth of a key that takes one boolean, such as `dangling`.
    ///
    /// - Parameter key: The key.
    /// - Returns: Nil where the query does not name it.
    /// - Throws: `badParameter` where the value is no boolean or there are both.
    package func boolean(_ key: String) throws(EngineError) -> Bool? {
        let found = self[key]
        if found.isEmpty { return nil }
        let isTrue = found.contains { $0 == "1" || $0 == "true" || $0 == "True" }
        let isFalse = found.contains { $0 == "0" || $0 == "false" || $0 == "False" }
        let isKnown = found.allSatisfy { ["0", "1", "true", "false", "True", "False"].contains($0) }
        guard isKnown, isTrue != isFalse else {
            throw EngineError(.badParameter, "Invalid filter '\(key)=[\(found.joined(separator: " "))]'")
        }
        return isTrue
    }

    /// Whether labels have all that the key `label` asks for: `name`, or `name=value`.
    package func accept(labels: [String: String]) -> Bool {
        values["label", default: []].allSatisfy { term in
            guard let sign = term.firstIndex(of: "=") else { return labels[term] != nil }
            return labels[String(term[..<sign])] == String(term[term.index(after: sign)...])
        }
    }
}

extension Filters: Codable {
    /// Reads `{"label":{"a=b":true}}`, as Go clients send it, and `{"label":["a=b"]}`, as others do.
    package init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode([String: Values].self).mapValues(\.set)
    }

    package func encode(to encoder: any Encoder) throws {
        try values.mapValues { Dictionary(uniqueKeysWithValues: $0.map { ($0, true) }) }.encode(to: encoder)
    }

    private struct Values: Decodable {
        var set: Set<String>

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let list = try? container.decode([String].self) {
                set = Set(list)
            } else {
                set = Set(try container.decode([String: Bool].self).keys)
            }
        }
    }
}

/// Booleans in a query, as every client writes them.
package enum QueryBoolean {
    /// The truth of a value: false are absent, empty, `0`, `no`, `false` and `none` in any case; all others are true.
    ///
    /// - Parameters:
    ///   - value: The value, nil where the query does not name the key.
    ///   - absent: What an absent value means.
    /// - Returns: The truth.
    package static func read(_ value: String?, absent: Bool = false) -> Bool {
        guard let value else { return absent }
        let word = value.lowercased().filter { !$0.isWhitespace }
        return !["", "0", "no", "false", "none"].contains(word)
    }
}
