// SPDX-License-Identifier: Apache-2.0

package import Linux

/// Patterns as a `.dockerignore` has them: the last one that fits a path decides.
package struct PathPatterns: Sendable {
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
    /// Lines that begin with `#` are comments, and a `.` means nothing there, as with Docker.
    ///
    /// - Parameter text: What the file says.
    /// - Throws: ``PatternProblem`` for the first line that is none.
    package init(file text: String) throws(PatternProblem) {
        let start = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
        let lines = start.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }
        try self.init(lines.map(String.init).filter { $0.split(whereSeparator: \.isWhitespace) != ["."] })
    }

    package var isEmpty: Bool { patterns.isEmpty }

    /// Whether some of them take back what others have matched.
    var hasExceptions: Bool { patterns.contains(where: \.isException) }

    /// Whether a path or a folder above it fits, and nothing takes that back.
    ///
    /// - Parameter path: A path from the folder that the patterns are about.
    /// - Returns: Whether it fits.
    package func matches(_ path: FilePath) -> Bool { matches(Self.scalars(of: path)) }

    /// Whether one of them fits a path itself, where none takes anything back and none fits a folder above.
    func fits(_ path: FilePath) -> Bool {
        let scalars = Self.scalars(of: path)
        return patterns.contains { $0.matches(scalars, countsFolders: false) }
    }

    /// Whether all that can be in a folder that fits does as well.
    ///
    /// - Parameter folder: Its path from the folder that the patterns are about.
    /// - Returns: Whether nobody needs to look into it.
    func matchesAll(below folder: FilePath) -> Bool {
        if !hasExceptions { return true }
        let scalars = Self.scalars(of: folder)
        return !patterns.contains { $0.isException && $0.mayMatch(below: scalars) }
    }

    private func matches(_ path: [Unicode.Scalar]) -> Bool {
        var isMatched = false
        for pattern in patterns where pattern.isException == isMatched {
            if pattern.matches(path) { isMatched.toggle() }
        }
        return isMatched
    }

    /// What is not UTF-8 is one character that only wildcards fit.
    private static func scalars(of path: FilePath) -> [Unicode.Scalar] { Array(path.description.unicodeScalars) }
}

extension PathPatterns {
    /// Files that editors and the like make for a moment, and the folder of git.
    ///
    /// They are those that Docker Compose leaves out.
    package static let always: PathPatterns = {
        let patterns = [
            "**/.git",
            // JetBrains.
            "**/*___jb_old___", "**/*___jb_tmp___", "**/.idea/**",
            // Emacs.
            "**/.#*", "**/#*#",
            // vim: its first look whether it may write, copies, and what several of it make beside each other.
            "**/4913", "**/*~", "**/.*.swp", "**/.*.swx", "**/.*.swo", "**/.*.swn",
            // Kate.
            "**/.*.kate-swp",
            // Go finds out the umask by it.
            "**/*-go-tmp-umask",
        ]
        do {
            return try PathPatterns(patterns)
        } catch {
            preconditionFailure("\(error)")
        }
    }()
}
