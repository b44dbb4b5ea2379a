// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Text with references to variables: `$NAME`, `${NAME}`, `${NAME:-default}` and so on.
///
/// ```
/// $$               a dollar sign
/// $NAME            the value of the variable
/// ${NAME}          the same
/// ${NAME-WORD}     WORD where the variable is not set; `:-` also where it is empty
/// ${NAME+WORD}     WORD where the variable is set, else nothing; `:+` nothing also where it is empty
/// ${NAME?WORD}     an error with the text WORD where the variable is not set; `:?` also where it is empty
/// ```
///
/// A dollar sign before anything else stands for itself. A WORD may hold references, and they are all followed, even
/// those of a WORD that is not used in the end.
package enum Template {
    /// The greatest length of a result, in bytes.
    ///
    /// Keeps a short text from growing without bound through long variables.
    package static let maximumLength = 1 << 24

    /// The greatest number of references inside one another.
    package static let maximumDepth = 100

    /// What came out of a text.
    package struct Substitution: Equatable, Sendable {
        /// The text with every reference replaced.
        package var text: String
        /// The names that were looked up, in order, each one once.
        package var variables: [String]
        /// The names that were not set and so became blank, in order, one for each place.
        package var unset: [String]

        /// Makes the outcome of a substitution.
        package init(text: String, variables: [String] = [], unset: [String] = []) {
            self.text = text
            self.variables = variables
            self.unset = unset
        }
    }

    /// Whether a text has a dollar sign.
    static func mayHaveReferences(_ text: String) -> Bool {
        let found = text.utf8.withContiguousStorageIfAvailable { bytes in
            bytes.baseAddress.map { memchr($0, Int32(UInt8(ascii: "$")), bytes.count) != nil } ?? false
        }
        return found ?? text.utf8.contains(UInt8(ascii: "$"))
    }

    /// Replaces the references of a text by the values of the variables.
    ///
    /// - Parameters:
    ///   - text: The text with the references.
    ///   - lookup: The value of a variable; nil where it is not set.
    /// - Returns: The new text, and the variables that went into it.
    /// - Throws: ``TemplateError`` for a malformed reference and for a required variable that has no value.
    package static func substitute(
        _ text: String,
        lookup: (_ name: String) -> String?
    ) throws(TemplateError) -> Substitution {
        guard mayHaveReferences(text) else {
            return Substitution(text: text)
        }
        var expansion = TemplateExpansion(capacity: text.utf8.count)
        let bytes = text.utf8Span.span
        try expansion.expand(bytes, 0..<bytes.count, depth: 0, lookup: lookup)
        return expansion.substitution
    }
}

/// Why a text with references cannot be replaced.
package enum TemplateError: Error, Equatable, Sendable {
    /// `${…}` is malformed.
    ///
    /// `reference` is its text, cut where it is long; `offset` is where it begins, in UTF-8 bytes of the whole text.
    case invalidReference(reference: String, offset: Int, reason: Reason)
    /// A variable that must have a value has none; the message is the one of the reference and may be empty.
    case missingVariable(name: String, message: String)
    /// References stand inside one another more than ``Template/maximumDepth`` times.
    case tooDeep
    /// The result would be longer than ``Template/maximumLength``.
    case tooLong

    /// What is wrong with a reference.
    package enum Reason: Equatable, Sendable {
        /// No `}` on the same line.
        case unclosed
        /// No name after `${`.
        case invalidName
        /// Neither `}` nor an operator after the name.
        case invalidOperator
    }

    /// What is wrong and what would be right, in lower case and without a full stop.
    package var message: String {
        switch self {
        case .invalidReference(let reference, _, .unclosed):
            "the variable reference `\(reference)` has no closing `}` on its line; write `$$` for a plain dollar sign"
        case .invalidReference(let reference, _, .invalidName):
            "`\(reference)` is not a variable reference: a name begins with a letter or `_`;"
                + " write `$$` for a plain dollar sign"
        case .invalidReference(let reference, _, .invalidOperator):
            "`\(reference)` is not a variable reference: after the name only `:-`, `-`, `:+`, `+`, `:?`, `?` or `}`"
                + " can stand; write `$$` for a plain dollar sign"
        case .missingVariable(let name, ""):
            "the required variable `\(name)` has no value"
        case .missingVariable(let name, let message):
            "the required variable `\(name)` has no value: \(message)"
        case .tooDeep:
            "more than \(Template.maximumDepth) variable references inside one another"
        case .tooLong:
            "the value is longer than \(Template.maximumLength >> 20) MiB after its variables are replaced"
        }
    }
}

/// The state of one substitution.
private struct TemplateExpansion {
    private var output: [UInt8] = []
    private var variables = NameList()
    private var unset: [String] = []

    /// Makes an expansion of nothing so far, with room for a text of some bytes.
    init(capacity: Int) {
        output.reserveCapacity(capacity)
    }

    var substitution: Template.Substitution {
        Template.Substitution(text: String(decoding: output, as: UTF8.self), variables: variables.names, unset: unset)
    }

    /// Appends the expanded form of a part of the text.
    mutating func expand(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        depth: Int,
        lookup: (String) -> String?
    ) throws(TemplateError) {
        guard depth <= Template.maximumDepth else {
            throw .tooDeep
        }
        var position = range.lowerBound
        while let token = TemplateParser.next(in: bytes, position..<range.upperBound) {
            try append(bytes, position..<token.start)
            position = token.end
            switch token {
            case .escape(let start):
                try append(bytes, start..<(start + 1))
            case .reference(let reference):
                try expand(reference, in: bytes, depth: depth, lookup: lookup)
            case .invalid(let start, let reason):
                let text = TemplateParser.excerpt(of: bytes, start..<range.upperBound)
                throw .invalidReference(reference: text, offset: start, reason: reason)
            }
        }
        try append(bytes, position..<range.upperBound)
    }

    private mutating func expand(
        _ reference: TemplateParser.Reference,
        in bytes: Span<UInt8>,
        depth: Int,
        lookup: (String) -> String?
    ) throws(TemplateError) {
        let name = bytes.string(reference.name)
        variables.insert(name)
        guard let condition = reference.condition else {
            if let value = lookup(name) {
                try append(value)
            } else {
                unset.append(name)
            }
            return
        }
        // The word is expanded first and whether it is needed or not, so that a required variable inside it is missed
        // in every environment and not only in the one that needs it.
        let mark = output.count
        try expand(bytes, reference.word, depth: depth + 1, lookup: lookup)
        let value = lookup(name)
        let isPresent = condition.emptyCounts ? value?.isEmpty == false : value != nil
        switch condition.action {
        case .fallback where !isPresent, .alternative where isPresent:
            return
        case .require where !isPresent:
            let message = String(decoding: output[mark...], as: UTF8.self)
            throw .missingVariable(name: name, message: message)
        case .alternative:
            output.removeLast(output.count - mark)
        case .fallback, .require:
            output.removeLast(output.count - mark)
            try append(value ?? "")
        }
    }

    private mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(TemplateError) {
        guard !range.isEmpty else {
            return
        }
        guard range.count <= Template.maximumLength - output.count else {
            throw .tooLong
        }
        bytes.extracting(range).withUnsafeBufferPointer { output.append(contentsOf: $0) }
    }

    private mutating func append(_ value: String) throws(TemplateError) {
        guard value.utf8.count <= Template.maximumLength - output.count else {
            throw .tooLong
        }
        output.append(contentsOf: value.utf8)
    }
}

/// Names in order, each one once.
private struct NameList {
    private(set) var names: [String] = []
    private var seen: Set<String> = []

    mutating func insert(_ name: String) {
        // Few names are usual, and then a search is cheaper than a set.
        if names.count < 8 {
            if !names.contains(name) {
                names.append(name)
            }
            return
        }
        if seen.isEmpty {
            seen.formUnion(names)
        }
        if seen.insert(name).inserted {
            names.append(name)
        }
    }
}
