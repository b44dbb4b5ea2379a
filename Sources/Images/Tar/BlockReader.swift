// SPDX-License-Identifier: Apache-2.0

/// Reads a source in blocks and in pieces of what is there, through one buffer.
final class BlockReader {
    static let truncated = ImageError(.invalidArchive, "the archive ends early")

    private let source: any ByteSource
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    private var available = 0..<0

    init(_ source: any ByteSource) {
        self.source = source
    }

    deinit {
        buffer.deallocate()
    }

    /// The next block of 512 bytes; nil at the end.
    func block() throws(ImageError) -> [UInt8]? {
        while available.count < TarHeader.blockSize {
            if try !fill() {
                if available.isEmpty { return nil }
                throw Self.truncated
            }
        }
        let start = available.lowerBound
        available = start + TarHeader.blockSize..<available.upperBound
        return Array(buffer[start..<start + TarHeader.blockSize])
    }

    /// Some of the next bytes, at least one; valid until the next call.
    func piece(atMost count: Int64) throws(ImageError) -> UnsafeRawBufferPointer {
        guard count > 0 else { throw Self.truncated }
        if available.isEmpty, try !fill() { throw Self.truncated }
        let start = available.lowerBound
        let end = start + Int(min(count, Int64(available.count)))
        available = end..<available.upperBound
        return UnsafeRawBufferPointer(rebasing: buffer[start..<end])
    }

    func skip(_ count: Int64) throws(ImageError) {
        var rest = count
        while rest > 0 { rest -= Int64(try piece(atMost: rest).count) }
    }

    /// Skips what fills up the last block of an entry, which is missing at the end of archives that some writers do not close:
    /// Docker's command cuts it off where it adds a Dockerfile to a build's context.
    func skipPadding(_ count: Int64) throws(ImageError) {
        var rest = count
        while rest > 0 {
            if available.isEmpty, try !fill() { return }
            rest -= Int64(try piece(atMost: rest).count)
        }
    }

    /// Adds to what is available; false at the end of the source.
    private func fill() throws(ImageError) -> Bool {
        if available.lowerBound > 0 {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[available]))
            available = 0..<available.count
        }
        let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[available.upperBound...]))
        available = 0..<available.upperBound + count
        return count > 0
    }
}
