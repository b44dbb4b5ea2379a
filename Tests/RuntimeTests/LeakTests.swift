// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import OCI
import Runtime
import TestSupport
import Testing

/// What a start may not leave behind in this process and on this machine.
private struct Belongings: Equatable {
    var descriptors: [String]
    var mounts: String
    var hasChildren: Bool

    static func now() throws -> Belongings {
        Belongings(
            descriptors: names(in: "/proc/self/fd"),
            mounts: try readText("/proc/thread-self/mountinfo"),
            hasChildren: waitpid(-1, nil, WNOHANG) != -1 || errno != ECHILD
        )
    }
}

/// A step that fails, and how.
private let failures: [(name: String, change: @Sendable (inout TestContainer) throws -> Void)] = [
    ("a check", { $0.process.cwd = "relative" }),
    ("the plan", { $0.process.args.append("\0") }),
    ("a file of the host", { $0.bind("/nowhere", "/a") }),
    (
        "id maps",
        { container in
            container.mapUsers()
            container.linux.uidMappings = [.init(containerID: 1, hostID: 1000, size: 1)]
        }
    ),
    ("a namespace", { $0.linux.namespaces = [.init(.mount), .init(.pid), .init(.ipc, path: "/proc/self/ns/uts")] }),
    (
        "a namespace after a fork",
        { container in
            container.linux.namespaces.removeAll { $0.type == .pid }
            container.linux.namespaces.append(.init(.pid, path: "/proc/self/ns/pid"))
            container.specification.hostname = String(repeating: "x", count: 100)
        }
    ),
    ("a file system", { $0.specification.mounts.append(.init(destination: "/a", type: "nofs")) }),
    (
        "the option of one",
        { $0.specification.mounts.append(.init(destination: "/a", type: "tmpfs", options: ["x=y"])) }
    ),
    ("a destination", { $0.specification.mounts.append(.init(destination: "/etc/passwd/a", type: "tmpfs")) }),
    (
        "an id-mapped mount",
        { container in
            container.bind("/proc", "/a", ["idmap"])
            let last = container.specification.mounts.count - 1
            container.specification.mounts[last].uidMappings = [.init(containerID: 0, hostID: 1000, size: 1)]
            container.specification.mounts[last].gidMappings = [.init(containerID: 0, hostID: 1000, size: 1)]
        }
    ),
    ("a masked path", { $0.linux.maskedPaths.append("/etc/passwd/x") }),
    ("a kernel parameter", { $0.linux.sysctl["net.ipv4.nothing"] = "1" }),
    ("the host name", { $0.specification.hostname = String(repeating: "x", count: 100) }),
    ("a limit", { $0.process.rlimits = [.init(type: "RLIMIT_NICE", hard: 0, soft: 1)] }),
    ("the score", { $0.process.oomScoreAdj = 5000 }),
    ("a filter", { $0.request.filter = [1] }),
    ("capabilities", { $0.process.capabilities?.ambient = ["CAP_KILL"] }),
    ("the folder", { $0.process.cwd = "/etc/passwd" }),
    (
        "a terminal's folder",
        { container in
            container.request.streams = .terminal
            container.process.cwd = "/etc/passwd"
        }
    ),
    ("the program", { $0.process.args = ["/nowhere"] }),
    (
        "the program below an init",
        { container in
            container.request.hasInit = true
            container.process.args = ["/nowhere"]
        }
    ),
]

@Suite struct `A start leaves nothing behind` {
    @Test func `whatever the step that fails`() async {
        await #expect(processExitsWith: .success) {
            try separateMounts()
            for launcher in Launchers.all {
                try Launchers.$current.withValue(launcher) {
                    // Everything that is made once for the process is there after the first.
                    #expect(try TestContainer.sh("true") { $0.mapUsers() }.end == .exit(0))
                    let before = try Belongings.now()
                    for (name, change) in failures {
                        #expect(failure { _ = try TestContainer.sh("true", change) } != nil, "\(name)")
                        #expect(try Belongings.now() == before, "\(name)")
                    }
                }
            }
        }
    }

    @Test func `when it succeeds and the container has ended`() async {
        await #expect(processExitsWith: .success) {
            try separateMounts()
            for launcher in Launchers.all {
                try Launchers.$current.withValue(launcher) {
                    #expect(try TestContainer.sh("true").end == .exit(0))
                    let before = try Belongings.now()
                    for hasInit in [false, true] {
                        var container = try TestContainer()
                        container.request.hasInit = hasInit
                        container.bind("/etc", "/a")
                        let specification = container.specification
                        try container.whileRunning { running in
                            for script in ["exit 0", "exit 3", "exec /nowhere"] {
                                _ = try running.sh(script, in: specification)
                            }
                            #expect(
                                failure { _ = try running.sh("", in: specification) { $0.process.args = ["/x"] } }
                                    != nil
                            )
                            #expect(
                                failure { _ = try running.sh("", in: specification) { $0.process.cwd = "/x" } } != nil
                            )
                        }
                    }
                    #expect(try Belongings.now() == before)
                }
            }
        }
    }

    @Test func `when there are no descriptors left`() async {
        await #expect(processExitsWith: .success) {
            for launcher in Launchers.all {
                try Launchers.$current.withValue(launcher) {
                    #expect(try TestContainer.sh("true").end == .exit(0))
                    var container = try TestContainer()
                    let specification = container.specification
                    try container.whileRunning { running in
                        let before = names(in: "/proc/self/fd")
                        var outcomes: Set<String> = []
                        for room in 0..<14 {
                            outcomes.insert(try startProgram(in: running, specification, withRoomFor: room))
                            #expect(names(in: "/proc/self/fd") == before, "\(room)")
                        }
                        #expect(outcomes.contains("started") && outcomes.count > 1, "\(outcomes)")
                    }
                    #expect(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD)
                }
            }
        }
    }
}

@Suite struct `The state of the launching process` {
    @Test(arguments: [0o077, 0o777, 0] as [UInt32])
    func `its mask changes nothing of what is made`(mask: UInt32) async {
        await #expect(processExitsWith: .success) { [mask] in
            for launcher in Launchers.all {
                try Launchers.$current.withValue(launcher) {
                    var container = try TestContainer([
                        "stat", "-c", "%n %a", "/dev/null", "/dev", "/dev/shm", "/made", "/made/it",
                    ])
                    container.specification.mounts.append(.init(destination: "/made/it/all", type: "tmpfs"))
                    let old = umask(mask)
                    let outcome = try container.run()
                    umask(old)
                    #expect(
                        outcome.lines == ["/dev/null 666", "/dev 755", "/dev/shm 1777", "/made 755", "/made/it 755"]
                    )
                }
            }
        }
    }

    @Test func `closed streams of its own are no way into the container`() async {
        await #expect(processExitsWith: .success) {
            for launcher in Launchers.all {
                try Launchers.$current.withValue(launcher) {
                    var container = try TestContainer(["sh", "-c", "ls -l /proc/$$/fd; exit 5"])
                    container.process.cwd = "/etc/passwd"
                    var good = try TestContainer(["sh", "-c", "ls /proc/$$/fd; true"])
                    let streams = (0...2).map { fcntl(Int32($0), F_DUPFD_CLOEXEC, 10) }
                    for number in 0...2 { close(Int32(number)) }
                    let error = failure { _ = try container.run() }
                    let outcome = Result { try good.run() }
                    for (number, stream) in streams.enumerated() { dup2(stream, Int32(number)) }
                    #expect(error == .setup("process.cwd", SystemError("openat2", ENOTDIR, on: "/etc/passwd")))
                    #expect(try outcome.get() == .init(end: .exit(0), output: "0\n1\n2\n"))
                }
            }
        }
    }
}

/// Starts a program in a container with only so many free descriptors in this process.
private func startProgram(
    in container: borrowing Container,
    _ specification: RuntimeSpec,
    withRoomFor room: Int
) throws -> String {
    var request = ExecRequest(specification.process ?? .init(), in: specification)
    request.process.args = ["true"]
    request.streams = .terminal
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(7), &limit)
    let old = limit
    var fillers: [Int32] = []
    limit.rlim_cur = 200
    setrlimit(__rlimit_resource_t(7), &limit)
    while case let number = open("/", O_RDONLY | O_CLOEXEC), number >= 0 { fillers.append(number) }
    for _ in 0..<min(room, fillers.count) { close(fillers.removeLast()) }
    defer {
        for number in fillers { close(number) }
        var old = old
        setrlimit(__rlimit_resource_t(7), &old)
    }
    do {
        let process = try container.exec(request)
        _ = try process.wait()
        return "started"
    } catch {
        return "\(error)"
    }
}

/// Gives this thread a mount namespace of its own, where nobody else's mounts appear.
private func separateMounts() throws {
    guard clinux_unshare(Int32(bitPattern: UInt32(CLONE_NEWNS))) == 0 else {
        throw SystemFailure("unshare", "the mounts")
    }
    if mount(nil, "/", nil, UInt(CLinux.MS_REC | CLinux.MS_PRIVATE), nil) != 0 { throw SystemFailure("separate", "/") }
}
