// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux

/// Bytes that come one piece after the other.
package protocol ByteSource: AnyObject {
    /// Reads the next bytes.
    ///
    /// - Parameter buffer: Where to; not empty.
    /// - Returns: How many bytes; zero at the end, and from then on.
    /// - Throws: What is wrong with the bytes or with reading them.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int
}

extension ByteSource {
    /// Reads to the end and gives each piece away.
    func forEachChunk(_ body: (UnsafeRawBufferPointer) throws(ImageError) -> Void) throws(ImageError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = try read(into: buffer)
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Reads to the end.
    func drain() throws(ImageError) {
        try forEachChunk { _ in }
    }

    /// All bytes to the end.
    ///
    /// - Parameters:
    ///   - limit: How many bytes there may be.
    ///   - name: What they are, for the error.
    /// - Returns: The bytes.
    /// - Throws: ``ImageError/Code/limitExceeded`` where there are more.
    func bytes(limit: Int, of name: String) throws(ImageError) -> [UInt8] {
        var bytes: [UInt8] = []
        try forEachChunk { (chunk) throws(ImageError) in
            if chunk.count > limit - bytes.count {
                throw ImageError(.limitExceeded, "\(name) is larger than \(limit) bytes")
            }
            bytes.append(contentsOf: chunk)
        }
        return bytes
    }
}

/// The bytes of an open file, a pipe or a socket, from where it stands.
package final class DescriptorSource: ByteSource {
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

    /// The bytes of a file of the host.
    package convenience init(path: String) throws(ImageError) {
        let file = try ImageError.system("open \(path)") { () throws(SystemError) in
            try Descriptor.open(path, O_RDONLY)
        }
        self.init(file, name: path)
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        do {
            return try descriptor.read(into: buffer)
        } catch {
            throw ImageError(.system, "cannot read \(name)", cause: error)
        }
    }
}

/// Bytes in memory.
package final class MemorySource: ByteSource {
    private var rest: ArraySlice<UInt8>

    package init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        let piece = rest.prefix(buffer.count)
        buffer.copyBytes(from: piece)
        rest = rest.dropFirst(piece.count)
        return piece.count
    }
}

/// Another source's bytes, up to a number of them.
final class LimitedSource: ByteSource {
    private let source: any ByteSource
    private var rest: Int64
    private let limit: Int64
    private let name: String

    init(_ source: any ByteSource, limit: Int64, name: String) {
        self.source = source
        self.limit = limit
        rest = limit
        self.name = name
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        let count = try source.read(into: buffer)
        rest -= Int64(count)
        if rest < 0 {
            throw ImageError(.limitExceeded, "\(name) is larger than \(limit) bytes after decompression")
        }
        return count
    }
}
