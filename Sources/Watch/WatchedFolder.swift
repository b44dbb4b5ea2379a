// SPDX-License-Identifier: Apache-2.0

import Linux

/// A folder that is watched, with what was seen in it last.
final class WatchedFolder {
    /// What tells whether a file has changed; access times and counts of links do not.
    struct Mark: Equatable {
        var kind: FileKind
        var permissions: UInt32
        var size: Int64
        var time: FileTime
        var inode: UInt64
        var device: UInt64

        init(_ status: FileStatus) {
            kind = status.kind
            permissions = status.permissions
            // Those of a folder change with what is in it.
            let isFolder = status.kind == .directory
            size = isFolder ? 0 : status.size
            time = isFolder ? FileTime(seconds: 0) : status.modificationTime
            inode = status.inode
            device = status.device
        }

        func isSameFolder(as other: Mark) -> Bool {
            kind == .directory && other.kind == .directory && inode == other.inode && device == other.device
        }
    }

    /// Something in the folder.
    struct Entry {
        var mark: Mark
        /// Whether its changes are told.
        var isShown: Bool
        var folder: WatchedFolder?
    }

    /// The number of the tree that it belongs to.
    let tree: Int
    /// The names from the anchor of the tree on.
    let place: [FilePath]
    private(set) weak var parent: WatchedFolder?
    /// Its number with inotify; nil where it is not watched.
    var watch: Int32?
    var entries: [FilePath: Entry] = [:]
    /// Whether it does not belong to the tree any more.
    var isGone = false

    init(tree: Int, place: [FilePath], in parent: WatchedFolder?) {
        self.tree = tree
        self.place = place
        self.parent = parent
    }

    /// It and all watched folders below.
    var all: [WatchedFolder] {
        var found: [WatchedFolder] = []
        var pending = [self]
        while let folder = pending.popLast() {
            found.append(folder)
            pending += folder.entries.values.compactMap(\.folder)
        }
        return found
    }
}
