// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

/// A piece of what a process has written.
package struct OutputPiece: Equatable, Sendable {
    package var stream: StandardStream
    package var bytes: [UInt8]

    package init(_ stream: StandardStream, _ bytes: [UInt8]) {
        self.stream = stream
        self.bytes = bytes
    }
}

/// What a process writes, piece by piece, until it has ended.
package typealias OutputStream = PulledSequence<OutputPiece>

/// The standard streams of a process as a client has them.
package struct Attachment: Sendable {
    /// Whether the process has a terminal: then there is one stream, and it is not framed.
    package var hasTerminal: Bool
    /// Nil where the client did not ask for output.
    package var output: OutputStream?
    /// Nil where the client did not ask for input, or the process takes none.
    package var input: (any InputSink)?
    /// To be called when the connection has ended, once, with whether the client left it by its keys.
    package var detach: @Sendable (_ isByKeys: Bool) async -> Void

    package init(
        hasTerminal: Bool,
        output: OutputStream?,
        input: (any InputSink)?,
        detach: @escaping @Sendable (_ isByKeys: Bool) async -> Void
    ) {
        self.hasTerminal = hasTerminal
        self.output = output
        self.input = input
        self.detach = detach
    }
}

/// Where a client's input goes.
package protocol InputSink: Sendable {
    /// Writes bytes; waits while the process does not read.
    ///
    /// - Parameter bytes: What to write.
    /// - Throws: `EPIPE` of write(2) where nobody can read them any more, or `CancellationError`.
    func write(_ bytes: [UInt8]) async throws
    /// Tells the process that there is no more, where the container's input is for one client only.
    func close() async
}
