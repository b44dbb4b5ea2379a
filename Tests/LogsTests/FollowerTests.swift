// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Logs
import RuntimeSupport
import TestSupport
import Testing

extension Writer {
    /// Follows the log.
    fileprivate func follow(_ end: EndSignal, _ change: (inout LogQuery) -> Void = { _ in }) throws -> LogFollower {
        var query = LogQuery()
        query.follows = true
        change(&query)
        return try LogFollower(Descriptor.open(directory, O_RDONLY | O_DIRECTORY), query, until: end)
    }

    /// The segments of standard output.
    fileprivate var segments: [String] {
        names(in: directory).filter { $0.hasPrefix("stdout") && $0.hasSuffix(".log") }
    }
}

extension LogFollower {
    /// All pieces up to the end.
    fileprivate func rest() async throws -> [LogPiece] {
        var pieces: [LogPiece] = []
        while let piece = try await next() { pieces.append(piece) }
        return pieces
    }
}

private func numbers(_ range: ClosedRange<Int>) -> String { range.map { "\($0)\n" }.joined() }

@Suite(.serialized) struct `Whoever follows a log` {
    @Test(arguments: [false, true])
    func `loses nothing, even if all is written before it reads`(isRaw: Bool) async throws {
        let keeper = try TestKeeper()
        let writer = try Writer("seq 1 300000")
        try writer.pump(by: keeper, segmentSize: 20_000, segmentCount: 3)
        let end = EndSignal()
        let follower = try writer.follow(end) { query in
            query.isRaw = isRaw
            query.tail = 0
        }
        writer.start()
        try writer.waitForEnd(keeper)
        end.signal()
        // What is kept for the one who is behind.
        #expect(writer.segments.count > 10)
        let pieces = try await follower.rest()
        #expect(pieces.allSatisfy { $0.droppedBefore == 0 && $0.stream == .standardOutput })
        #expect(pieces.text == numbers(1...300_000))
    }

    @Test(arguments: [false, true])
    func `reads while it is written, across many segments`(isRaw: Bool) async throws {
        let keeper = try TestKeeper()
        let writer = try Writer("seq 1 300000; printf end")
        try writer.pump(by: keeper, segmentSize: 20_000, segmentCount: 3)
        let end = EndSignal()
        let follower = try writer.follow(end) { $0.isRaw = isRaw }
        writer.start()
        async let pieces = follower.rest()
        try await BlockingCall.run { try writer.waitForEnd(keeper) }
        end.signal()
        #expect(try await pieces.text == numbers(1...300_000) + "end")
        let last = try #require(writer.segments.last?.split(separator: ".")[1])
        #expect(try #require(Int(last)) > 10)
    }

    @Test func `who has gone keeps no segment`() async throws {
        let keeper = try TestKeeper()
        let writer = try Writer("seq 1 100000; read go <\"$0\"; seq 1 100000")
        try makeFifo(writer.scratch / "go")
        try writer.pump(by: keeper, segmentSize: 20_000, segmentCount: 2)
        let end = EndSignal()
        var follower: LogFollower? = try writer.follow(end)
        writer.start()
        var text: [LogPiece] = []
        while let piece = try await follower?.next() {
            text.append(piece)
            if piece.bytes == Array("100000\n".utf8) { break }
        }
        follower = nil
        // The second half rotates, and takes along what was kept.
        try writeFile(writer.scratch / "go", Array("\n".utf8))
        try await BlockingCall.run { try writer.waitForEnd(keeper) }
        #expect(writer.segments.count == 2)
    }

    @Test func `gets what is no whole line at once where it wants it raw`() async throws {
        let keeper = try TestKeeper()
        let writer = try Writer("printf 'prompt> '; exec sleep 1000")
        try writer.pump(by: keeper)
        let follower = try writer.follow(EndSignal()) { $0.isRaw = true }
        writer.start()
        let piece = try #require(try await follower.next())
        #expect(piece.bytes == Array("prompt> ".utf8))
        #expect(piece.startsLine && !piece.endsLine)
    }

    @Test func `has both streams in the order of their times`() async throws {
        let keeper = try TestKeeper()
        let writer = try Writer("for i in 1 2 3 4 5 6 7 8; do echo $i; echo $i >&2; done")
        try writer.pump(by: keeper)
        let end = EndSignal()
        let follower = try writer.follow(end) { $0.isRaw = true }
        writer.start()
        try writer.waitForEnd(keeper)
        end.signal()
        let pieces = try await follower.rest()
        #expect(pieces.map(\.time) == pieces.map(\.time).sorted())
        for stream in LogStream.allCases {
            #expect(pieces.filter { $0.stream == stream }.text == numbers(1...8))
        }
    }

    @Test(arguments: [(0, ""), (1, "10\n"), (3, "8\n9\n10\n"), (99, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n")])
    func `begins with the last lines that it wants`(tail: Int, expected: String) async throws {
        let keeper = try TestKeeper()
        let writer = try Writer("seq 1 10; read go <\"$0\"; echo more")
        try makeFifo(writer.scratch / "go")
        try writer.pump(by: keeper, segmentSize: 4, segmentCount: 100)
        let end = EndSignal()
        let all = try writer.follow(end)
        writer.start()
        while let piece = try await all.next(), piece.bytes != Array("10\n".utf8) {}
        let follower = try writer.follow(end) { $0.tail = tail }
        try writeFile(writer.scratch / "go", Array("\n".utf8))
        try await BlockingCall.run { try writer.waitForEnd(keeper) }
        end.signal()
        #expect(try await follower.rest().text == expected + "more\n")
    }

    @Test func `stops at the last time that it wants, which may be to come`() async throws {
        let keeper = try TestKeeper()
        let writer = try Writer("echo one; exec sleep 1000")
        try writer.pump(by: keeper)
        let first = try writer.follow(EndSignal())
        writer.start()
        let piece = try #require(try await first.next())
        let past = try writer.follow(EndSignal()) { $0.until = piece.time - 1 }
        #expect(try await past.rest().isEmpty)
        let soon = try writer.follow(EndSignal()) { $0.until = piece.time + 300_000_000 }
        #expect(try await soon.rest() == [piece])
        let later = try writer.follow(EndSignal()) { query in
            query.since = piece.time + 1
            query.until = piece.time + 300_000_000
        }
        #expect(try await later.rest().isEmpty)
    }

    @Test func `waits for the end, and not after it`() async throws {
        let keeper = try TestKeeper()
        let writer = try Writer("exec sleep 1000")
        try writer.pump(by: keeper)
        let end = EndSignal()
        let follower = try writer.follow(end)
        async let piece = follower.next()
        async let ended: Void = end.wait()
        await Task.yield()
        end.signal()
        #expect(try await piece == nil)
        try await ended
        #expect(try await writer.follow(end).next() == nil)
        try await end.wait()
    }

    @Test func `is told what is missing where segments were removed`() async throws {
        let keeper = try TestKeeper()
        let writer = try Writer("seq 1 300000")
        try writer.pump(by: keeper, segmentSize: 20_000, segmentCount: 1000)
        writer.start()
        try writer.waitForEnd(keeper)
        let end = EndSignal()
        end.signal()
        let follower = try writer.follow(end) { $0.isRaw = true }
        let first = try #require(try await follower.next())
        #expect(writer.segments.count > 5)
        for name in writer.segments.prefix(3) { unlink("\(writer.directory)/\(name)") }
        let pieces = [first] + (try await follower.rest())
        let size = pieces.reduce(0) { $0 + $1.bytes.count }
        let gaps = pieces.filter { $0.droppedBefore > 0 }
        #expect(gaps.count == 1)
        #expect(size < numbers(1...300_000).utf8.count)
        #expect(pieces.text.hasSuffix("\n300000\n"))
    }

    @Test func `leaves nothing open when it is cancelled`() async {
        await #expect(processExitsWith: .success) {
            let keeper = try TestKeeper()
            let writer = try Writer("echo one; exec sleep 1000")
            try writer.pump(by: keeper)
            writer.start()
            _ = try await writer.follow(EndSignal()).next()
            let before = names(in: "/proc/self/fd").count
            for _ in 0..<3 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let follower = try writer.follow(EndSignal())
                    group.addTask {
                        while try await follower.next() != nil {}
                        Issue.record("nobody has ended it")
                    }
                    group.cancelAll()
                    await #expect(throws: CancellationError.self) { try await group.next() }
                }
            }
            #expect(names(in: "/proc/self/fd").count == before)
        }
    }

    @Test func `may be one of more than inotify has instances`() async throws {
        let keeper = try TestKeeper()
        let writer = try Writer("echo one; exec sleep 1000")
        try writer.pump(by: keeper)
        var followers: [LogFollower] = []
        for _ in 0..<200 { followers.append(try writer.follow(EndSignal())) }
        writer.start()
        for follower in followers { #expect(try await follower.next()?.bytes == Array("one\n".utf8)) }
    }
}

@Suite struct `A log that is not followed` {
    @Test func `ends where it ended when it was opened`() async throws {
        let keeper = try TestKeeper()
        let writer = try Writer("while echo line; do :; done")
        try writer.pump(by: keeper)
        let first = try writer.follow(EndSignal())
        writer.start()
        _ = try await first.next()
        let follower = try writer.follow(EndSignal()) { $0.follows = false }
        #expect(try await follower.rest().allSatisfy { $0.startsLine })
    }
}

private func makeFifo(_ path: String) throws {
    if mkfifo(path, 0o600) != 0 { throw SystemFailure("make", path) }
}
