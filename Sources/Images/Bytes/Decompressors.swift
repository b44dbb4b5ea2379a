// SPDX-License-Identifier: Apache-2.0

import CCompression
import Glibc
import Linux

private func failure(_ format: String, _ reason: String) -> ImageError {
    ImageError(.invalidArchive, "\(format) data is broken: \(reason)")
}

/// gzip by zlib.
final class GzipDecompressor: Decompressor {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    init() throws(ImageError) {
        stream.initialize(to: z_stream())
        // 31: the largest window, and a gzip header and no other.
        let result = inflateInit2_(stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        if result != Z_OK { throw ImageError(.system, "cannot start zlib \(ZLIB_VERSION): status \(result)") }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func restart() throws(ImageError) {
        if inflateReset(stream) != Z_OK { throw failure("gzip", "the state of zlib") }
    }

    func step(
        _ input: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer
    ) throws(ImageError) -> DecompressionStep {
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        )
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(output.count)
        let result = inflate(stream, Z_NO_FLUSH)
        // A buffer error says that nothing could be done with what is there, which the caller sees.
        guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
            throw failure("gzip", stream.pointee.msg.map { String(cString: $0) } ?? "status \(result)")
        }
        return DecompressionStep(
            consumed: input.count - Int(stream.pointee.avail_in),
            produced: output.count - Int(stream.pointee.avail_out),
            isEnd: result == Z_STREAM_END
        )
    }
}

/// The shared libraries of the machine, which bring the machine's C library with them.
///
/// A program that has its own C library in it, as releases have, may load them where both are of one release (dlopen(3)).
enum MachineLibraries {
    /// Where systems have the C library.
    private static let places = [
        "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib",
    ]

    /// Whether they may be loaded.
    static var canBeLoaded: Bool {
        let paths: [String] = places.map { "\($0)/libc.so.6" }
        let found = paths.filter { access($0, F_OK) == 0 }
        return !found.isEmpty && found.allSatisfy { isOwnRelease($0) }
    }

    /// Whether a C library is of the release that this program has.
    ///
    /// - Parameter path: The library, which says so in a line of text.
    /// - Returns: Whether it does.
    static func isOwnRelease(_ path: String) -> Bool {
        let line = "release version \(String(cString: igzip_libc_release()))."
        // One that cannot be read is none that could be loaded.
        guard let bytes = try? Descriptor.open(path, O_RDONLY).contents(limit: 64 << 20) else { return false }
        return bytes.withUnsafeBytes { igzip_contains($0.baseAddress, $0.count, line) }
    }
}

/// gzip by ISA-L.
final class FastGzipDecompressor: Decompressor {
    /// The library; nil where the machine has none.
    ///
    /// It is looked for by the first ``DecompressedSource``, since the threads that decompress may open nothing.
    static let library: igzip? = {
        var library = igzip()
        return MachineLibraries.canBeLoaded && igzip_load(&library) ? library : nil
    }()

    private var library: igzip
    private let state = UnsafeMutablePointer<inflate_state>.allocate(capacity: 1)

    /// - Parameter library: The library.
    init(_ library: igzip) {
        self.library = library
        igzip_start(&self.library, state, true)
    }

    deinit { state.deallocate() }

    func restart() { igzip_start(&library, state, false) }

    func step(
        _ input: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer
    ) throws(ImageError) -> DecompressionStep {
        let step = igzip_inflate(
            &library,
            state,
            input.baseAddress,
            UInt32(input.count),
            output.baseAddress,
            UInt32(output.count)
        )
        if step.result < 0 { throw failure("gzip", Self.reason(step.result)) }
        return DecompressionStep(consumed: Int(step.consumed), produced: Int(step.produced), isEnd: step.is_end)
    }

    private static func reason(_ result: Int32) -> String {
        switch result {
        case ISAL_INVALID_BLOCK: "invalid block"
        case ISAL_INVALID_SYMBOL: "invalid code"
        case ISAL_INVALID_LOOKBACK: "invalid distance too far back"
        case ISAL_INVALID_WRAPPER, ISAL_UNSUPPORTED_METHOD: "incorrect header"
        case ISAL_INCORRECT_CHECKSUM: "incorrect data check"
        default: "status \(result)"
        }
    }
}

/// zstd, its skippable frames included.
final class ZstdDecompressor: Decompressor {
    private let stream: OpaquePointer

    init() throws(ImageError) {
        guard let stream = ZSTD_createDStream() else {
            throw ImageError(.system, "cannot start zstd: out of memory")
        }
        self.stream = stream
    }

    deinit {
        ZSTD_freeDStream(stream)
    }

    func restart() throws(ImageError) {
        ZSTD_DCtx_reset(stream, ZSTD_reset_session_only)
    }

    func step(
        _ input: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer
    ) throws(ImageError) -> DecompressionStep {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let result = ZSTD_decompressStream(stream, &target, &source)
        if ZSTD_isError(result) != 0 { throw failure("zstd", String(cString: ZSTD_getErrorName(result))) }
        return DecompressionStep(consumed: source.pos, produced: target.pos, isEnd: result == 0)
    }
}

/// xz by liblzma.
final class XZDecompressor: Decompressor {
    /// What a file may ask for; xz -9 needs 65 MiB.
    private static let memoryLimit: UInt64 = 256 << 20

    private let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)

    init() throws(ImageError) {
        stream.initialize(to: lzma_stream())
        try restart()
    }

    deinit {
        lzma_end(stream)
        stream.deallocate()
    }

    func restart() throws(ImageError) {
        let result = lzma_stream_decoder(stream, Self.memoryLimit, 0)
        if result != LZMA_OK { throw ImageError(.system, "cannot start liblzma: status \(result.rawValue)") }
    }

    func step(
        _ input: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer
    ) throws(ImageError) -> DecompressionStep {
        stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = input.count
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = output.count
        let result = lzma_code(stream, LZMA_RUN)
        switch result {
        case LZMA_OK, LZMA_STREAM_END, LZMA_BUF_ERROR: break
        case LZMA_MEMLIMIT_ERROR:
            throw ImageError(.limitExceeded, "xz data wants more than \(Self.memoryLimit) bytes of memory")
        case LZMA_OPTIONS_ERROR: throw failure("xz", "options that liblzma does not know")
        case LZMA_DATA_ERROR: throw failure("xz", "wrong checksum or malformed block")
        default: throw failure("xz", "status \(result.rawValue)")
        }
        return DecompressionStep(
            consumed: input.count - stream.pointee.avail_in,
            produced: output.count - stream.pointee.avail_out,
            isEnd: result == LZMA_STREAM_END
        )
    }
}

/// bzip2 by libbz2.
final class Bzip2Decompressor: Decompressor {
    private let stream = UnsafeMutablePointer<bz_stream>.allocate(capacity: 1)

    init() throws(ImageError) {
        stream.initialize(to: bz_stream())
        try start()
    }

    deinit {
        BZ2_bzDecompressEnd(stream)
        stream.deallocate()
    }

    func restart() throws(ImageError) {
        BZ2_bzDecompressEnd(stream)
        stream.pointee = bz_stream()
        try start()
    }

    private func start() throws(ImageError) {
        let result = BZ2_bzDecompressInit(stream, 0, 0)
        if result != BZ_OK { throw ImageError(.system, "cannot start libbz2: status \(result)") }
    }

    func step(
        _ input: UnsafeRawBufferPointer,
        _ output: UnsafeMutableRawBufferPointer
    ) throws(ImageError) -> DecompressionStep {
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: CChar.self)
        )
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: CChar.self)
        stream.pointee.avail_out = UInt32(output.count)
        let result = BZ2_bzDecompress(stream)
        guard result == BZ_OK || result == BZ_STREAM_END else {
            throw failure("bzip2", result == BZ_DATA_ERROR ? "wrong checksum or malformed block" : "status \(result)")
        }
        return DecompressionStep(
            consumed: input.count - Int(stream.pointee.avail_in),
            produced: output.count - Int(stream.pointee.avail_out),
            isEnd: result == BZ_STREAM_END
        )
    }
}
