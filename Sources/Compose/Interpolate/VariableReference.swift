// SPDX-License-Identifier: Apache-2.0

/// A variable that a text refers to, and what it says about it.
package struct VariableReference: Equatable, Sendable {
    package var name: String
    /// Whether there must be a value: `${NAME?…}` or `${NAME:?…}`.
    package var isRequired: Bool
    /// What stands for it where it has no value: the word of `${NAME-…}` or `${NAME:-…}`, as written.
    package var defaultValue: String
    /// What stands for it where it has a value: the word of `${NAME+…}` or `${NAME:+…}`, as written.
    package var alternateValue: String

    /// Makes a reference.
    package init(name: String, isRequired: Bool = false, defaultValue: String = "", alternateValue: String = "") {
        self.name = name
        self.isRequired = isRequired
        self.defaultValue = defaultValue
        self.alternateValue = alternateValue
    }
}

extension VariableReference {
    /// One entry for each name, sorted by name.
    ///
    /// A variable is required where any reference requires it; of several default or alternate values the first counts.
    ///
    /// - Parameter references: The references of all texts, in order.
    /// - Returns: The sum for each variable.
    package static func combined(_ references: some Sequence<VariableReference>) -> [VariableReference] {
        var indices: [String: Int] = [:]
        var result: [VariableReference] = []
        for reference in references {
            guard let index = indices[reference.name] else {
                indices[reference.name] = result.count
                result.append(reference)
                continue
            }
            result[index].isRequired = result[index].isRequired || reference.isRequired
            if result[index].defaultValue.isEmpty {
                result[index].defaultValue = reference.defaultValue
            }
            if result[index].alternateValue.isEmpty {
                result[index].alternateValue = reference.alternateValue
            }
        }
        return result.sorted { $0.name < $1.name }
    }
}

extension Template {
    /// The variables that a text refers to, in order, also those inside default and alternate values.
    ///
    /// Malformed references are left out, and so are those inside the message of a required variable and those that
    /// follow on the same line as one without its closing brace.
    ///
    /// - Parameter text: The text.
    /// - Returns: One entry for each reference.
    package static func references(in text: String) -> [VariableReference] {
        guard text.utf8.contains(UInt8(ascii: "$")) else {
            return []
        }
        var result: [VariableReference] = []
        let bytes = text.utf8Span.span
        collect(bytes, 0..<bytes.count, depth: 0, into: &result)
        return result
    }

    private static func collect(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        depth: Int,
        into result: inout [VariableReference]
    ) {
        guard depth <= maximumDepth else {
            return
        }
        var position = range.lowerBound
        while let token = TemplateParser.next(in: bytes, position..<range.upperBound) {
            position = token.end
            if case .invalid(_, .unclosed) = token {
                // Each of the references that follow on the line would look for the missing brace again.
                position = bytes.firstIndex(of: UInt8(ascii: "\n"), in: position..<range.upperBound)
            }
            guard case .reference(let found) = token else {
                continue
            }
            var reference = VariableReference(name: bytes.string(found.name))
            switch found.condition?.action {
            case nil:
                result.append(reference)
            case .require:
                reference.isRequired = true
                result.append(reference)
            case .fallback:
                reference.defaultValue = bytes.string(found.word)
                result.append(reference)
                collect(bytes, found.word, depth: depth + 1, into: &result)
            case .alternative:
                reference.alternateValue = bytes.string(found.word)
                result.append(reference)
                collect(bytes, found.word, depth: depth + 1, into: &result)
            }
        }
    }
}
