// SPDX-License-Identifier: Apache-2.0

/// What tells one state of a file from every other: stat(2) says something else once anything about the file has changed.
package struct FileStamp: Hashable, Sendable {
    private var device: UInt64
    private var inode: UInt64
    private var size: Int64
    private var modified: FileTime
    private var changed: FileTime

    package init(_ status: FileStatus) {
        (device, inode, size) = (status.device, status.inode, status.size)
        (modified, changed) = (status.modificationTime, status.changeTime)
    }

    /// A change within the same tick of the clock looks like none.
    private static var settling: Int64 { 2 }

    /// Whether a change from a time on can be told by the stamp; one that follows another at once cannot.
    ///
    /// - Parameter time: The time.
    /// - Returns: Whether the file was left alone long enough before it.
    package func isSettled(at time: FileTime) -> Bool { time.seconds - changed.seconds >= Self.settling }
}
