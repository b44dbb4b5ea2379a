// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux

/// Bytes that come out of a pipe, read when somebody wants them: whoever writes them waits for whoever reads them.
package final class ByteStream: AsyncSequence, Sendable {
    private let reader: Descriptor
    /// Says at the end of the bytes why they are not all.
    private let failure: @Sendable () async -> (any Error)?

    /// How much is read at once.
    private static let pieceSize = 1 << 16

    /// The bytes of a pipe.
    ///
    /// - Parameters:
    ///   - reader: The end to read from.
    ///   - failure: Asked at the end of the bytes; what it gives is thrown there.
    package init(_ reader: consuming Descriptor, failure: @escaping @Sendable () async -> (any Error)? = { nil }) {
        // A wait may end before there is anything to read.
        _ = fcntl(reader.number, F_SETFL, fcntl(reader.number, F_GETFL) | O_NONBLOCK)
        self.reader = reader
        self.failure = failure
    }

    package func makeAsyncIterator() -> Iterator { Iterator(stream: self) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let stream: ByteStream

        /// The next bytes; nil at the end.
        package mutating func next() async throws -> [UInt8]? {
            try await stream.next()
        }
    }

    private func next() async throws -> [UInt8]? {
        while true {
            try await Reactor.shared.wait(for: reader.number, .readable)
            guard let bytes = try read() else { continue }
            if !bytes.isEmpty { return bytes }
            if let error = await failure() { throw error }
            return nil
        }
    }

    /// What can be read now, nothing at the end; nil where there is nothing yet.
    private func read() throws -> [UInt8]? {
        let number = reader.number
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { buffer, count in
            let result = Glibc.read(number, buffer.baseAddress, buffer.count)
            failure = result < 0 ? errno : 0
            count = Swift.max(0, result)
        }
        switch failure {
        case 0: return bytes
        case EAGAIN, EINTR: return nil
        default: throw SystemError("read", failure)
        }
    }
}
