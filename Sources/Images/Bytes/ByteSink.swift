// SPDX-License-Identifier: Apache-2.0

package import Linux

/// Where bytes go, one piece after the other.
package protocol ByteSink: AnyObject {
    /// Takes all of the bytes.
    func write(_ bytes: UnsafeRawBufferPointer) throws(ImageError)
}

extension ByteSink {
    func write(_ bytes: [UInt8]) throws(ImageError) {
        // The standard library's function knows no typed errors.
        var failure: ImageError?
        bytes.withUnsafeBytes { buffer in
            do throws(ImageError) {
                try write(buffer)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}

/// An open file, a pipe or a socket.
package final class DescriptorSink: ByteSink {
    private let descriptor: Descriptor
    private let name: String

    /// Takes over an open file.
    ///
    /// - Parameters:
    ///   - descriptor: The file.
    ///   - name: What it is, for errors.
    package init(_ descriptor: consuming Descriptor, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
        do {
            try descriptor.write(bytes)
        } catch {
            throw ImageError(.system, "cannot write \(name)", cause: error)
        }
    }
}

/// Bytes in memory.
package final class MemorySink: ByteSink {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package func write(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
        self.bytes.append(contentsOf: bytes)
    }
}
