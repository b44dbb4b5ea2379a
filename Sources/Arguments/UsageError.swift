// SPDX-License-Identifier: Apache-2.0

/// A command line that cannot be understood.
package struct UsageError: Error {
    /// What is wrong.
    package var message: String
    /// The nearest thing that would have been right.
    package var suggestion: String?
    /// The usage of the command that was read last, and how to see its help.
    var context: String?
    /// The command that was read last, with those above it: `wharf container run`.
    package internal(set) var command = ""

    /// Says what is wrong; the parser adds how to go on.
    package init(_ message: String) {
        self.message = message
    }

    init(_ message: String, suggestion: String?) {
        self.message = message
        self.suggestion = suggestion
    }

    /// The message and how to go on, without a line break at the end.
    package var text: String {
        if let suggestion {
            return "\(message); did you mean `\(suggestion)`?"
        }
        return context.map { "\(message)\n\($0)" } ?? message
    }
}
