// SPDX-License-Identifier: Apache-2.0

package import Linux
package import Patterns

extension PathPatterns {
    /// Whether a path or a folder above it fits, and nothing takes that back.
    ///
    /// - Parameter path: A path from the folder that the patterns are about.
    /// - Returns: Whether it fits.
    package func matches(_ path: FilePath) -> Bool { matches(Self.scalars(of: path)) }

    /// Whether one of them fits a path itself, where none takes anything back and none fits a folder above.
    func fits(_ path: FilePath) -> Bool { fits(Self.scalars(of: path)) }

    /// Whether all that can be in a folder that fits does as well.
    ///
    /// - Parameter folder: Its path from the folder that the patterns are about.
    /// - Returns: Whether nobody needs to look into it.
    func matchesAll(below folder: FilePath) -> Bool {
        // Without exceptions the name need not be taken apart.
        !hasExceptions || matchesAll(below: Self.scalars(of: folder))
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
