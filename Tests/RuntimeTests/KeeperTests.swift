// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import RuntimeSupport
import TestSupport
import Testing

@Suite struct `The keeper` {
    @Test func `is small, alone in its mounts, and runs from memory that nobody can write`() throws {
        let keeper = try TestKeeper()
        let status = try readText("/proc/\(keeper.pid)/status")
        let resident = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        let kibibytes = try #require(resident.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) })
        #expect(kibibytes < 2048)
        #expect(status.contains("Threads:\t1\n"))
        let mounts = try readText("/proc/\(keeper.pid)/mountinfo").split(separator: "\n")
        #expect(mounts.map { $0.split(separator: " ")[4] } == ["/", "/dev/null", "/proc", "/sys"])
        let executable = open("/proc/\(keeper.pid)/exe", O_WRONLY | O_CLOEXEC)
        #expect(executable < 0)
        #expect(names(in: "/proc/\(keeper.pid)/fd").count <= 8)
    }

    @Test func `runs a container and tells how it ended`() throws {
        let keeper = try TestKeeper()
        var container = try TestContainer(["sh", "-c", "echo $$; exit 7"])
        container.request.name = "one"
        let watch = try keeper.client.watch()
        let outcome = try Launchers.$current.withValue(KeeperLauncher(keeper.client)) { try container.run() }
        #expect(outcome == .init(end: .exit(7), output: "1\n"))
        guard let news = try watch.next() else { throw SystemFailure(message: "no news") }
        #expect(news.name == "one")
        #expect(news.state == .ended(.exit(7)))
        #expect(news.ended > 0)
        try keeper.client.forget("one")
        #expect(throws: KeeperError.self) { try keeper.client.forget("one") }
        try keeper.client.quit()
    }

    @Test func `keeps a status until it is asked to forget it`() throws {
        let keeper = try TestKeeper()
        var container = try TestContainer(["sh", "-c", "kill -TERM 1; exit 3"])
        container.request.name = "one"
        _ = try Launchers.$current.withValue(KeeperLauncher(keeper.client)) { try container.run() }
        for _ in 0..<2 {
            var states: [KeptProcess.State] = []
            try keeper.client.forEachProcess { states.append($0.state) }
            #expect(states == [.ended(.exit(3))])
        }
    }

    @Test func `a failed start leaves nothing`() throws {
        let keeper = try TestKeeper()
        var container = try TestContainer(["/nowhere"])
        container.request.name = "one"
        let error = #expect(throws: LaunchError.self) {
            _ = try Launchers.$current.withValue(KeeperLauncher(keeper.client)) { try container.run() }
        }
        #expect(error?.exitStatus == 127)
        var count = 0
        try keeper.client.forEachProcess { _ in count += 1 }
        #expect(count == 0)
        #expect(names(in: "/proc/\(keeper.pid)/fd").count <= 8)
        #expect(try readText("/proc/\(keeper.pid)/task/\(keeper.pid)/children").isEmpty)
    }

    @Test func `keeps the failure of a start that was told where it is asked to`() async throws {
        let keeper = try TestKeeper()
        let supervisor = KeeperSupervisor(keeper.client, keepsFailures: true)
        var container = try TestContainer(["/nowhere"])
        container.request.name = "one"
        let error = #expect(throws: LaunchError.self) {
            _ = try Launchers.$current.withValue(supervisor) { try container.run() }
        }
        #expect(error?.exitStatus == 127)
        var states: [KeptProcess.State] = []
        try keeper.client.forEachProcess { states.append($0.state) }
        #expect(states == [.failed(ENOENT)])
        var news = try supervisor.ends().makeAsyncIterator()
        #expect(await news.next()?.failure == ENOENT)
        try keeper.client.forget("one")
        try keeper.client.quit()
        #expect(try readText("/proc/\(keeper.pid)/task/\(keeper.pid)/children").isEmpty)
    }

    @Test func `gives all descriptors back to one that reads late`() throws {
        let keeper = try TestKeeper()
        var container = try TestContainer(["sleep", "1000"])
        container.request.name = "one"
        try Launchers.$current.withValue(KeeperLauncher(keeper.client)) {
            let running = try container.start()
            // More than a socket takes that nobody reads: the kernel counts about 770 bytes for each packet.
            let sockets = [Int32](repeating: STDERR_FILENO, count: 1000)
            try keeper.client.holdSockets(sockets, for: "one")
            var tags: [UInt32] = []
            try keeper.client.forEachHeld(of: "one") { tag, _ in
                // It answers this when it has done for the other connection what it can.
                if tags.isEmpty { #expect(throws: Never.self) { try keeper.client.hello() } }
                tags.append(tag)
            }
            #expect(tags.sorted() == Array(KeeperClient.socketTags.prefix(sockets.count)))
            try running.process.signal(SIGKILL)
        }
    }

    @Test func `runs programs in a container, each a child of its own`() throws {
        let keeper = try TestKeeper()
        let launcher = KeeperLauncher(keeper.client)
        var test = try TestContainer(["sleep", "1000"])
        test.request.name = "one"
        let container = try Container.start(test.request, by: launcher)
        for index in 0..<5 {
            let pipe = try Pipe()
            let process = RuntimeSpec.Process(args: ["/bin/sh", "-c", "hostname; exit \(index)"])
            var request = ExecRequest(process, in: test.specification)
            request.name = "exec \(index)"
            let output = StandardStream.descriptor(pipe.writer.number)
            request.streams = .streams(input: .null, output: output, error: .null)
            let program = try container.exec(request)
            let text = try pipe.split { reader, writer in
                close(writer.release())
                return try readToEnd(reader)
            }
            #expect(text == "box\n")
            #expect(try program.wait() == .exit(Int32(index)))
            try keeper.client.forget("exec \(index)")
        }
        try container.process.signal(SIGKILL)
        #expect(try container.process.wait() == .signal(SIGKILL))
    }

    @Test func `another keeper takes a container over`() throws {
        var test = try TestContainer(["sh", "-c", "read line; exit 5"])
        test.request.name = "one"
        let input = try Pipe()
        test.request.streams = .streams(input: .descriptor(input.reader.number), output: .null, error: .null)
        let first = try TestKeeper()
        let container = try Container.start(test.request, by: KeeperLauncher(first.client))
        kill(first.pid, SIGKILL)
        let second = try TestKeeper()
        try second.client.adopt("one", pid: container.process.pid, pidfd: container.process.pidfd)
        try second.client.hold(input.writer, as: 9, for: "one")
        let watch = try second.client.watch()
        guard let before = try watch.next() else { throw SystemFailure(message: "no news") }
        #expect(before.state == .running)
        guard let writer = try second.client.fetch(9, of: "one") else { throw SystemFailure(message: "not held") }
        #expect(write(writer.number, "\n", 1) == 1)
        guard let after = try watch.next() else { throw SystemFailure(message: "no news") }
        #expect(after.state == .ended(.exit(5)))
    }
}
