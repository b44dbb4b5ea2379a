// SPDX-License-Identifier: Apache-2.0

/// Sockets in tasks, which hold no thread while they wait; one task receives and one sends at a time.
extension Descriptor {
    /// Waits until something arrives.
    ///
    /// - Parameter limit: The most bytes to take.
    /// - Returns: The bytes, none at the end.
    /// - Throws: The error of recv(2), or `CancellationError`.
    package borrowing func receiveNext(limit: Int) async throws -> [UInt8] {
        while true {
            if let bytes = try receive(limit: limit) { return bytes }
            try await Reactor.shared.wait(for: number, .readable)
        }
    }

    /// Sends all bytes, and waits while the other end does not take them.
    ///
    /// - Parameter bytes: The bytes.
    /// - Throws: The error of send(2), `EPIPE` where nobody reads any more, or `CancellationError`.
    package borrowing func sendAll(_ bytes: [UInt8]) async throws {
        var sent = 0
        while sent < bytes.count {
            let count = try bytes.withUnsafeBytes { try sendSome(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
            sent += count
            if count == 0 { try await Reactor.shared.wait(for: number, .writable) }
        }
    }
}
