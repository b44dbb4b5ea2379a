// SPDX-License-Identifier: Apache-2.0

/// A text that is not YAML, or that goes past one of the parser's limits.
package struct SyntaxError: Error, Equatable, Sendable {
    /// What is wrong, in lower case and without a full stop.
    package var message: String
    /// Where; line and column count from 1.
    package var origin: Origin
    /// Other places that matter to the problem, such as the first of two equal keys.
    package var notes: [Note]

    /// A remark about another place.
    package struct Note: Equatable, Sendable {
        package var message: String
        package var origin: Origin

        package init(message: String, origin: Origin) {
            self.message = message
            self.origin = origin
        }
    }

    package init(message: String, origin: Origin, notes: [Note] = []) {
        self.message = message
        self.origin = origin
        self.notes = notes
    }
}
