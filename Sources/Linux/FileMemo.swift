// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Remembers what files held, as long as nothing about them changes.
package final class FileMemo<Value: Sendable>: Sendable {
    private let values = Mutex<[FileStamp: Value]>([:])
    private let limit: Int

    /// - Parameter limit: How many files are remembered; with one more all are forgotten.
    package init(limit: Int) {
        self.limit = limit
    }

    /// What a file holds, where it is known.
    package subscript(status: FileStatus) -> Value? { values.withLock { $0[FileStamp(status)] } }

    /// Notes what a file holds; one that has just been written may change unseen.
    ///
    /// - Parameters:
    ///   - value: What it holds.
    ///   - status: What stat(2) told before it was read.
    package func note(_ value: Value, of status: FileStatus) {
        let stamp = FileStamp(status)
        guard stamp.isSettled(at: .now) else { return }
        values.withLock { values in
            if values.count >= limit { values.removeAll() }
            values[stamp] = value
        }
    }
}
