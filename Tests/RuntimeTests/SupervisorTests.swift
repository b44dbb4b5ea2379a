// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import RuntimeSupport
import TestSupport
import Testing

/// Who keeps processes: each of them has to pass the same tests.
enum SupervisorKind: String, CaseIterable, Codable, Sendable {
    case embedded, keeper
}

/// A supervisor of a test's own; its processes end with it.
private final class TestSupervisor: Sendable {
    let supervisor: any Supervisor
    private let keeper: TestKeeper?

    init(_ kind: SupervisorKind) throws {
        switch kind {
        case .embedded:
            keeper = nil
            supervisor = try EmbeddedSupervisor()
        case .keeper:
            let keeper = try TestKeeper()
            self.keeper = keeper
            supervisor = KeeperSupervisor(keeper.client)
        }
    }

    /// How many processes are kept.
    func count() throws -> Int {
        var count = 0
        try supervisor.forEachProcess { _ in count += 1 }
        return count
    }

    /// Starts a container under a name.
    func start(_ test: inout TestContainer, as name: String, writingTo output: Int32? = nil) throws -> Container {
        test.request.name = name
        return try Container.start(test.finishedRequest(writingTo: output, readingFrom: nil), by: supervisor)
    }

    /// Whether something is held under a tag.
    func holds(_ tag: UInt32, for name: String) throws -> Bool {
        guard let descriptor = try supervisor.fetch(tag, of: name) else { return false }
        _ = consume descriptor
        return true
    }
}

@Suite(.serialized) struct `Whoever keeps processes` {
    @Test(arguments: SupervisorKind.allCases)
    func `tells how each one ended`(kind: SupervisorKind) async throws {
        let test = try TestSupervisor(kind)
        var news = try test.supervisor.ends().makeAsyncIterator()
        var first = try TestContainer(["sh", "-c", "exit 7"])
        _ = try test.start(&first, as: "first")
        var told = try #require(await news.next())
        #expect(told.name == "first")
        #expect(told.end == .exit(7))
        #expect(told.time > 1_700_000_000_000_000_000)
        var second = try TestContainer(["sleep", "1000"])
        let container = try test.start(&second, as: "second")
        try container.process.signal(SIGKILL)
        #expect(try container.process.wait() == .signal(SIGKILL))
        told = try #require(await news.next())
        #expect(told.name == "second")
        #expect(told.end == .signal(SIGKILL))
        #expect(told.pid == container.process.pid)
    }

    @Test(arguments: SupervisorKind.allCases)
    func `tells what ended before somebody listened, until it is forgotten`(kind: SupervisorKind) async throws {
        let test = try TestSupervisor(kind)
        var container = try TestContainer(["sh", "-c", "exit 3"])
        _ = try test.start(&container, as: "one").process.wait()
        for _ in 0..<2 {
            var news = try test.supervisor.ends().makeAsyncIterator()
            #expect(await news.next()?.end == .exit(3))
        }
        try test.supervisor.forget("one")
        #expect(throws: KeeperError.self) { try test.supervisor.forget("one") }
        #expect(try test.count() == 0)
    }

    @Test(arguments: SupervisorKind.allCases)
    func `does not forget what runs, and gives no name twice`(kind: SupervisorKind) async throws {
        let test = try TestSupervisor(kind)
        var container = try TestContainer(["sleep", "1000"])
        let running = try test.start(&container, as: "one")
        #expect(throws: KeeperError.refused("forget one", SystemError("request", EBUSY))) {
            try test.supervisor.forget("one")
        }
        var other = try TestContainer()
        #expect(throws: LaunchError.self) { _ = try test.start(&other, as: "one") }
        #expect(throws: LaunchError.self) { _ = try test.start(&other, as: String(repeating: "x", count: 72)) }
        #expect(try test.count() == 1)
        try running.process.signal(SIGKILL)
        #expect(try running.process.wait() == .signal(SIGKILL))
    }

    @Test(arguments: SupervisorKind.allCases)
    func `has everything in the log before it tells an end`(kind: SupervisorKind) async throws {
        let test = try TestSupervisor(kind)
        let scratch = try Scratch()
        var news = try test.supervisor.ends().makeAsyncIterator()
        var container = try TestContainer(["sh", "-c", "seq 1 100000 & seq 200001 300000 >&2; wait"])
        let output = try Pipe()
        let errors = try Pipe()
        container.request.name = "one"
        let streams = StandardStreams.streams(
            input: .null,
            output: .descriptor(output.writer.number),
            error: .descriptor(errors.writer.number)
        )
        container.request.streams = streams
        _ = try Container.start(container.request, by: test.supervisor)
        try test.supervisor.pump(output.reader, of: "one", to: LogTarget(directory: scratch.path, stream: 1))
        try test.supervisor.pump(errors.reader, of: "one", to: LogTarget(directory: scratch.path, stream: 2))
        #expect(await news.next()?.end == .exit(0))
        #expect(try scratch.text("stdout.00000000.log") == (1...100_000).map { "\($0)\n" }.joined())
        #expect(try scratch.text("stderr.00000000.log") == (200_001...300_000).map { "\($0)\n" }.joined())
    }

    @Test(arguments: SupervisorKind.allCases)
    func `writes the log of a terminal and holds it`(kind: SupervisorKind) async throws {
        let test = try TestSupervisor(kind)
        let scratch = try Scratch()
        var news = try test.supervisor.ends().makeAsyncIterator()
        var container = try TestContainer(["sh", "-c", "read line; echo \"<$line>\"; exit 4"])
        container.request.streams = .terminal
        _ = try test.start(&container, as: "one")
        guard let master = try test.supervisor.fetch(0, of: "one") else { throw SystemFailure(message: "no terminal") }
        try test.supervisor.pump(master, of: "one", to: LogTarget(directory: scratch.path, stream: 1))
        #expect(write(master.number, "abc\n", 4) == 4)
        #expect(await news.next()?.end == .exit(4))
        let text = try scratch.text("stdout.00000000.log")
        #expect(text == "abc\r\n<abc>\r\n")
    }

    @Test(arguments: SupervisorKind.allCases)
    func `holds descriptors until they are released or forgotten`(kind: SupervisorKind) async throws {
        let test = try TestSupervisor(kind)
        var container = try TestContainer(["sleep", "1000"])
        let running = try test.start(&container, as: "one")
        let (first, second) = (try HeldPipe(), try HeldPipe())
        try first.hold(as: 70, by: test.supervisor, for: "one")
        try second.hold(as: 71, by: test.supervisor, for: "one")
        #expect(try test.holds(70, for: "one"))
        #expect(!first.isClosed && !second.isClosed)
        try test.supervisor.release(70, of: "one")
        try test.supervisor.release(70, of: "one")
        #expect(try !test.holds(70, for: "one"))
        first.waitUntilClosed()
        #expect(!second.isClosed)
        let third = try HeldPipe()
        try third.hold(as: 71, by: test.supervisor, for: "one")
        second.waitUntilClosed()
        #expect(!third.isClosed)
        #expect(throws: KeeperError.self) { try test.supervisor.release(71, of: "two") }
        try running.process.signal(SIGKILL)
        _ = try running.process.wait()
        #expect(!third.isClosed)
        try test.supervisor.forget("one")
        third.waitUntilClosed()
    }

    @Test(arguments: SupervisorKind.allCases)
    func `a start that fails leaves nothing and is no news`(kind: SupervisorKind) async throws {
        let test = try TestSupervisor(kind)
        var news = try test.supervisor.ends().makeAsyncIterator()
        for index in 0..<10 {
            var container = try TestContainer(["/nowhere"])
            let error = #expect(throws: LaunchError.self) { _ = try test.start(&container, as: "failed \(index)") }
            #expect(error?.exitStatus == 127)
            #expect(try test.count() == 0)
        }
        var container = try TestContainer(["sh", "-c", "exit 1"])
        _ = try test.start(&container, as: "one")
        #expect(await news.next()?.name == "one")
    }

    @Test(arguments: SupervisorKind.allCases)
    func `tells each of many quick ends once`(kind: SupervisorKind) async throws {
        let test = try TestSupervisor(kind)
        var base = try TestContainer(["sleep", "1000"])
        let container = try test.start(&base, as: "base")
        var news = try test.supervisor.ends().makeAsyncIterator()
        var failed = 0
        for index in 0..<200 {
            let program = index % 10 == 9 ? ["/nowhere"] : ["/bin/sh", "-c", "exit \(index % 7)"]
            var request = ExecRequest(RuntimeSpec.Process(args: program), in: base.specification)
            request.name = "exec \(index)"
            do {
                _ = try container.exec(request)
            } catch {
                #expect(error.exitStatus == 127)
                failed += 1
            }
        }
        #expect(failed == 20)
        var told: [String: ProcessEnd?] = [:]
        while told.count < 180, let end = await news.next() {
            #expect(told.updateValue(end.end, forKey: end.name) == nil)
            try test.supervisor.forget(end.name)
        }
        for index in 0..<200 where index % 10 != 9 { #expect(told["exec \(index)"] == .exit(Int32(index % 7))) }
        try container.process.signal(SIGKILL)
        #expect(await news.next()?.name == "base")
    }

    @Test(arguments: SupervisorKind.allCases)
    func `leaves no descriptor open`(kind: SupervisorKind) async {
        await #expect(processExitsWith: .success) { [kind] in
            let test = try TestSupervisor(kind)
            let (before, rounds) = (names(in: "/proc/self/fd").count, 8)
            for index in 0..<rounds {
                let scratch = try Scratch()
                var news = try test.supervisor.ends().makeAsyncIterator()
                var container = try TestContainer(["sh", "-c", "echo text"])
                let pipe = try Pipe()
                _ = try test.start(&container, as: "\(index)", writingTo: pipe.writer.number)
                try test.supervisor.hold(pipe.reader, as: 9, for: "\(index)")
                try test.supervisor.pump(pipe.reader, of: "\(index)", to: LogTarget(directory: scratch.path, stream: 1))
                #expect(await news.next()?.end == .exit(0))
                try test.supervisor.forget("\(index)")
                var failing = try TestContainer(["/nowhere"])
                #expect(throws: LaunchError.self) { _ = try test.start(&failing, as: "failing") }
            }
            // What listens to a keeper has a connection, which its thread closes in its own time; what a process opens once is
            // no leak.
            var after = names(in: "/proc/self/fd").count
            while after >= before + rounds {
                sched_yield()
                after = names(in: "/proc/self/fd").count
            }
            #expect(after < before + rounds)
        }
    }

    @Test func `holds sockets for others to come until the process ends`() async throws {
        let test = try TestSupervisor(.keeper)
        var news = try test.supervisor.ends().makeAsyncIterator()
        var sleeping = try TestContainer(["sleep", "1000"])
        let container = try test.start(&sleeping, as: "one")
        // More than one packet takes.
        let pipe = try Pipe()
        let numbers = [pipe.reader.number] + [Int32](repeating: pipe.writer.number, count: 299)
        try test.supervisor.holdSockets(numbers, for: "one")
        try test.supervisor.hold(pipe.writer, as: 7, for: "one")
        var held = try test.supervisor.heldSockets(of: "one")
        try #require(held.keys.sorted() == Array(0..<300))
        try held[299]?.descriptor.write([42])
        var byte: UInt8 = 0
        #expect(read(held[0]?.number ?? -1, &byte, 1) == 1 && byte == 42)
        try test.supervisor.releaseSockets(from: 2, of: "one")
        held = try test.supervisor.heldSockets(of: "one")
        #expect(held.keys.sorted() == [0, 1])
        try container.process.signal(SIGKILL)
        #expect(await news.next()?.name == "one")
        #expect(try test.supervisor.heldSockets(of: "one").isEmpty)
        #expect(try test.holds(7, for: "one"))
        #expect(throws: KeeperError.self) { try test.supervisor.holdSockets([STDERR_FILENO], for: "nobody") }
        try test.supervisor.forget("one")
    }

    @Test func `embedded ones end with the supervisor`() async throws {
        var container = try TestContainer(["sleep", "1000"])
        var test: TestSupervisor? = try TestSupervisor(.embedded)
        var news = try #require(try test?.supervisor.ends()).makeAsyncIterator()
        let running = try #require(test).start(&container, as: "one")
        let pidfd = try running.process.pidfd.duplicate()
        _ = consume running
        test = nil
        try pidfd.waitUntilReaped()
        while let end = await news.next() { #expect(end.end == .signal(SIGKILL)) }
    }

    @Test func `embedded ones end with the process`() async throws {
        let scratch = try Scratch()
        let path = scratch / "pid"
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            var container = try TestContainer(["sleep", "1000"])
            let test = try TestSupervisor(.embedded)
            let running = try test.start(&container, as: "one")
            try writeFile(path, Array("\(running.process.pid)".utf8))
            kill(getpid(), SIGKILL)
            withExtendedLifetime(test) {}
        }
        let pid = try #require(Int32(try scratch.text("pid")))
        // Whoever inherited it reaps it.
        if let process = try? Descriptor.process(pid) { try process.waitUntilReaped() }
        #expect(kill(pid, 0) != 0)
    }
}

/// A pipe whose writing end somebody else holds.
private final class HeldPipe {
    private let reader: Descriptor
    private var writer: Descriptor?

    init() throws {
        let pipe = try Pipe()
        reader = try pipe.reader.duplicate()
        writer = try pipe.writer.duplicate()
    }

    func hold(as tag: UInt32, by supervisor: any Supervisor, for name: String) throws {
        guard let writer = writer.take() else { throw SystemFailure(message: "held already") }
        try supervisor.hold(writer, as: tag, for: name)
    }

    /// Whether nobody can write any more.
    var isClosed: Bool {
        var request = pollfd(fd: reader.number, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) == 1 && request.revents & Int16(POLLHUP) != 0
    }

    /// Waits until nobody can write any more: what another test clones meanwhile has a copy of everything until its execve(2).
    func waitUntilClosed() {
        var request = pollfd(fd: reader.number, events: 0, revents: 0)
        while poll(&request, 1, -1) < 0, errno == EINTR {}
    }
}
