// SPDX-License-Identifier: Apache-2.0

/// A text that is not a value of the kind that its key wants.
package struct ValueError: Error, Equatable, Sendable {
    /// What is wrong and what would be right, in lower case and without a full stop.
    package var message: String
    /// What was probably meant.
    package var suggestion: String?

    /// Makes an error.
    package init(_ message: String, suggestion: String? = nil) {
        self.message = message
        self.suggestion = suggestion
    }

    /// The text for a message: cut where it is long, and without control characters.
    static func quoted(_ text: some StringProtocol) -> String {
        var result = "`"
        for scalar in text.unicodeScalars.prefix(60) {
            if scalar.properties.generalCategory == .control {
                result += scalar.escaped(asASCII: true)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result + (text.unicodeScalars.count > 60 ? "…`" : "`")
    }
}
