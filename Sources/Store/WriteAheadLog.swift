// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// The file that a database's changes go to before they go to its own (sqlite.org/wal.html).
///
/// SQLite writes it without waiting for the disk (`PRAGMA synchronous = NORMAL`), since it would keep everybody else waiting
/// meanwhile. Frames count up to the first one that is damaged, so that syncing the file makes all writes before outlive the
/// machine. Those that have gone from it to the database were synced by SQLite before.
final class WriteAheadLog: Sendable {
    private let path: String
    /// The number of the open file.
    private let file: Int32
    /// How many writes there were, those of this process.
    private let written = Atomic<UInt64>(0)
    /// How many of the writes are on the disk.
    private let synced = Mutex<UInt64>(0)

    /// - Parameter database: The path of a database that is open, so that there is a log, which stays the same file.
    /// - Throws: Why it cannot be opened.
    init(of database: String) throws(StoreError) {
        path = database + "-wal"
        file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        if file < 0 { throw Self.failure("open", path) }
    }

    deinit { close(file) }

    /// Counts a write that is done.
    func noteWrite() { written.add(1, ordering: .sequentiallyConsistent) }

    /// Has everything on the disk that was noted before.
    func sync() throws(StoreError) {
        let wanted = written.load(ordering: .sequentiallyConsistent)
        try synced.withLock { synced throws(StoreError) in
            // Somebody who came earlier may have waited for this one as well.
            if synced >= wanted { return }
            let all = written.load(ordering: .sequentiallyConsistent)
            if fdatasync(file) != 0 { throw Self.failure("sync", path) }
            synced = all
        }
    }

    private static func failure(_ verb: String, _ path: String) -> StoreError {
        let number = errno
        return StoreError(
            number == ENOSPC ? .diskFull : .inaccessible,
            "cannot \(verb) the log of the database \(path): \(String(cString: strerror(number)).lowercased()); "
                + "check that its disk has room and works"
        )
    }
}
