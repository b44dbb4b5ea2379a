// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What tells one state of a folder, and of files in it, from every other.
package struct FolderStamp: Sendable {
    /// Where it is below a root; there are no links on the way.
    private let path: FilePath
    /// Nil where other files may come and go.
    private let own: FileStamp?
    private var files: [(name: FilePath, stamp: FileStamp)] = []

    /// A folder without any file.
    ///
    /// - Parameters:
    ///   - path: The names that lead to it from its root on, without links.
    ///   - status: What stat(2) told of it before it was read; nil where other files in it may come and go.
    package init(_ path: some Collection<FilePath>, _ status: FileStatus?) {
        self.path = FilePath(joining: path)
        own = status.map { FileStamp($0) }
    }

    /// How many files it is about, itself included.
    package var count: Int { files.count + 1 }

    /// Notes one of its files.
    ///
    /// - Parameters:
    ///   - name: The file.
    ///   - status: What stat(2) tells of it.
    package mutating func note(_ name: FilePath, _ status: FileStatus) {
        files.append((name, FileStamp(status)))
    }

    /// Whether a change from a time on can be told.
    package func isSettled(at time: FileTime) -> Bool {
        own?.isSettled(at: time) != false && files.allSatisfy { $0.stamp.isSettled(at: time) }
    }

    /// Whether the folder and its files are as they were.
    ///
    /// - Parameter root: The root.
    /// - Returns: The same as before; not so where anything cannot be looked at.
    package func isUnchanged(below root: borrowing Descriptor) -> Bool {
        do throws(SystemError) {
            let flags = OpenFlags.pathOnly | O_DIRECTORY | O_NOFOLLOW
            let folder = try root.open(path, flags, resolution: .noLinks)
            if let own, FileStamp(try folder.status()) != own { return false }
            for (name, stamp) in files {
                guard let status = try folder.status(of: name), FileStamp(status) == stamp else { return false }
            }
            return true
        } catch {
            return false
        }
    }
}
