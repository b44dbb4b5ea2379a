// SPDX-License-Identifier: Apache-2.0

import Compose

/// Something in a Dockerfile, or in what is asked of it, that no image can be made of.
package struct BuildProblem: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong, and with what.
    package var message: String
    /// Where it stands; nil where it concerns no line of the file.
    package var place: SourcePlace?
    /// What to do: "did you mean `RUN`?".
    package var help: String?

    package init(_ message: String, at place: SourcePlace? = nil, help: String? = nil) {
        self.message = message
        self.place = place
        self.help = help
    }

    /// A problem with a word that is none of those that it could be.
    ///
    /// - Parameters:
    ///   - message: What is wrong.
    ///   - place: Where it stands.
    ///   - word: The word.
    ///   - candidates: The words that would be right.
    init(_ message: String, at place: SourcePlace?, word: String, among candidates: [String]) {
        let near = Suggestions.nearest(to: word, in: candidates)
        self.init(message, at: place, help: near.map { "did you mean `\($0)`?" })
    }

    /// The same problem, at a place where it has none of its own.
    func located(at place: SourcePlace) -> Self {
        var copy = self
        copy.place = copy.place ?? place
        return copy
    }

    /// The sentence, and what to do.
    package var description: String { message + (help.map { "; " + $0 } ?? "") }
}

extension String {
    /// The text for a message: one line, and cut where it is long.
    var shown: String {
        let scalars = unicodeScalars.prefix(128).map { scalar -> Unicode.Scalar in
            scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar
        }
        return String(scalars) + (unicodeScalars.count > 128 ? "…" : "")
    }
}
