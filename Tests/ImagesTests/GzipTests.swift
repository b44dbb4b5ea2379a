// SPDX-License-Identifier: Apache-2.0

import CCompression
import ImagesSupport
import TestSupport
import Testing

@testable import Images

@Suite struct `Libraries of the machine` {
    @Test func `are loaded where their C library is of the same release`() throws {
        let scratch = try Scratch()
        #expect(MachineLibraries.canBeLoaded)
        let own = String(cString: igzip_libc_release())
        let text = { (release: String) in "\0GNU C Library (Debian GLIBC) stable release version \(release).\n" }
        #expect(try MachineLibraries.isOwnRelease(scratch.write("own", text(own))))
        #expect(try !MachineLibraries.isOwnRelease(scratch.write("longer", text(own + "1"))))
        #expect(try !MachineLibraries.isOwnRelease(scratch.write("other", text("2.17"))))
        #expect(!MachineLibraries.isOwnRelease(scratch / "missing"))
    }
}

/// What is decompressed with ISA-L where the machine has it is decompressed with zlib elsewhere.
@Suite struct `Both libraries for gzip` {
    /// What came of data.
    fileprivate enum Outcome: Equatable {
        case end([UInt8], consumed: Int)
        case cutOff
        case refused
    }

    private static func decompress(
        _ bytes: [UInt8],
        with decompressor: any Decompressor,
        in pieces: Int,
        room: Int
    ) -> Outcome {
        var (output, consumed) = ([UInt8](), 0)
        var buffer = [UInt8](repeating: 0, count: room)
        do {
            while true {
                let end = min(consumed + pieces, bytes.count)
                let step = try step(decompressor, Array(bytes[consumed..<end]), &buffer)
                output += buffer[..<step.produced]
                consumed += step.consumed
                if step.isEnd { return .end(output, consumed: consumed) }
                if step.produced == 0, step.consumed == 0, end == bytes.count { return .cutOff }
            }
        } catch {
            return .refused
        }
    }

    private static func step(
        _ decompressor: any Decompressor,
        _ input: [UInt8],
        _ output: inout [UInt8]
    ) throws -> DecompressionStep {
        try input.withUnsafeBytes { input in
            try output.withUnsafeMutableBytes { output in try decompressor.step(input, output) }
        }
    }

    private static func fast() throws -> FastGzipDecompressor {
        FastGzipDecompressor(try #require(FastGzipDecompressor.library, "the package libisal2 is not there"))
    }

    /// Files as gzip makes them: text, noise, nothing, one byte, zeros, stored and best compressed, with and without a name.
    private static let scripts = [
        "seq 200000 | gzip", "head -c 300000 /dev/urandom | gzip", "gzip < /dev/null", "printf x | gzip -9",
        "head -c 5M /dev/zero | gzip -1", "seq 50000 > numbers; gzip -c --name numbers",
        "python3 -c 'import zlib,sys; c=zlib.compressobj(0,8,31); sys.stdout.buffer.write(c.compress(bytes(200000))+c.flush())'",
    ]

    @Test(arguments: scripts)
    func `read the same, in pieces of any size`(script: String) throws {
        let scratch = try Scratch()
        try shell("(\(script)) > packed; gzip -dc < packed > plain", in: scratch.path)
        let (packed, plain) = (try readBytes(scratch / "packed"), try readBytes(scratch / "plain"))
        let whole = Outcome.end(plain, consumed: packed.count)
        // What stands behind a member is left.
        let more = packed + Array("\u{1F}\u{8B}more".utf8)
        for (pieces, room) in [(1 << 20, 1 << 20), (4096, 100_000), (101, 70_000), (1 << 16, 999)] {
            for decompressor in [try GzipDecompressor(), try Self.fast()] as [any Decompressor] {
                #expect(Self.decompress(more, with: decompressor, in: pieces, room: room) == whole)
                try decompressor.restart()
                #expect(Self.decompress(packed, with: decompressor, in: pieces, room: room) == whole)
            }
        }
    }

    @Test func `refuse the same broken data`() throws {
        let scratch = try Scratch()
        let script = """
            (seq 5000; head -c 3000 /dev/urandom; head -c 5000 /dev/zero) > n; gzip -c --name n > packed
            """
        try shell(script, in: scratch.path)
        let packed = try readBytes(scratch / "packed")
        var generator = SystemRandomNumberGenerator()
        var refused = 0
        for _ in 0..<2000 {
            var broken = packed
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                // The first bytes say how the file is packed; those of the header that say nothing of the data are no matter.
                let place = Int.random(in: 10..<broken.count, using: &generator)
                broken[place] = UInt8.random(in: 0...255, using: &generator)
            }
            if Bool.random(using: &generator) { broken.removeLast(Int.random(in: 1...200, using: &generator)) }
            let slow = Self.decompress(broken, with: try GzipDecompressor(), in: broken.count, room: 1 << 18)
            let fast = Self.decompress(broken, with: try Self.fast(), in: broken.count, room: 1 << 18)
            if case .end = slow {} else { refused += 1 }
            // One may see what is wrong before the other misses the rest.
            #expect(slow == fast || slow.isFailure && fast.isFailure, "\(broken)")
        }
        #expect(refused > 1000)
    }
}

extension `Both libraries for gzip`.Outcome {
    fileprivate var isFailure: Bool {
        if case .end = self { false } else { true }
    }
}
