// SPDX-License-Identifier: Apache-2.0

import Engine
import EngineAPI
import Glibc
import Linux
import Logs
import TestSupport
import Testing

/// A log that a test writes by hand, with times of its own.
private final class WrittenLog {
    private let scratch: Scratch

    /// Writes the log: for each stream the arrivals with their times in nanoseconds.
    init(output: [(UInt64, String)], errors: [(UInt64, String)] = []) throws {
        scratch = try Scratch()
        for (name, arrivals) in [("stdout", output), ("stderr", errors)] {
            var index: [UInt8] = []
            var offset: UInt64 = 0
            for (time, text) in arrivals {
                for word in [offset, time, UInt64(text.utf8.count)] {
                    withUnsafeBytes(of: word.littleEndian) { index += $0 }
                }
                offset += UInt64(text.utf8.count)
            }
            try scratch.write("\(name).00000000.log", arrivals.map(\.1).joined())
            try scratch.write("\(name).00000000.index", bytes: index)
        }
    }

    func open() throws -> Descriptor { try Descriptor.open(scratch.path, O_RDONLY | O_DIRECTORY) }

    /// The pieces that a client gets, as `1:text` and `2:text`.
    func lines(
        details: [String: String] = [:],
        hasTerminal: Bool = false,
        _ change: (inout ContainerLogQuery) -> Void = { _ in }
    ) async throws -> [String] {
        var query = ContainerLogQuery()
        query.showsOutput = true
        query.showsErrors = true
        change(&query)
        let end = EndSignal()
        end.signal()
        let output = try ContainerLog.lines(
            of: open(),
            query,
            details: details,
            hasTerminal: hasTerminal,
            until: end
        )
        return try await output.texts()
    }
}

extension OutputStream {
    fileprivate func texts() async throws -> [String] {
        var texts: [String] = []
        for try await piece in self {
            texts.append("\(piece.stream.rawValue):\(String(decoding: piece.bytes, as: UTF8.self))")
        }
        return texts
    }
}

private let second: UInt64 = 1_000_000_000
private let start: UInt64 = 1_769_860_800 * second

private func written() throws -> WrittenLog {
    try WrittenLog(
        output: [(start, "one\ntwo\n"), (start + 2 * second + 5, "thr"), (start + 3 * second, "ee\n")],
        errors: [(start + second, "oops\n")]
    )
}

@Suite struct `A client sees of a log` {
    @Test func `its lines in the order of time, each of its stream`() async throws {
        #expect(try await written().lines() == ["1:one\n", "1:two\n", "2:oops\n", "1:three\n"])
        #expect(try await written().lines { $0.showsOutput = false } == ["2:oops\n"])
        #expect(try await written().lines { $0.showsErrors = false } == ["1:one\n", "1:two\n", "1:three\n"])
    }

    @Test func `times with nine digits, then details`() async throws {
        #expect(
            try await written().lines { $0.showsTimestamps = true } == [
                "1:2026-01-31T12:00:00.000000000Z one\n", "1:2026-01-31T12:00:00.000000000Z two\n",
                "2:2026-01-31T12:00:01.000000000Z oops\n", "1:2026-01-31T12:00:03.000000000Z three\n",
            ]
        )
        let details = ["b": "x y", "a": "1,2"]
        #expect(
            try await written().lines(details: details) { query in
                query.showsTimestamps = true
                query.showsDetails = true
                query.tail = 1
            } == ["1:2026-01-31T12:00:03.000000000Z a=1%2C2,b=x+y three\n"]
        )
        #expect(try await written().lines(details: details) { $0.tail = 1 } == ["1:three\n"])
        #expect(
            try await written().lines { query in
                query.showsDetails = true
                query.tail = 1
            } == ["1: three\n"]
        )
    }

    @Test(
        arguments: [
            (nil, nil, nil, 4), (0, nil, nil, 0), (2, nil, nil, 2), (nil, 1, nil, 2), (nil, nil, 1, 3), (nil, 1, 1, 1),
            (3, 1, nil, 2),
        ] as [(Int?, Int?, Int?, Int)]
    )
    func `what it asks for`(tail: Int?, since: Int?, until: Int?, count: Int) async throws {
        let lines = try await written().lines { query in
            query.tail = tail
            query.since = since.map { Timestamp(seconds: Int64(start / second) + Int64($0)) }
            query.until = until.map { Timestamp(seconds: Int64(start / second) + Int64($0)) }
        }
        #expect(lines.count == count)
    }

    @Test func `one stream of a terminal`() async throws {
        #expect(try await written().lines(hasTerminal: true) { $0.tail = 1 } == ["1:three\n"])
    }

    @Test func `long lines in pieces with one time`() async throws {
        let line = String(repeating: "x", count: 200_000)
        let pieces = try await WrittenLog(output: [(start, line + "\n")]).lines { $0.showsTimestamps = true }
        #expect(pieces.count > 1)
        #expect(pieces.map { $0.dropFirst(2) }.joined() == "2026-01-31T12:00:00.000000000Z \(line)\n")
    }

    @Test func `when it attaches, what comes from then on as it comes`() async throws {
        let log = try WrittenLog(output: [(start, "old\n")])
        let end = EndSignal()
        var request = AttachRequest()
        request.streams = true
        request.output = true
        let attached = try ContainerLog.arrivals(in: log.open(), request, hasTerminal: false, until: end)
        request.includesLog = true
        let both = try ContainerLog.arrivals(in: log.open(), request, hasTerminal: false, until: end)
        request.streams = false
        let logged = try ContainerLog.arrivals(in: log.open(), request, hasTerminal: false, until: end)
        let directory = try log.open()
        let data = try directory.open("stdout.00000000.log", O_WRONLY | O_APPEND, resolution: .beneath)
        let index = try directory.open("stdout.00000000.index", O_WRONLY | O_APPEND, resolution: .beneath)
        #expect(write(data.number, "ne", 2) == 2)
        let record = [4, start + second, 2]
        #expect(record.withUnsafeBytes { write(index.number, $0.baseAddress, $0.count) } == 24)
        var iterator = attached.makeAsyncIterator()
        #expect(try await iterator.next() == OutputPiece(.output, Array("ne".utf8)))
        end.signal()
        #expect(try await iterator.next() == nil)
        #expect(try await both.texts() == ["1:old\n", "1:ne"])
        #expect(try await logged.texts() == ["1:old\n"])
    }

    @Test func `that something is missing`() async throws {
        let log = try WrittenLog(output: [(start, "one\n")])
        let index = try log.open().open("stdout.00000000.index", O_WRONLY | O_APPEND, resolution: .beneath)
        // A record whose flag says that so many bytes were dropped.
        let record: [UInt64] = [4, start + second, 77 | 1 << 32]
        #expect(record.withUnsafeBytes { write(index.number, $0.baseAddress, $0.count) } == 24)
        let pieces = try await log.lines()
        #expect(pieces.count == 2)
        #expect(pieces.last?.contains("about 77 bytes of output are missing") ?? false)
    }
}
