// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// How much a tree of files holds.
enum DiskUsage {
    /// The bytes of all regular files below a folder of the engine's, each file once.
    ///
    /// - Parameter path: The folder; one that is not there holds nothing.
    /// - Returns: The bytes.
    /// - Throws: What cannot be read.
    static func bytes(below path: String) throws(SystemError) -> Int64 {
        do {
            var seen: Set<UInt64> = []
            return try bytes(in: Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), &seen)
        } catch  where error.number == ENOENT {
            return 0
        }
    }

    private static func bytes(in folder: borrowing Descriptor, _ seen: inout Set<UInt64>) throws(SystemError) -> Int64 {
        var sum: Int64 = 0
        for name in try folder.entries() {
            guard let status = try folder.status(of: name) else { continue }
            switch status.kind {
            case .directory:
                sum += try bytes(in: folder.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), &seen)
            case .regular:
                if status.linkCount == 1 || seen.insert(status.inode).inserted { sum += status.size }
            default: break
            }
        }
        return sum
    }
}
