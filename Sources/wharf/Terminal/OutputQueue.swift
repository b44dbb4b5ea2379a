// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Output that waits until a descriptor has room for it, so that a slow reader does not stop everything else.
struct OutputQueue {
    let descriptor: Int32
    private var bytes: [UInt8] = []
    private var position = 0
    private let pieceSize: Int

    /// Where more is not taken in.
    static let limit = 1 << 18

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var status = stat()
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        // What poll(2) finds writable takes this much without waiting (pipe(7)); the flag that says so of any amount
        // belongs to the open file, which others share.
        pieceSize = isFile ? 1 << 20 : Int(PIPE_BUF)
    }

    var count: Int { bytes.count - position }

    /// What to ask poll(2) for.
    var interest: pollfd { pollfd(fd: count > 0 ? descriptor : -1, events: Int16(POLLOUT), revents: 0) }

    mutating func append(_ more: ArraySlice<UInt8>) {
        bytes += more
    }

    /// Writes a piece.
    ///
    /// - Returns: The error; 0 where there is none.
    mutating func write() -> Int32 {
        let piece = bytes[position..<min(bytes.count, position + pieceSize)]
        let (written, failure) = piece.withUnsafeBytes { buffer in
            let written = Glibc.write(descriptor, buffer.baseAddress, buffer.count)
            return (written, written < 0 ? errno : 0)
        }
        position += max(written, 0)
        if position == bytes.count || position > Self.limit {
            bytes.removeSubrange(..<position)
            position = 0
        }
        return failure == EINTR || failure == EAGAIN ? 0 : failure
    }
}
