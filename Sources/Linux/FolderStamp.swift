// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

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
    var count: Int { files.count + 1 }

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
    func isUnchanged(below root: borrowing Descriptor) -> Bool {
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

extension [FolderStamp] {
    /// How many files one thread looks at; what is more is shared with others.
    private static var share: Int { 256 }
    /// How many threads look at most.
    private static var width: Int { 8 }

    /// How many files they are about, folders included.
    package var fileCount: Int { reduce(0) { $0 + $1.count } }

    /// Whether all folders and their files are as they were.
    ///
    /// - Parameter root: The root.
    /// - Returns: The same as before; not so where anything cannot be looked at.
    package func areUnchanged(below root: SharedDescriptor) -> Bool {
        let width = Swift.min(count, fileCount / Self.share + 1, Self.width)
        let change = FoundChange()
        let look = { @Sendable (thread: Int) in
            for index in stride(from: thread, to: count, by: width) where !change.isFound {
                if !self[index].isUnchanged(below: root.descriptor) { change.find() }
            }
        }
        let ends = Semaphore()
        for thread in 1..<Swift.max(width, 1) {
            do throws(SystemError) {
                try SparedThreads.shared.run {
                    look(thread)
                    ends.signal()
                }
            } catch {
                look(thread)
                ends.signal()
            }
        }
        if width > 0 { look(0) }
        for _ in 1..<Swift.max(width, 1) { ends.wait() }
        return !change.isFound
    }
}

/// What threads that look at files tell one another.
private final class FoundChange: Sendable {
    private let found = Atomic(false)

    var isFound: Bool { found.load(ordering: .relaxed) }

    func find() { found.store(true, ordering: .relaxed) }
}
