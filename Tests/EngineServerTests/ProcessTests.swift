// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineServer
import Glibc
import Linux
import Synchronization
import TestSupport
import Testing

/// Folders of an engine, whose process is gone with them.
private final class TestLocation: Sendable {
    let scratch: Scratch
    let location: EngineLocation

    init() throws {
        scratch = try Scratch()
        location = EngineLocation(root: scratch.path, environment: { _ in nil }, uid: geteuid())
    }

    deinit { stop() }

    var socket: String { location.socket }

    /// The process that has the lock; nil where nobody has.
    var engine: Int32? {
        guard let file = try? Descriptor.open(location.lock, O_RDWR),
            let isFree = try? file.lock(isExclusive: true, waits: false)
        else { return nil }
        if isFree {
            Self.unlock(file)
            return nil
        }
        return (try? readText(location.lock)).flatMap { Int32($0.filter(\.isNumber)) }
    }

    /// Waits until the engine has ended, by the lock that it then no longer has.
    func waitForEnd() async throws {
        let path = location.lock
        try await BlockingCall.run {
            let file = try Descriptor.open(path, O_RDWR)
            try file.lock(isExclusive: true)
            Self.unlock(file)
        }
    }

    /// Gives a lock back at once: closing alone leaves it to a child that another test is about to start.
    private static func unlock(_ file: borrowing Descriptor) { flock(file.number, LOCK_UN) }

    /// Ends the engine in order: one that is killed is started again by its keeper.
    func stop() {
        while let pid = engine {
            // The number may still be that of an engine before this one.
            guard let process = try? Descriptor.process(pid) else { continue }
            try? process.signal(SIGTERM)
            try? process.waitUntilReaped()
        }
    }

    func start(_ arguments: String..., environment: [String: String]? = nil) async throws -> Command.Outcome {
        try await run(
            Binaries.path(of: "wharfd"),
            ["--root", scratch.path] + arguments,
            environment: environment ?? ["PATH": "/usr/bin:/bin"]
        )
    }

    func connect() throws -> RawClient { try RawClient(socket) }

    func ping() async throws -> String {
        let client = try RawClient(socket)
        return try await client.exchange(request("GET", "/_ping", "Connection: close")).body
    }
}

@Suite struct `The engine's process` {
    @Test func `the start returns when the engine serves, and a second one finds it`() async throws {
        let place = try TestLocation()
        let first = try await place.start()
        #expect(first.end == .exit(0), "\(first.errors)")
        #expect(try await place.ping() == "OK")
        let engine = try #require(place.engine)
        #expect(getsid(engine) == engine)
        let second = try await place.start()
        #expect(second.end == .exit(0), "\(second.errors)")
        #expect(place.engine == engine)
    }

    @Test func `of many that start at once exactly one is left, and all say that it serves`() async throws {
        let place = try TestLocation()
        let ends = try await withThrowingTaskGroup(of: Command.End.self) { group in
            for _ in 0..<6 { group.addTask { try await place.start().end } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(ends == Array(repeating: .exit(0), count: 6))
        #expect(try await place.ping() == "OK")
        let engine = try #require(place.engine)
        kill(engine, SIGTERM)
        try await place.waitForEnd()
        // Nobody was waiting to take its place.
        #expect(place.engine == nil)
        #expect(access(place.socket, F_OK) != 0)
    }

    @Test(arguments: [SIGTERM, SIGINT]) func `a signal ends it, and its socket goes first`(signal: Int32) async throws {
        let place = try TestLocation()
        _ = try await place.start("--idle-timeout", "0")
        kill(try #require(place.engine), signal)
        try await place.waitForEnd()
        #expect(names(in: place.location.runtime) == ["engine.lock"])
    }

    @Test func `a client ends it`() async throws {
        let place = try TestLocation()
        _ = try await place.start()
        let answer = try await RawClient(place.socket).exchange(request("POST", "/wharf/v1/engine/stop"))
        #expect(answer.head.hasPrefix("HTTP/1.1 204 "))
        try await place.waitForEnd()
        #expect(access(place.socket, F_OK) != 0)
    }

    @Test func `it ends when nothing was asked for a while, but not under a request`() async throws {
        let (place, other) = (try TestLocation(), try TestLocation())
        // A connection that has not said anything yet counts like a request. On a busy machine the time may be over before it
        // is there; then the next engine is tried.
        var early: RawClient?
        while early == nil {
            _ = try await place.start("--idle-timeout", "1")
            early = try? place.connect()
        }
        let client = try #require(early)
        // The end of another engine, which starts later, tells that the time is over.
        _ = try await other.start("--idle-timeout", "1")
        try await other.waitForEnd()
        #expect(try await client.exchange(request("GET", "/_ping")).body == "OK")
        try await place.waitForEnd()
        #expect(try await client.receive() == nil)
        #expect(names(in: place.location.runtime) == ["engine.lock"])
    }

    @Test func `a socket that a killed engine has left is replaced`() async throws {
        let place = try TestLocation()
        _ = try await place.start()
        let killed = try #require(place.engine)
        kill(killed, SIGKILL)
        // Its keeper starts another one; whoever comes first, there is one in the end.
        #expect(try await place.start().end == .exit(0))
        #expect(try await place.ping() == "OK")
        #expect(place.engine != killed)
    }

    @Test func `a path that no socket can have is refused`() async throws {
        let place = try TestLocation()
        let folder = place.scratch / String(repeating: "a", count: 100)
        let outcome = try await run(Binaries.path(of: "wharfd"), ["--root", folder])
        #expect(outcome.end == .exit(1))
        #expect(outcome.errors.contains("the kernel takes 107; choose a shorter folder with --root or WHARF_ROOT"))
        #expect(!isFolder(folder))
    }

    @Test func `a folder that others can write to is refused`() async throws {
        let place = try TestLocation()
        chmod(place.scratch.path, 0o777)
        let outcome = try await place.start()
        #expect(outcome.end == .exit(1))
        #expect(outcome.errors.contains("others may write into the folder"))
    }

    @Test(.enabled(if: geteuid() == 0, "gives a folder away")) func `a folder of another user is refused`() async throws
    {
        let place = try TestLocation()
        chown(place.scratch.path, 65534, 65534)
        let outcome = try await place.start("--foreground")
        #expect(outcome.end == .exit(1))
        #expect(outcome.errors.contains("belongs to user 65534"))
    }

    @Test(arguments: [
        ["--root", "relative"], ["--idle-timeout", "-1"], ["--idle-timeout", "x"], ["--ready-fd", "999"], ["--unknown"],
        ["word"],
    ])
    func `a wrong command line is told`(arguments: [String]) async throws {
        let outcome = try await run(Binaries.path(of: "wharfd"), arguments)
        #expect(outcome.end == .exit(64))
        #expect(outcome.errors.hasPrefix("error: "))
    }
}

@Suite struct `A service manager` {
    /// A shell runs the engine with a descriptor that only it can give.
    private func shell(
        _ script: String,
        _ place: TestLocation,
        _ environment: [String: String] = [:]
    ) async throws -> Command.Outcome {
        var environment = environment
        environment["PATH"] = "/usr/bin:/bin"
        environment["WHARFD"] = Binaries.path(of: "wharfd")
        environment["ROOT"] = place.scratch.path
        return try await run("/bin/sh", ["-c", script], environment: environment)
    }

    @Test func `readiness comes to the descriptor that the starter gave`() async throws {
        let place = try TestLocation()
        let outcome = try await shell(#""$WHARFD" --root "$ROOT" --ready-fd 7 7>&1 >/dev/null | cat"#, place)
        #expect(outcome.output == "ready\n")
        #expect(try await place.ping() == "OK")
    }

    @Test func `so does the reason of a failure`() async throws {
        let place = try TestLocation()
        chmod(place.scratch.path, 0o777)
        let outcome = try await shell(#""$WHARFD" --root "$ROOT" --ready-fd 7 7>&1 >/dev/null 2>&1 | cat"#, place)
        #expect(outcome.output.hasPrefix("cannot start the engine: others may write into the folder"))
    }

    @Test func `a socket that is handed over is used, and left behind`() async throws {
        let place = try TestLocation()
        let path = place.scratch / "activated"
        let listener = try Descriptor.listeningStream(at: path)
        // The client is there before the engine.
        let client = try RawClient(path)
        try await client.send(request("GET", "/_ping"))
        let number = listener.number
        let pid = try spawnWithSocket(number, place)
        #expect(try await client.answer().body == "OK")
        #expect(place.engine == pid)
        kill(pid, SIGTERM)
        let end = try await BlockingCall.run { try Descriptor.process(pid).waitForProcess() }
        #expect(end == .exit(0))
        #expect(access(path, F_OK) == 0)
        #expect(access(place.socket, F_OK) != 0)
        _ = listener.number
    }

    @Test(arguments: [true, false]) func `the manager is notified`(isAbstract: Bool) async throws {
        let place = try TestLocation()
        let name = isAbstract ? "@\(place.scratch.path)" : place.scratch / "notify"
        let socket = try datagramSocket(name)
        let start = #""$WHARFD" --root "$ROOT" --idle-timeout 0"#
        let outcome = try await shell(start, place, ["NOTIFY_SOCKET": name])
        #expect(outcome.end == .exit(0), "\(outcome.errors)")
        try await Reactor.shared.wait(for: socket.number, .readable)
        #expect(
            try socket.receive(limit: 4096).map { String(decoding: $0, as: UTF8.self) } == "READY=1\nSTATUS=serving\n"
        )
        kill(try #require(place.engine), SIGTERM)
        try await Reactor.shared.wait(for: socket.number, .readable)
        #expect(try socket.receive(limit: 4096).map { String(decoding: $0, as: UTF8.self) } == "STOPPING=1\n")
        try await place.waitForEnd()
    }

    private func datagramSocket(_ name: String) throws -> Descriptor {
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if number < 0 { throw SystemError("socket", errno) }
        let result = Descriptor(owning: number)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, length) }
        }
        if bound != 0 { throw SystemError("bind", errno, on: name) }
        return result
    }

    /// Starts the engine as systemd does: with the socket as descriptor 3 and the process's own number in `LISTEN_PID`.
    private func spawnWithSocket(_ number: Int32, _ place: TestLocation) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, number, 3)
        let script = "LISTEN_PID=$$ LISTEN_FDS=1 exec '\(Binaries.path(of: "wharfd"))' --root '\(place.scratch.path)'"
        let texts: [String] = ["/bin/sh", "-c", script]
        var words: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, "/bin/sh", &actions, nil, &words, environ)
        if result != 0 { throw SystemError("posix_spawn", result) }
        return pid
    }
}
