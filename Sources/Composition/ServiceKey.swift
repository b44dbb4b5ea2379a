// SPDX-License-Identifier: Apache-2.0

import Compose
import YAML

/// A key of a service, and where it acts.
package struct ServiceKey: Sendable {
    /// Where a key acts.
    package enum Place: Equatable, Sendable {
        /// In the request for a container.
        case request
        /// While the project is loaded, after which it is part of other keys.
        case loading
        /// In a command on the project, which this names.
        case command(String)
        /// Nowhere: it tells the reader something.
        case reader
        /// Nowhere, of which the user is told with the reason; `except` has the values that mean what happens anyway.
        case nowhere(String, except: [String] = [])
        /// There can be no container with it, for the reason.
        case refused(String)
    }

    /// The key with those around it: `deploy.mode`; `[]` is any item of a list, `*` any key of a mapping.
    package var path: String
    package var place: Place

    init(_ path: String, _ place: Place) {
        self.path = path
        self.place = place
    }

    /// What is to be said about a key of a service.
    enum Remark: Equatable {
        case warning(String)
        case refusal(String)
    }

    /// What is to be said about the keys of a service that do not act, in the order of the table.
    static func remarks(on service: Service) -> [Remark] {
        let tree = service.node(as: .yaml)
        return inert.compactMap { key, words in
            switch key.place {
            case .nowhere(let reason, let values):
                let isSet = isSet(words, in: tree) { node in !values.contains { node.string == $0 } }
                return isSet ? .warning("`\(key.path)` has no effect: \(reason)") : nil
            case .refused(let reason):
                return isSet(words, in: tree) { _ in true } ? .refusal("`\(key.path)` is not possible: \(reason)") : nil
            case .request, .loading, .command, .reader: return nil
            }
        }
    }

    /// The keys that do not act, with the words of their paths.
    private static let inert: [(key: Self, words: ArraySlice<String>)] = all.compactMap { key in
        switch key.place {
        case .nowhere, .refused: (key, key.path.split(separator: ".").map(String.init)[...])
        case .request, .loading, .command, .reader: nil
        }
    }

    /// Whether a value that counts is at a path.
    private static func isSet(_ path: ArraySlice<String>, in node: Node, _ counts: (Node) -> Bool) -> Bool {
        guard let word = path.first else { return !node.isNull && counts(node) }
        let rest = path.dropFirst()
        if word == "*" {
            return node.mapping?.entries.contains { isSet(rest, in: $0.value, counts) } ?? false
        }
        guard word.hasSuffix("[]") else {
            return node.mapping?[word].map { isSet(rest, in: $0, counts) } ?? false
        }
        return node.mapping?[String(word.dropLast(2))]?.sequence?.contains { isSet(rest, in: $0, counts) } ?? false
    }
}
