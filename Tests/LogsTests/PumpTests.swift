// SPDX-License-Identifier: Apache-2.0

import CKeeper
import Glibc
import Linux
import TestSupport
import Testing

/// A stream whose writer is the test.
private final class Stream {
    let source: Descriptor
    private let writer: Descriptor
    private let scratch: Scratch
    private var pump = ckeeper_pump()
    /// What a pipe holds that nobody has changed.
    private static let piece = [UInt8](repeating: 120, count: 1 << 16)

    init() throws {
        let scratch = try Scratch()
        let pipe = try Pipe()
        pump.directory = try Descriptor.open(scratch.path, O_RDONLY | O_DIRECTORY).release()
        pump.source = try pipe.reader.duplicate().release()
        pump.stream = 1
        pump.limit = 10 << 20
        pump.count = 3
        source = try pipe.reader.duplicate()
        writer = try pipe.writer.duplicate()
        try SystemError.check(ckeeper_open_pump(&pump, 0), "request")
        self.scratch = scratch
    }

    deinit { ckeeper_close_pump(&pump) }

    /// How many bytes its pipe takes: `F_GETPIPE_SZ` of linux/fcntl.h, which the C library hides.
    var size: Int32 { fcntl(source.number, 1024 + 8) }

    func write() throws { try writer.write(Self.piece) }

    /// Writes and moves as much as a pipe holds.
    func pass(_ count: Int) throws {
        for _ in 0..<count {
            try write()
            #expect(ckeeper_move(&pump) == Int64(Self.piece.count))
        }
    }
}

@Suite(.serialized) struct `The pipe of a log` {
    @Test func `is wide where the writer is as fast as the keeper`() throws {
        let (fast, slow) = (try Stream(), try Stream())
        try fast.pass(100)
        try slow.pass(10)
        #expect(fast.size == 256 << 10)
        #expect(slow.size == 64 << 10)
    }

    @Test func `is wide for few at a time: the kernel counts the pipes of all containers together`() throws {
        let streams = try (0..<40).map { _ in try Stream() }
        try streams[0].pass(100)
        // It has more in it than an ordinary one holds, and keeps its place.
        for _ in 0..<4 { try streams[0].write() }
        for stream in streams.dropFirst() { try stream.pass(100) }
        #expect(streams.count { $0.size > 64 << 10 } == 32)
        #expect(streams[0].size == 256 << 10)
        #expect(streams.suffix(31).allSatisfy { $0.size == 256 << 10 })
        // Another one that is fast again has its turn again.
        try streams[1].pass(16)
        #expect(streams[1].size == 256 << 10)
        #expect(streams.count { $0.size > 64 << 10 } == 32)
    }

    @Test func `is as it was where another keeper goes on`() throws {
        let stream = try Stream()
        try stream.pass(16)
        #expect(stream.size == 256 << 10)
        var pump = ckeeper_pump()
        let scratch = try Scratch()
        pump.directory = try Descriptor.open(scratch.path, O_RDONLY | O_DIRECTORY).release()
        pump.source = try stream.source.duplicate().release()
        (pump.stream, pump.limit, pump.count) = (1, 1000, 1)
        #expect(ckeeper_open_pump(&pump, 0) == 0)
        ckeeper_close_pump(&pump)
        #expect(stream.size == 64 << 10)
    }
}
