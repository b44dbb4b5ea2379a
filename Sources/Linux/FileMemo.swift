// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Remembers what files held, as long as nothing about them changes.
package final class FileMemo<Value: Sendable>: Sendable {
    private struct Key: Hashable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var modified: FileTime
        var changed: FileTime

        init(_ status: FileStatus) {
            (device, inode, size) = (status.device, status.inode, status.size)
            (modified, changed) = (status.modificationTime, status.changeTime)
        }
    }

    /// A change within the same tick of the clock looks like none.
    private static var settling: Int64 { 2 }

    private let values = Mutex<[Key: Value]>([:])
    private let limit: Int

    /// - Parameter limit: How many files are remembered; with one more all are forgotten.
    package init(limit: Int) {
        self.limit = limit
    }

    /// What a file holds, where it is known.
    package subscript(status: FileStatus) -> Value? { values.withLock { $0[Key(status)] } }

    /// Notes what a file holds; one that has just been written may change unseen.
    ///
    /// - Parameters:
    ///   - value: What it holds.
    ///   - status: What stat(2) told before it was read.
    package func note(_ value: Value, of status: FileStatus) {
        if FileTime.now.seconds - status.changeTime.seconds < Self.settling { return }
        values.withLock { values in
            if values.count >= limit { values.removeAll() }
            values[Key(status)] = value
        }
    }
}
