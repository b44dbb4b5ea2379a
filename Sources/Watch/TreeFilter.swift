// SPDX-License-Identifier: Apache-2.0

package import Linux
package import Patterns

/// Which files of a watched tree count.
package struct TreeFilter: Sendable {
    /// What becomes of a file.
    enum Verdict: Sendable {
        /// Its changes are told.
        case shown
        /// Its own changes are not told, but something in it may be.
        case passed
        /// Nobody looks at it.
        case skipped
    }

    /// Patterns, and the folder that they are about.
    private struct Scope: Sendable {
        var folder: [FilePath]
        var patterns: PathPatterns
        /// Whether they are about the tree, and none takes back what another one has matched.
        var isSimple = false
    }

    /// The absolute path of the tree.
    let path: FilePath
    private let tree: [FilePath]
    private var scopes: [Scope] = []
    private var included: PathPatterns?

    /// A filter that leaves out what is left out always.
    ///
    /// - Parameter path: The absolute path of the tree.
    package init(of path: FilePath) {
        self.path = path
        tree = path.components
        scopes = [Scope(folder: tree, patterns: .always, isSimple: true)]
    }

    /// Leaves out what patterns fit.
    ///
    /// - Parameters:
    ///   - patterns: The patterns.
    ///   - folder: The absolute path of the folder that they are about; nil is the tree.
    package mutating func ignore(_ patterns: PathPatterns, in folder: FilePath? = nil) {
        if patterns.isEmpty { return }
        let folder = folder?.components ?? tree
        scopes.append(
            Scope(folder: folder, patterns: patterns, isSimple: folder == tree && !patterns.hasExceptions)
        )
    }

    /// Leaves out what patterns do not fit.
    ///
    /// - Parameter patterns: The patterns, which are about the tree; none leave nothing out.
    package mutating func include(_ patterns: PathPatterns) {
        if !patterns.isEmpty { included = patterns }
    }

    /// What becomes of a file.
    ///
    /// - Parameter path: The names from the tree on, at least one.
    /// - Returns: What becomes of it.
    func verdict(_ path: [FilePath]) -> Verdict {
        var verdict = Verdict.shown
        let whole = tree + path
        let name = FilePath(joining: path)
        for scope in scopes {
            if scope.isSimple {
                // A folder above that fits is skipped, and nobody asks about what is in it.
                if scope.patterns.fits(name) { return .skipped }
                continue
            }
            guard whole.starts(with: scope.folder), whole.count > scope.folder.count else { continue }
            let name = FilePath(joining: whole.dropFirst(scope.folder.count))
            guard scope.patterns.matches(name) else { continue }
            if scope.patterns.matchesAll(below: name) { return .skipped }
            verdict = .passed
        }
        if verdict == .shown, let included, !included.matches(name) { return .passed }
        return verdict
    }
}
