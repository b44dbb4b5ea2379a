// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The two ends of a pipe, each close-on-exec.
package struct Pipe: ~Copyable, Sendable {
    package let reader: Descriptor
    package let writer: Descriptor

    /// Makes a pipe (pipe2(2)).
    package init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        try SystemError.check(clinux_pipe2(&ends, O_CLOEXEC), "pipe2")
        reader = Descriptor(owning: ends[0])
        writer = Descriptor(owning: ends[1])
    }

    /// A pipe as one descriptor, which is open for reading and writing.
    ///
    /// - Returns: The descriptor; the pipe never ends, and whoever writes to it always has a reader.
    /// - Throws: The error of pipe2(2), or of open(2) on `/proc/self/fd`.
    package static func relay() throws(SystemError) -> Descriptor {
        let pipe = try Pipe()
        return try Descriptor.open("/proc/self/fd/\(pipe.reader.number)", O_RDWR | O_NONBLOCK)
    }

    /// The ends, each with an owner of its own.
    ///
    /// - Parameter body: Takes over both ends: the reader, then the writer.
    /// - Returns: What `body` returned.
    /// - Throws: What `body` threw.
    package consuming func split<Result: ~Copyable, Failure: Error>(
        _ body: (consuming Descriptor, consuming Descriptor) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(reader, writer)
    }
}
