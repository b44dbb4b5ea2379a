// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Logs
import Runtime

/// Where the output of a container is kept, and how much of it.
struct LogPlace: Sendable {
    /// The folder, which holds the segments of both streams.
    var directory: String
    /// The size in bytes at which a segment is followed by the next one.
    var segmentSize: UInt64
    /// How many segments of a stream are kept.
    var segmentCount: UInt32

    /// The place of a container's log.
    ///
    /// - Parameters:
    ///   - directory: The folder.
    ///   - settings: The container's log options.
    init(_ directory: String, _ settings: LogSettings) {
        self.directory = directory
        segmentSize = settings.fileSize.map(UInt64.init) ?? .max
        segmentCount = UInt32(clamping: settings.fileCount)
    }

    /// Where a stream goes on: in its last segment.
    ///
    /// - Parameter stream: The stream.
    /// - Returns: The target.
    /// - Throws: Why the folder cannot be read.
    func target(_ stream: LogStream) throws(SystemError) -> LogTarget {
        var target = LogTarget(directory: directory, stream: stream.rawValue)
        (target.segmentSize, target.segmentCount) = (segmentSize, segmentCount)
        let folder = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY)
        target.firstSegment = try LogDirectory.lastSegment(of: stream, in: folder) ?? 0
        return target
    }
}
