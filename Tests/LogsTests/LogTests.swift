// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Logs
import Runtime
import RuntimeSupport
import Synchronization
import TestSupport
import Testing

/// A process outside containers that writes to a log through a keeper.
final class Writer: Sendable {
    let scratch: Scratch
    let name: String
    let process: Descriptor
    private let pid: Int32
    /// The ends that keep what was written when the keeper dies.
    private let output: Descriptor
    private let error: Descriptor
    /// What standard output is moved by when it comes fast.
    let relay: Descriptor

    var directory: String { scratch / "log" }

    /// Starts a shell script that waits for its standard input to close before it writes; its `$0` is the path of a file
    /// that the test may make.
    init(_ script: String) throws {
        let scratch = try Scratch()
        try makeFolder(scratch / "log")
        let input = try Pipe()
        let output = try Pipe()
        let error = try Pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.reader.number, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writer.number, 1)
        posix_spawn_file_actions_adddup2(&actions, error.writer.number, 2)
        var pid: pid_t = 0
        let words: [String] = ["sh", "-c", "read start; \(script)", scratch / "go"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        let failure = posix_spawn(&pid, "/bin/sh", &actions, nil, &arguments, environ)
        guard failure == 0 else { throw SystemFailure("run", "/bin/sh", failure) }
        self.scratch = scratch
        self.pid = pid
        name = "writer \(pid)"
        process = try Descriptor.process(pid)
        self.output = try output.reader.duplicate()
        self.error = try error.reader.duplicate()
        relay = try Pipe.relay()
        gate = Mutex(try input.writer.duplicate().release())
    }

    private let gate: Mutex<Int32>

    deinit {
        try? process.signal(SIGKILL)
        waitpid(pid, nil, 0)
        start()
    }

    /// Has a keeper write the log.
    func pump(by keeper: TestKeeper, segmentSize: UInt64 = 10 << 20, segmentCount: UInt32 = 3, from: UInt32 = 0) throws
    {
        try keeper.client.adopt(name, pid: pid, pidfd: process)
        for stream: UInt32 in [1, 2] {
            var target = LogTarget(directory: directory, stream: stream)
            target.segmentSize = segmentSize
            target.segmentCount = segmentCount
            target.firstSegment = from
            if stream == 1 {
                target.relay = relay.number
                try keeper.client.pump(output, of: name, to: target)
            } else {
                try keeper.client.pump(error, of: name, to: target)
            }
        }
    }

    /// How many bytes are in the relay, and whether the process has ended.
    var relayed: Int32 {
        var count: Int32 = 0
        return ioctl(relay.number, UInt(FIONREAD), &count) == 0 ? count : 0
    }
    var hasEnded: Bool {
        var request = pollfd(fd: process.number, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) > 0
    }

    /// Lets the script go on.
    func start() {
        gate.withLock { gate in
            if gate >= 0 { close(gate) }
            gate = -1
        }
    }

    /// Waits until the keeper tells that the process has ended.
    func waitForEnd(_ keeper: TestKeeper) throws {
        // The keeper is not its parent: somebody else must reap it before the end can be told.
        waitpid(pid, nil, 0)
        let watch = try keeper.client.watch()
        while let news = try watch.next(), news.state == .running {}
    }

    /// Reads the whole log.
    func read(_ query: LogQuery = LogQuery()) throws -> [LogPiece] {
        let folder = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY)
        var reader = try LogReader(folder, query)
        var pieces: [LogPiece] = []
        while let piece = try reader.next(isEnd: true) { pieces.append(piece) }
        return pieces
    }
}

extension [LogPiece] {
    var text: String { String(decoding: flatMap(\.bytes), as: UTF8.self) }
}

@Suite struct `A log` {
    @Test func `has every line of both streams with its time`() throws {
        let keeper = try TestKeeper()
        let writer = try Writer("echo one; echo two >&2; echo three; printf four")
        try writer.pump(by: keeper)
        writer.start()
        try writer.waitForEnd(keeper)
        let pieces = try writer.read()
        let output = pieces.filter { $0.stream == .standardOutput }
        #expect(output.text == "one\nthree\nfour")
        #expect(pieces.filter { $0.stream == .standardError }.text == "two\n")
        #expect(pieces.allSatisfy { $0.time > 1_700_000_000_000_000_000 && $0.startsLine })
        #expect(pieces.map(\.time) == pieces.map(\.time).sorted())
    }

    @Test(arguments: [(0, ""), (1, "10\n"), (3, "8\n9\n10\n"), (10, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"), (99, nil)])
    func `its tail has the last lines`(count: Int, expected: String?) throws {
        let keeper = try TestKeeper()
        let writer = try Writer("seq 1 10")
        try writer.pump(by: keeper, segmentSize: 4, segmentCount: 100)
        writer.start()
        try writer.waitForEnd(keeper)
        var query = LogQuery()
        query.tail = count
        #expect(try writer.read(query).text == expected ?? (writer.read().text))
    }

    @Test func `can be read from one time to another`() throws {
        let keeper = try TestKeeper()
        let writer = try Writer("for i in 1 2 3 4 5; do echo $i; done")
        try writer.pump(by: keeper)
        writer.start()
        try writer.waitForEnd(keeper)
        let all = try writer.read()
        let (first, last) = (try #require(all.first), try #require(all.last))
        var query = LogQuery()
        query.since = last.time
        #expect(try writer.read(query).last == last)
        #expect(try writer.read(query).allSatisfy { $0.time >= last.time })
        query = LogQuery()
        query.until = first.time
        #expect(try writer.read(query).allSatisfy { $0.time <= first.time })
        query.since = last.time + 1
        query.until = nil
        #expect(try writer.read(query).isEmpty)
    }

    @Test func `keeps its last segments`() throws {
        let keeper = try TestKeeper()
        let writer = try Writer("seq 1 200000")
        try writer.pump(by: keeper, segmentSize: 100_000, segmentCount: 3)
        writer.start()
        try writer.waitForEnd(keeper)
        #expect(names(in: writer.directory).count { $0.hasSuffix(".log") && $0.hasPrefix("stdout") } == 3)
        let numbers = try writer.read().text.split(separator: "\n").compactMap { Int($0) }
        let first = try #require(numbers.dropFirst().first)
        #expect(Array(numbers.dropFirst()) == Array(first...200_000))
    }

    @Test func `loses no line while keepers are killed`() throws {
        let writer = try Writer("seq 1 1000000")
        var killed = 0
        var generator = SystemRandomNumberGenerator()
        var isStarted = false
        var ended = pollfd(fd: writer.process.number, events: Int16(POLLIN), revents: 0)
        while true {
            let keeper = try TestKeeper()
            let segments = names(in: writer.directory).filter { $0.hasPrefix("stdout") && $0.hasSuffix(".log") }
            let last = segments.compactMap { UInt32($0.split(separator: ".")[1]) }.max() ?? 0
            try writer.pump(by: keeper, segmentSize: 200_000, segmentCount: 1000, from: last)
            if !isStarted { writer.start() }
            isStarted = true
            // The end of the process, or a moment in which the keeper is at work.
            if poll(&ended, 1, Int32.random(in: 0...3, using: &generator)) > 0 {
                try writer.waitForEnd(keeper)
                break
            }
            kill(keeper.pid, SIGKILL)
            killed += 1
        }
        let text = try writer.read().text
        #expect(killed > 0)
        #expect(text == (1...1_000_000).map { "\($0)\n" }.joined())
    }

    @Test func `loses nothing of a fast writer, whose output takes the relay, while keepers are killed`() throws {
        let scratch = try Scratch()
        let padding = String(repeating: "x", count: 990)
        let text = (1...40_000).map { "\($0) \(padding)\n" }.joined()
        let file = try scratch.write("numbers", text)
        var left = 0
        // Until a keeper was killed that had something in the relay.
        while left == 0 {
            let writer = try Writer("cat \(file)")
            while true {
                let keeper = try TestKeeper()
                let segments = names(in: writer.directory).filter { $0.hasPrefix("stdout") && $0.hasSuffix(".log") }
                let last = segments.compactMap { UInt32($0.split(separator: ".")[1]) }.max() ?? 0
                try writer.pump(by: keeper, segmentSize: 2_000_000, segmentCount: 1000, from: last)
                writer.start()
                while !writer.hasEnded, left < 3, writer.relayed == 0 { sched_yield() }
                if left == 3 || writer.hasEnded {
                    try writer.waitForEnd(keeper)
                    break
                }
                kill(keeper.pid, SIGKILL)
                waitpid(keeper.pid, nil, 0)
                if writer.relayed > 0 { left += 1 }
            }
            #expect(try writer.read().text == text)
        }
    }

    @Test func `a disk that is full stops no writer and is told`() throws {
        let keeper = try TestKeeper()
        let writer = try Writer("seq 1 100000")
        let mounted = mount("tmpfs", writer.directory, "tmpfs", 0, "size=100k")
        try #require(mounted == 0)
        defer { umount2(writer.directory, Int32(MNT_DETACH)) }
        try writer.pump(by: keeper)
        writer.start()
        try writer.waitForEnd(keeper)
        let pieces = try writer.read()
        let kept = pieces.reduce(0) { $0 + $1.bytes.count }
        let dropped = pieces.reduce(0) { $0 + Int($1.droppedBefore) }
        #expect(kept > 0)
        #expect(dropped > 0)
        #expect(kept + dropped == 588_895)
    }
}
