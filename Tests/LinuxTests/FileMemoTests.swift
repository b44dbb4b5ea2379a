// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import TestSupport
import Testing

@Suite struct `What is remembered of files` {
    private let memo = FileMemo<String>(limit: 2)

    /// What stat(2) tells of a new file that has been as it is for a while.
    private func settledStatus(of content: String) throws -> FileStatus {
        let scratch = try Scratch()
        var status = try Descriptor.open(scratch.write("file", content), O_RDONLY).status()
        status.changeTime.seconds -= 10
        return status
    }

    @Test func `holds as long as nothing about a file changes`() throws {
        let status = try settledStatus(of: "text")
        memo.note("value", of: status)
        #expect(memo[status] == "value")
        var read = status
        read.accessTime.seconds += 1
        #expect(memo[read] == "value")
        for change: (inout FileStatus) -> Void in [
            { $0.size += 1 }, { $0.inode += 1 }, { $0.device += 1 }, { $0.modificationTime.nanoseconds ^= 1 },
            { $0.changeTime.nanoseconds ^= 1 },
        ] {
            var changed = status
            change(&changed)
            #expect(memo[changed] == nil)
        }
    }

    @Test func `begins when a file has settled`() throws {
        let scratch = try Scratch()
        let status = try Descriptor.open(scratch.write("file", "text"), O_RDONLY).status()
        memo.note("value", of: status)
        #expect(memo[status] == nil)
    }

    @Test func `has a bound`() throws {
        let status = try settledStatus(of: "text")
        var others: [FileStatus] = []
        for number in 0..<3 {
            var other = status
            other.inode += UInt64(number)
            memo.note("\(number)", of: other)
            others.append(other)
        }
        #expect(others.map { memo[$0] } == [nil, nil, "2"])
    }
}
