// SPDX-License-Identifier: Apache-2.0

import Images
import Linux

extension ByteStream {
    /// The bytes that a function writes on a thread of its own, which waits for whoever reads them.
    ///
    /// Where nobody reads any more, the function gets the error `EPIPE`; what it throws is thrown at the end of the bytes.
    ///
    /// - Parameters:
    ///   - name: What the bytes are, for errors.
    ///   - body: Writes them.
    /// - Returns: The bytes.
    /// - Throws: The error of pipe2(2) or pthread_create(3).
    static func writing(
        _ name: String,
        _ body: @escaping @Sendable (any ByteSink) throws -> Void
    ) throws(SystemError) -> ByteStream {
        try Pipe().split { (reader, writer) throws(SystemError) in
            let box = DescriptorBox(writer)
            let result = try BlockingCall.begin {
                guard let writer = box.take() else { return }
                try body(DescriptorSink(writer, name: name))
            }
            return ByteStream(reader) {
                do {
                    try await result.value
                    return nil
                } catch {
                    return error
                }
            }
        }
    }
}
