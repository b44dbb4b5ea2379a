// SPDX-License-Identifier: Apache-2.0

import YAML

/// What the compose specification accepts at one place of a file.
///
/// The alternatives that the specification offers at a place always differ in their kind (a string or a mapping, never
/// two mappings), so one schema holds at most one rule per kind of value, and no alternative is ever tried in vain.
final class Schema: Sendable {
    /// The kinds of value that are accepted.
    let kinds: Kinds
    /// What a string must look like.
    let text: TextRule
    /// What a number must lie in.
    let range: NumberRange
    /// What the items of a list must be, where ``kinds`` has lists.
    let list: List?
    /// What the entries of a mapping must be, where ``kinds`` has mappings.
    let object: Object?

    init(
        _ kinds: Kinds,
        text: TextRule = .any,
        range: NumberRange = NumberRange(),
        list: List? = nil,
        object: Object? = nil
    ) {
        self.kinds = kinds
        self.text = text
        self.range = range
        self.list = list
        self.object = object
    }
}

extension Schema {
    /// A set of kinds of value.
    struct Kinds: OptionSet, Sendable {
        var rawValue: UInt8

        static let null = Kinds(rawValue: 1)
        static let boolean = Kinds(rawValue: 2)
        /// A number without a fraction, however it is written: `1.0` is one.
        static let integer = Kinds(rawValue: 4)
        /// A number with a fraction, an infinity or not a number.
        static let fraction = Kinds(rawValue: 8)
        static let string = Kinds(rawValue: 16)
        static let list = Kinds(rawValue: 32)
        static let mapping = Kinds(rawValue: 64)

        static let number: Kinds = [.integer, .fraction]
    }

    /// A demand on the text of a string.
    enum TextRule: Sendable {
        case any
        /// One of a few words.
        case words([String])
        /// A text that has a letter or a digit with another character of a name behind it.
        case containerName
        /// A text that has one of the words of `pull_policy` in it.
        case pullPolicy
    }

    /// The bounds of a number.
    struct NumberRange: Sendable {
        var minimum: Int?
        var maximum: Int?
    }

    /// A demand on the items of a list.
    final class List: Sendable {
        let items: Schema
        let isUnique: Bool

        init(items: Schema, isUnique: Bool) {
            self.items = items
            self.isUnique = isUnique
        }
    }

    /// A demand on the entries of a mapping.
    final class Object: Sendable {
        /// The keys that the specification names.
        let keys: [String: Schema]
        private let index: WordIndex
        /// What each key of ``index`` stands for.
        private let values: [Schema]
        let required: [String]
        /// Whether keys that begin with `x-` may stand here, with any value.
        let allowsExtensions: Bool
        /// What keys of the user's own choice look like and stand for.
        let names: Names?
        /// Whether any other key is an error; otherwise it passes with any value.
        let isClosed: Bool

        /// Keys of the user's own choice.
        struct Names: Sendable {
            let rule: NameRule
            let values: Schema
        }

        init(
            keys: [String: Schema],
            required: [String],
            allowsExtensions: Bool,
            names: Names?,
            isClosed: Bool
        ) {
            self.keys = keys
            index = WordIndex(Array(keys.keys))
            values = Array(keys.values)
            self.required = required
            self.allowsExtensions = allowsExtensions
            self.names = names
            self.isClosed = isClosed
        }

        /// What a key that the specification names stands for.
        fileprivate func value(of key: String) -> Schema? {
            index.position(of: key).map { values[$0] }
        }
    }

    /// A demand on a key of the user's own choice.
    enum NameRule: Sendable {
        /// Letters, digits, `.`, `_` and `-`.
        case identifier
        /// Small letters.
        case lowercase
        /// One line that is not empty.
        case line
        /// A text with at least one character that is not a line feed.
        case text
    }
}

extension Schema.Object {
    /// What the specification says about one key.
    enum Verdict {
        case value(Schema)
        /// The key may stand here and its value may be anything.
        case anything
        case unknown
        /// The user chose a name that is not allowed.
        case badName
    }

    /// Finds what a key stands for.
    func verdict(on key: String) -> Verdict {
        if let schema = value(of: key) {
            return .value(schema)
        }
        if allowsExtensions, key.utf8.starts(with: "x-".utf8) {
            return .anything
        }
        if let names, names.rule.accepts(key) {
            return .value(names.values)
        }
        guard isClosed else {
            return .anything
        }
        return names == nil ? .unknown : .badName
    }
}
