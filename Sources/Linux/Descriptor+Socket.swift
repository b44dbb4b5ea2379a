// SPDX-License-Identifier: Apache-2.0

import Glibc

// Sockets that carry a stream of bytes.
extension Descriptor {
    /// Sends bytes, without the signal that a peer who has gone away would cause.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - waits: Whether to wait for room.
    /// - Returns: How many bytes were taken; nil where there is no room and no waiting.
    /// - Throws: The error of send(2).
    package borrowing func send(_ bytes: ArraySlice<UInt8>, waits: Bool = true) throws(SystemError) -> Int? {
        let number = number
        let flags = Int32(waits ? MSG_NOSIGNAL : MSG_NOSIGNAL | MSG_DONTWAIT)
        while true {
            let (count, failure) = bytes.withUnsafeBytes { buffer in
                let count = Glibc.send(number, buffer.baseAddress, buffer.count, flags)
                return (count, count < 0 ? errno : 0)
            }
            if count >= 0 { return count }
            if failure == EAGAIN, !waits { return nil }
            if failure != EINTR { throw SystemError("send", failure) }
        }
    }

    /// Receives what there is.
    ///
    /// - Parameters:
    ///   - bytes: Where it is added.
    ///   - limit: How much at most.
    ///   - waits: Whether to wait for something.
    /// - Returns: How many bytes, zero at the end; nil where there is nothing and no waiting.
    /// - Throws: The error of recv(2).
    package borrowing func receive(
        appendingTo bytes: inout [UInt8],
        atMost limit: Int,
        waits: Bool = true
    ) throws(SystemError) -> Int? {
        let number = number
        let flags = Int32(waits ? 0 : MSG_DONTWAIT)
        let start = bytes.count
        bytes += [UInt8](repeating: 0, count: limit)
        var received = 0
        defer { bytes.removeSubrange((start + received)...) }
        while true {
            let (count, failure) = bytes.withUnsafeMutableBytes { buffer in
                let count = recv(number, buffer.baseAddress.map { $0 + start }, limit, flags)
                return (count, count < 0 ? errno : 0)
            }
            received = max(count, 0)
            if count >= 0 { return count }
            if failure == EAGAIN, !waits { return nil }
            if failure != EINTR { throw SystemError("recv", failure) }
        }
    }

    /// Tells the peer that nothing more will be sent (shutdown(2)); what it sends still arrives.
    package borrowing func finishSending() throws(SystemError) {
        // The peer may have gone, which says the same.
        if shutdown(number, Int32(SHUT_WR)) != 0, errno != ENOTCONN { throw SystemError("shutdown", errno) }
    }
}
