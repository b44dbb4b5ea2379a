// SPDX-License-Identifier: Apache-2.0

import Linux

/// A file as an image of EROFS describes it.
struct EROFSInode {
    /// What a file consists of.
    enum Content {
        /// Nothing: a pipe, a socket, an empty file.
        case none
        /// Data from a block on.
        case blocks(first: UInt32)
        /// Where a symbolic link points to.
        case target(FilePath)
        case device(DeviceNumber)
        /// The names in a directory, with the places of their inodes in the list; without `.` and `..`.
        case entries([(name: FilePath, inode: Int)])
    }

    var kind: FileKind
    /// The twelve bits of permissions.
    var permissions: UInt32
    var uid: UInt32
    var gid: UInt32
    /// Bytes of data of a regular file.
    var size: Int64
    var modificationTime: FileTime
    var linkCount: UInt32
    var attributes: [TarEntry.Attribute]
    var content: Content
    /// The place of the directory that it is in, which only matters to directories; the root is in itself.
    var parent: Int

    init(_ status: FileStatus, _ content: Content, attributes: [TarEntry.Attribute] = [], parent: Int = 0) {
        kind = status.kind
        permissions = status.permissions
        uid = status.uid
        gid = status.gid
        size = status.size
        modificationTime = status.modificationTime
        linkCount = UInt32(clamping: status.linkCount)
        self.attributes = attributes
        self.content = content
        self.parent = parent
    }

    /// What an entry of an archive says of a file with one name, but for its attributes.
    init(_ entry: TarEntry, _ content: Content) {
        kind = entry.kind == .symbolicLink ? .symbolicLink : .regular
        permissions = kind == .symbolicLink ? 0o777 : entry.permissions
        (uid, gid) = (entry.uid, entry.gid)
        size = entry.size
        modificationTime = entry.modificationTime
        linkCount = 1
        attributes = []
        self.content = content
        parent = 0
    }
}
