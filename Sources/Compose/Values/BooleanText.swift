// SPDX-License-Identifier: Apache-2.0

/// A truth value that was written as a string.
package struct BooleanText: Equatable, Sendable {
    package var value: Bool
    /// Whether the spelling is one that YAML 1.2 no longer takes for a truth value: `yes`, `no`, `on`, `off`, `y`, `n`.
    package var isDeprecated: Bool

    /// Makes a value.
    package init(value: Bool, isDeprecated: Bool) {
        self.value = value
        self.isDeprecated = isDeprecated
    }

    /// Reads `true` or `false`, or one of the deprecated spellings, in any case.
    ///
    /// - Parameter text: The text.
    /// - Returns: The value; nil where the text is none of these.
    package static func parse(_ text: String) -> BooleanText? {
        // Longer than any spelling, so not worth a copy.
        guard text.utf8.count <= 5 else {
            return nil
        }
        switch text.lowercased() {
        case "true":
            return BooleanText(value: true, isDeprecated: false)
        case "false":
            return BooleanText(value: false, isDeprecated: false)
        case "y", "yes", "on":
            return BooleanText(value: true, isDeprecated: true)
        case "n", "no", "off":
            return BooleanText(value: false, isDeprecated: true)
        default:
            return nil
        }
    }
}
