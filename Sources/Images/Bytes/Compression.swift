// SPDX-License-Identifier: Apache-2.0

/// How a file is compressed, by its first bytes.
///
/// Media types and names are not trusted for it.
enum Compression: CaseIterable {
    case gzip
    case zstd
    case xz
    case bzip2

    /// How many bytes tell each of them.
    static let magicLength = 6

    /// The compression of bytes.
    ///
    /// - Parameter start: The first bytes; fewer than ``magicLength`` are all there are.
    /// - Returns: Nil where they are not compressed in a known way.
    static func of(_ start: UnsafeRawBufferPointer) -> Compression? {
        allCases.first { $0.matches(start) }
    }

    /// Whether a file or a member of one can start with the bytes.
    func matches(_ start: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .gzip: start.starts(with: [0x1F, 0x8B])
        case .zstd:
            start.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) || Self.isSkippable(start)
        case .xz: start.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00])
        // A digit for the size of the blocks, then the start of a block or of the end.
        case .bzip2:
            start.starts(with: [0x42, 0x5A, 0x68]) && start.count >= 5 && (0x31...0x39).contains(start[3])
                && (start[4] == 0x31 || start[4] == 0x17)
        }
    }

    /// A frame of zstd that holds no data, as eStargz and zstd:chunked have.
    private static func isSkippable(_ start: UnsafeRawBufferPointer) -> Bool {
        start.count >= 4 && start[0] & 0xF0 == 0x50 && start[1] == 0x2A && start[2] == 0x4D && start[3] == 0x18
    }

    /// A decompressor for one member after the other.
    func makeDecompressor() throws(ImageError) -> any Decompressor {
        switch self {
        case .gzip:
            if let library = FastGzipDecompressor.library {
                FastGzipDecompressor(library)
            } else {
                try GzipDecompressor()
            }
        case .zstd: try ZstdDecompressor()
        case .xz: try XZDecompressor()
        case .bzip2: try Bzip2Decompressor()
        }
    }
}

/// What a step of a decompressor did.
struct DecompressionStep {
    /// How many bytes of the input are used up.
    var consumed: Int
    /// How many bytes of the output are filled.
    var produced: Int
    /// Whether the member ended.
    var isEnd: Bool
}

/// A decompressor of one format.
protocol Decompressor: AnyObject {
    /// Decompresses a piece.
    ///
    /// - Parameters:
    ///   - input: Bytes that are next; none where there are no more.
    ///   - output: Where to.
    /// - Returns: What was done.
    /// - Throws: What is wrong with the bytes.
    func step(
        _ input: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer
    ) throws(ImageError) -> DecompressionStep

    /// Makes ready for the next member.
    func restart() throws(ImageError)
}

/// Another source's bytes, decompressed where they are compressed.
///
/// A file of several members is their contents one after the other. Zeros after a member are padding.
package final class DecompressedSource: ByteSource {
    private enum State {
        case unknown
        case plain
        case member
        case between
        case ended
    }

    private let source: any ByteSource
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    private var available = 0..<0
    private var sourceEnded = false
    private var state = State.unknown
    /// How it is compressed, known after the first read.
    private(set) var compression: Compression?
    private var decompressor: (any Decompressor)?

    package init(_ source: any ByteSource) {
        self.source = source
        _ = FastGzipDecompressor.library
    }

    deinit {
        buffer.deallocate()
    }

    package func read(into output: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        while true {
            switch state {
            case .unknown: try start()
            case .plain: return try readPlain(into: output)
            case .member:
                let count = try decompress(into: output)
                if count > 0 { return count }
            case .between: try findMember()
            case .ended: return 0
            }
        }
    }

    private func start() throws(ImageError) {
        try fill(atLeast: Compression.magicLength)
        compression = Compression.of(input)
        decompressor = try compression?.makeDecompressor()
        state = decompressor == nil ? .plain : .member
    }

    private func readPlain(into output: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        if available.isEmpty { return try source.read(into: output) }
        let count = min(available.count, output.count)
        output.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count]))
        available = available.lowerBound + count..<available.upperBound
        return count
    }

    private func decompress(into output: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        guard let decompressor else { return 0 }
        try fill(atLeast: 1)
        let step = try decompressor.step(input, output)
        available = available.lowerBound + step.consumed..<available.upperBound
        if step.isEnd {
            state = .between
        } else if step.produced == 0, step.consumed == 0, sourceEnded {
            throw ImageError(.invalidArchive, "compressed data ends early")
        }
        return step.produced
    }

    private func findMember() throws(ImageError) {
        repeat {
            try fill(atLeast: 1)
            let padding = input.prefix { $0 == 0 }.count
            available = available.lowerBound + padding..<available.upperBound
        } while available.isEmpty && !sourceEnded
        try fill(atLeast: Compression.magicLength)
        if available.isEmpty {
            state = .ended
        } else if let compression, compression.matches(input) {
            try decompressor?.restart()
            state = .member
        } else {
            throw ImageError(.invalidArchive, "there is something else after the end of compressed data")
        }
    }

    private var input: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer[available])
    }

    private func fill(atLeast count: Int) throws(ImageError) {
        while available.count < count, !sourceEnded {
            if available.lowerBound > 0 {
                buffer.copyMemory(from: input)
                available = 0..<available.count
            }
            let free = UnsafeMutableRawBufferPointer(rebasing: buffer[available.upperBound...])
            let read = try source.read(into: free)
            if read == 0 { sourceEnded = true }
            available = 0..<available.upperBound + read
        }
    }
}
