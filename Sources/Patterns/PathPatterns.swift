// SPDX-License-Identifier: Apache-2.0

/// Patterns as a `.dockerignore` has them: the last one that fits a path decides.
package struct PathPatterns: Hashable, Sendable {
    private var patterns: [PathPattern] = []

    /// Reads patterns.
    ///
    /// - Parameter texts: The patterns, `!` before those that take back what others have matched.
    /// - Throws: ``PatternProblem`` for the first one that is none.
    package init(_ texts: [String]) throws(PatternProblem) {
        for text in texts {
            if let pattern = try PathPattern(text) { patterns.append(pattern) }
        }
    }

    /// Reads a file of patterns.
    ///
    /// Lines that begin with `#` are comments, and the folder itself (`.`, `/`) means nothing there, as with Docker.
    ///
    /// - Parameter text: What the file says.
    /// - Throws: ``PatternProblem`` for the first line that is none.
    package init(file text: String) throws(PatternProblem) {
        let start = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
        for line in start.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            if let pattern = try PathPattern(String(line), folderMeansAll: false) { patterns.append(pattern) }
        }
    }

    package var isEmpty: Bool { patterns.isEmpty }

    /// Whether some of them take back what others have matched.
    package var hasExceptions: Bool { patterns.contains(where: \.isException) }

    /// Whether a path or a folder above it fits, and nothing takes that back.
    ///
    /// A pattern that fits a folder fits what is below, however deep; so does one that takes something back.
    ///
    /// - Parameter path: A path from the folder that the patterns are about.
    /// - Returns: Whether it fits.
    package func matches(_ path: [Unicode.Scalar]) -> Bool {
        var isMatched = false
        for pattern in patterns where pattern.isException == isMatched {
            if pattern.matches(path) { isMatched.toggle() }
        }
        return isMatched
    }

    /// Whether a path or a folder above it fits, and nothing takes that back.
    package func matches(_ path: String) -> Bool { matches(Array(path.unicodeScalars)) }

    /// Whether one of them fits a path itself, where none takes anything back and none fits a folder above.
    package func fits(_ path: [Unicode.Scalar]) -> Bool {
        patterns.contains { $0.matches(path, countsFolders: false) }
    }

    /// Whether all that can be in a folder that fits does as well.
    ///
    /// - Parameter folder: Its path from the folder that the patterns are about.
    /// - Returns: Whether nobody needs to look into it.
    package func matchesAll(below folder: [Unicode.Scalar]) -> Bool {
        !patterns.contains { $0.isException && $0.mayMatch(below: folder) }
    }
}
