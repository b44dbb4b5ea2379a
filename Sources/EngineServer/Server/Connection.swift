// SPDX-License-Identifier: Apache-2.0

import Linux

/// The socket of a client, which one task reads and one writes at a time.
final class Connection: Sendable {
    private let socket: Descriptor
    /// How much is read at once.
    private static let pieceSize = 1 << 16

    init(_ socket: consuming Descriptor) {
        self.socket = socket
    }

    /// The next bytes; none at the end.
    func read() async throws -> [UInt8] { try await socket.receiveNext(limit: Self.pieceSize) }

    /// Writes all bytes; waits while the client does not read.
    func write(_ bytes: [UInt8]) async throws { try await socket.sendAll(bytes) }

    /// Waits until the client has gone; one that only has nothing more to say is still there.
    func waitForHangup() async throws {
        try await Reactor.shared.wait(for: socket.number, .hangup)
    }

    /// The user at the other end; nil where the kernel does not say.
    var peerUser: UInt32? { try? socket.peerUser() }

    /// Takes what has arrived and drops it, after the end of the input.
    func discardInput() {
        while let bytes = try? socket.receive(limit: Self.pieceSize), !bytes.isEmpty {}
    }

    func endOutput() { socket.shutDown(isOutput: true) }

    /// Takes no more input than what has arrived: the client learns that it cannot write.
    func endInput() { socket.shutDown(isOutput: false) }
}
