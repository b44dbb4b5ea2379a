// SPDX-License-Identifier: Apache-2.0

package import Linux

/// Something that has changed in a watched tree.
package struct TreeChange: Hashable, Sendable {
    /// What has happened.
    package enum Kind: Sendable {
        /// It is gone with all that was in it.
        case removed
        /// It is new, or its content or its permissions are; of what is in a new folder each is told by itself.
        case changed
    }

    /// The number of the tree.
    package var tree: Int
    /// The path from the tree on; `.` is the tree itself.
    package var path: FilePath
    package var kind: Kind

    package init(tree: Int, path: FilePath, kind: Kind) {
        self.tree = tree
        self.path = path
        self.kind = kind
    }
}

extension TreeChange: Comparable {
    /// What is gone comes first, and a folder before what is in it.
    package static func < (left: Self, right: Self) -> Bool {
        if left.kind != right.kind { return left.kind == .removed }
        return left.tree == right.tree ? left.path < right.path : left.tree < right.tree
    }
}
