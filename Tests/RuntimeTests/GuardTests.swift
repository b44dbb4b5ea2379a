// SPDX-License-Identifier: Apache-2.0

import CKeeper
import CLinux
import Glibc
import Linux
import Runtime
import RuntimeSupport
import TestSupport
import Testing

/// A program that a keeper guards; what it writes comes out of a pipe.
private final class GuardedEngine {
    let keeper: TestKeeper
    private let reader: Descriptor
    private var buffer: [UInt8] = []

    /// Guards a process that has ended, so that the program is started at once.
    init(_ script: String, environment: [String] = []) throws {
        keeper = try TestKeeper()
        let pipe = try Pipe()
        reader = try pipe.reader.duplicate()
        let program = GuardedProgram("/bin/sh", arguments: ["sh", "-c", script], environment: environment)
        let first = try Child()
        try keeper.client.guardProcess(first.pidfd, pid: first.pid, by: program, writingTo: pipe.writer)
        first.end()
    }

    /// The next line that a guarded program writes; nil where there will be none.
    func line() throws -> String? {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeSubrange(...end)
                return line
            }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let length = read(reader.number, &chunk, chunk.count)
            if length < 0, errno == EINTR { continue }
            guard length > 0 else { return nil }
            buffer += chunk[..<length]
        }
    }
}

/// A program of a test's own that does nothing.
private final class Child {
    let pid: pid_t
    let pidfd: Descriptor
    private var isEnded = false

    init() throws {
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("1000"), nil]
        defer { for argument in arguments { free(argument) } }
        let failure = posix_spawn(&pid, "/bin/sleep", nil, nil, &arguments, environ)
        guard failure == 0 else { throw SystemFailure("run", "/bin/sleep", failure) }
        self.pid = pid
        pidfd = try Descriptor.process(pid)
    }

    deinit { end() }

    func end() {
        if isEnded { return }
        isEnded = true
        try? pidfd.signal(SIGKILL)
        waitpid(pid, nil, 0)
    }
}

@Suite struct `The keeper guards the engine` {
    @Test func `which comes back however often it is killed, until the guard ends`() throws {
        let engine = try GuardedEngine("echo $$; exec sleep 1000")
        var pids: Set<Int32> = []
        for _ in 0..<4 {
            let pid = try #require(try engine.line().flatMap { Int32($0) })
            #expect(pids.insert(pid).inserted)
            if pids.count < 4 { kill(pid, SIGKILL) }
        }
        var kept = 0
        try engine.keeper.client.forEachProcess { _ in kept += 1 }
        #expect(kept == 0)
        try engine.keeper.client.unguard()
        let last = try readText("/proc/\(engine.keeper.pid)/task/\(engine.keeper.pid)/children")
            .split(separator: " ").compactMap { Int32($0) }
        #expect(last.count == 1)
        for pid in last { kill(pid, SIGKILL) }
        // Nobody has the other end any more: nothing will be started.
        #expect(try engine.line() == nil)
        #expect(names(in: "/proc/\(engine.keeper.pid)/fd").count <= 8)
    }

    @Test func `with pauses that grow where it dies at once`() throws {
        let start = ContinuousClock.now
        let engine = try GuardedEngine("echo started; exit 1")
        for _ in 0..<5 { #expect(try engine.line() == "started") }
        // At once, and after 100, 200, 400 and 800 ms.
        #expect(ContinuousClock.now - start >= .milliseconds(1500))
        let fields = try readText("/proc/\(engine.keeper.pid)/stat").split(separator: " ")
        let ticks = try #require(Int(fields[13])) + (try #require(Int(fields[14])))
        #expect(ticks * 1000 / sysconf(Int32(_SC_CLK_TCK)) < 750)
        try engine.keeper.client.unguard()
        #expect(try engine.line() == nil)
    }

    @Test func `in the mounts of whoever asked, in a session of its own`() throws {
        let script =
            "readlink /proc/self/ns/mnt; pwd; umask; echo $WORD; ls /proc/self/fd | wc -l; ps -o sid= -p $$; echo $$"
        let engine = try GuardedEngine("\(script); exec sleep 1000", environment: ["WORD=text", "PATH=/usr/bin:/bin"])
        #expect(try engine.line() == namespace("mnt"))
        #expect(try engine.line() == "/")
        #expect(try engine.line() == "0022")
        #expect(try engine.line() == "text")
        // The standard streams, and the one by which the folder is read.
        #expect(try engine.line()?.filter { $0 != " " } == "4")
        let session = try engine.line()?.filter { $0 != " " }
        let pid = try engine.line()
        #expect(session == pid)
        try engine.keeper.client.quit()
        if let number = pid.flatMap({ Int32($0) }) { kill(number, SIGKILL) }
    }

    @Test func `a new guard takes the place of the old one`() throws {
        let engine = try GuardedEngine("echo old $$; exec sleep 1000")
        let old = try #require(try engine.line()?.split(separator: " ").last.flatMap { Int32($0) })
        let process = try Descriptor.process(old)
        let pipe = try Pipe()
        let program = GuardedProgram("/bin/sh", arguments: ["sh", "-c", "echo new"], environment: [])
        try engine.keeper.client.guardProcess(process, pid: old, by: program, writingTo: pipe.writer)
        kill(old, SIGKILL)
        #expect(try engine.line() == nil)
        var text = [UInt8](repeating: 0, count: 4)
        #expect(read(pipe.reader.number, &text, 4) == 4)
        #expect(text == Array("new\n".utf8))
        try engine.keeper.client.unguard()
    }

    @Test func `a request that makes no sense changes nothing`() throws {
        let keeper = try TestKeeper()
        let child = try Child()
        let file = try Descriptor.open("/dev/null", O_RDONLY)
        let scratch = try Scratch()
        let large = try Descriptor.open(scratch.write("large", ""), O_RDWR)
        ftruncate(large.number, off_t(KEEPER_GUARD_PLAN) + 1)
        let process = child.pidfd.number
        let before = names(in: "/proc/\(keeper.pid)/fd").count
        let cases: [[Int32]] = [
            [], [file.number], [file.number, file.number], [file.number, process], [large.number, process],
            [file.number, process] + Array(repeating: file.number, count: Int(KEEPER_GUARD_DESCRIPTORS) + 1),
        ]
        for descriptors in cases {
            #expect(try error(of: KEEPER_GUARD, descriptors, keeper) == EINVAL, "\(descriptors.count)")
        }
        #expect(try error(of: KEEPER_UNGUARD, [], keeper) == 0)
        #expect(try error(of: KEEPER_ADOPT, [file.number], keeper) == EINVAL)
        #expect(try error(of: KEEPER_RELEASE, [], keeper) == ESRCH)
        #expect(throws: LaunchError.self) {
            let program = GuardedProgram("relative", arguments: ["x"], environment: [])
            try keeper.client.guardProcess(child.pidfd, pid: child.pid, by: program, writingTo: file)
        }
        _ = try keeper.client.hello()
        // The answer to the last request may come before its connection is closed.
        while names(in: "/proc/\(keeper.pid)/fd").count > before { sched_yield() }
    }

    private func error(of kind: keeper_request_kind, _ descriptors: [Int32], _ keeper: TestKeeper) throws -> Int32 {
        let number = clinux_connect(keeper.client.socket)
        guard number >= 0 else { throw SystemFailure("connect to", keeper.client.socket, -number) }
        let socket = Descriptor(owning: number)
        var request = keeper_request()
        request.magic = KEEPER_MAGIC
        request.version = UInt16(KEEPER_VERSION)
        request.kind = UInt16(kind.rawValue)
        let size = MemoryLayout<keeper_request>.size
        #expect(clinux_send_packet(socket.number, &request, size, descriptors, descriptors.count, 0) == Int64(size))
        var answer = keeper_answer()
        var count = 0
        let length = clinux_receive_packet(
            socket.number,
            &answer,
            MemoryLayout<keeper_answer>.size,
            nil,
            0,
            &count,
            0
        )
        try #require(length == Int64(MemoryLayout<keeper_answer>.size))
        return answer.error
    }
}

@Suite struct `A keeper with many processes` {
    @Test func `tells all of them, however slowly they are read`() throws {
        let keeper = try TestKeeper()
        let child = try Child()
        let count = 600
        for index in 0..<count { try keeper.client.adopt("\(index)", pid: child.pid, pidfd: child.pidfd) }
        let watch = try keeper.client.watch()
        // By now the keeper has said what the socket takes.
        var listed: Set<String> = []
        try keeper.client.forEachProcess { listed.insert($0.name) }
        #expect(listed.count == count)
        child.end()
        _ = try keeper.client.hello()
        var ended: Set<String> = []
        while ended.count < count, let process = try watch.next() {
            if process.state != .running { #expect(ended.insert(process.name).inserted) }
        }
        #expect(ended.count == count)
    }

    @Test func `does not end with the terminal or the session that started it`() throws {
        let keeper = try TestKeeper()
        #expect(getsid(keeper.pid) == keeper.pid)
        kill(keeper.pid, SIGHUP)
        #expect(try keeper.client.hello() == keeper.pid)
    }
}
