// SPDX-License-Identifier: Apache-2.0

package import Linux

/// The folder of a log.
package enum LogDirectory {
    /// The number of the segment that a stream is written to.
    ///
    /// - Parameters:
    ///   - stream: The stream.
    ///   - directory: The folder.
    /// - Returns: The number; nil where nothing was ever written.
    /// - Throws: Why the folder cannot be read.
    package static func lastSegment(
        of stream: LogStream,
        in directory: borrowing Descriptor
    ) throws(SystemError) -> UInt32? {
        try LogSegment.numbers(of: stream, in: directory).last
    }
}
