// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import TestSupport
import Testing

@Suite(.everyLauncher) struct `The program` {
    @Test func `has the environment of the specification and nothing else`() throws {
        var container = try TestContainer(["/bin/env"])
        container.process.env = ["A=1", "EMPTY=", "B=x y=z", "NAMEONLY"]
        #expect(try container.run() == .init(end: .exit(0), output: "A=1\nEMPTY=\nB=x y=z\nNAMEONLY\n"))
        var empty = try TestContainer(["/bin/env"])
        empty.process.env = []
        #expect(try empty.run() == .init(end: .exit(0), output: ""))
    }

    @Test func `has its arguments as they are`() throws {
        let arguments = ["", "a b", "-x", "\"", "'", "é\n"]
        var container = try TestContainer(["sh", "-c", "for a in \"$0\" \"$@\"; do echo \"<$a>\"; done"] + arguments)
        #expect(try container.run().output == arguments.map { "<\($0)>\n" }.joined())
    }

    @Test func `may have arguments and an environment of 70 kB and more`() throws {
        let long = String(repeating: "x", count: 70_000)
        var container = try TestContainer(["sh", "-c", "echo ${#0} ${#1} ${#LONG}", long, long])
        container.process.env += ["LONG=" + long, "MORE=" + long]
        #expect(try container.run() == .init(end: .exit(0), output: "70000 70000 70000\n"))
    }

    @Test func `with arguments beyond the kernel's limit cannot be run`() throws {
        var container = try TestContainer(["echo", String(repeating: "x", count: 200_000)])
        let error = failure { _ = try container.run() }
        #expect(error == .exec(SystemError("execve", E2BIG, on: "echo")))
        #expect(error?.exitStatus == 126)
    }

    @Test func `with more text than a plan may hold is refused`() throws {
        var container = try TestContainer(["echo"])
        container.process.args += (0..<100).map { "\($0)" + String(repeating: "x", count: 100_000) }
        let error = failure { _ = try container.run() }
        #expect(error == .specification(field: "process.args", "the texts take more than 8 MiB"))
    }

    @Test func `with a zero byte in a text is refused`() throws {
        var container = try TestContainer(["echo", "a\0b"])
        let text = "a text holds a zero byte, which the kernel cannot take"
        #expect(failure { _ = try container.run() } == .specification(field: "process.args", text))
    }

    @Test(arguments: [
        ("tool", ["PATH=/nowhere:/etc/passwd:/a:/b"], "a"), ("tool", ["PATH=/b:/a"], "b"), ("/a/tool", [], "a"),
        ("a/tool", ["PATH=/b"], "a"), ("./tool", ["PATH=/b"], "here"), ("tool", ["PATH=/x", "PATH=/b"], "b"),
        ("tool", ["PATH=/plain:/b"], "b"), ("tool", ["PATH=" + String(repeating: "y", count: 5000) + ":/b"], "b"),
    ])
    func `is found by the search path of its environment`(name: String, environment: [String], found: String) throws {
        var container = try TestContainer(
            [name],
            files: ["a", "b", "here"].map { ("\($0)/tool", "#!/bin/busybox sh\necho \($0)\n") } + [("plain/tool", "")]
        )
        for folder in ["a", "b", "here"] { chmod(container.image + "/\(folder)/tool", 0o755) }
        container.process.env = environment
        container.process.cwd = name.hasPrefix("./") ? "/here" : "/"
        #expect(try container.run() == .init(end: .exit(0), output: found + "\n"))
    }

    @Test(arguments: [
        ("nothing", ["PATH=/bin"], ENOENT, 127), ("/bin/nothing", [], ENOENT, 127), ("/etc/passwd", [], EACCES, 126),
        ("/etc/passwd/x", [], ENOENT, 127), ("/bin", [], EACCES, 126), ("plain", ["PATH=/plain"], EACCES, 126),
        ("tool", [], ENOENT, 127), ("tool", ["PATH="], ENOENT, 127), ("tool", ["PATH=:/bin"], ENOENT, 127),
        ("/loop", [], ELOOP, 126), ("/broken", [], ENOEXEC, 126), ("/orphan", [], ENOENT, 127),
    ])
    func `that cannot be run has the status that shells give`(
        name: String,
        environment: [String],
        number: Int32,
        status: Int32
    ) throws {
        var container = try TestContainer(
            [name],
            files: [("plain/plain", ""), ("tool", "#!/bin/busybox sh\n"), ("broken", "x"), ("orphan", "#!/nowhere\n")],
            links: [("loop", "loop")]
        )
        for file in ["tool", "broken", "orphan"] { chmod(container.image + "/" + file, 0o755) }
        container.process.env = environment
        let error = failure { _ = try container.run() }
        #expect(error == .exec(SystemError("execve", number, on: name)))
        #expect(error?.exitStatus == status)
    }

    @Test func `that is missing from the specification is refused`() throws {
        for arguments in [[], [""]] {
            let error = failure { _ = try TestContainer.sh("") { $0.process.args = arguments } }
            #expect(error == .specification(field: "process.args", "is empty: there is no program to run"))
            #expect(error?.exitStatus == 125)
        }
    }

    @Test(arguments: [("/", "/"), ("/etc", "/etc"), ("/made/for/it", "/made/for/it"), ("/here/../etc/", "/etc")])
    func `runs in its folder, which is made if it is missing`(folder: String, found: String) throws {
        let outcome = try TestContainer.sh("pwd; readlink /proc/self/cwd", files: [("here/f", "")]) {
            $0.process.cwd = folder
        }
        #expect(outcome == .init(end: .exit(0), output: "\(found)\n\(found)\n"))
    }

    @Test(arguments: [
        ("/etc/passwd", ENOTDIR, "openat2"), ("/etc/passwd/x", ENOTDIR, "mkdir"), ("/dangling", ELOOP, "mkdir"),
    ])
    func `has no folder that is none`(folder: String, number: Int32, call: String) throws {
        var container = try TestContainer(links: [("dangling", "/not/there")])
        container.process.cwd = folder
        container.process.user = .init(uid: 1000, gid: 1000)
        let error = failure { _ = try container.run() }
        #expect(error == .setup("process.cwd", SystemError(call, number, on: folder)))
    }

    @Test func `has its three streams open and nothing else`() throws {
        // Files that are neither closed nor marked: what the embedding program may have done.
        let leaked = (0..<40).map { _ in open("/etc", O_RDONLY | O_DIRECTORY) }
        defer { for number in leaked { close(number) } }
        let script = "ls /proc/$$/fd; true"
        #expect(try TestContainer.sh(script).lines == ["0", "1", "2"])
        #expect(try TestContainer.sh(script) { $0.request.hasInit = true }.lines == ["0", "1", "2"])
        var container = try TestContainer()
        let specification = container.specification
        try container.whileRunning { running in
            let joined = try running.sh(script, in: specification)
            #expect(joined.lines == ["0", "1", "2"])
            #expect(names(in: "/proc/\(running.process.pid)/fd") == ["0", "1", "2"])
        }
    }

    @Test func `has signals as they are by default`() throws {
        signal(SIGPIPE, SIG_IGN)
        let outcome = try TestContainer.sh("grep -E 'Sig(Ign|Blk|Cgt)' /proc/1/status; yes 2>/dev/null") {
            $0.process.args = ["grep", "-E", "Sig(Ign|Blk|Cgt)", "/proc/self/status"]
        }
        #expect(
            outcome.lines == ["SigBlk", "SigIgn", "SigCgt"].map { "\($0):\t0000000000000000" }
        )
    }

    @Test func `can open its streams again although it is not root`() throws {
        let outcome = try TestContainer.sh("echo one >/dev/stdout; echo two >/dev/stderr") {
            $0.process.user = .init(uid: 1000, gid: 1000)
        }
        #expect(outcome == .init(end: .exit(0), output: "one\ntwo\n"))
    }

    @Test func `has a session and a keyring of its own`() throws {
        let outcome = try TestContainer.sh("cut -d' ' -f6 /proc/self/stat")
        #expect(outcome.output == "1\n")
    }
}

/// A part of a specification that is not supported.
private struct Unsupported: CustomTestStringConvertible, Sendable {
    var field: String
    var change: @Sendable (inout RuntimeSpec) -> Void
    var testDescription: String { field }

    init(_ field: String, _ change: @escaping @Sendable (inout RuntimeSpec) -> Void) {
        self.field = field
        self.change = change
    }

    static let all: [Unsupported] = [
        .init("hooks") {
            $0.hooks = .init()
            $0.hooks?.prestart = [.init(path: "/bin/true")]
        },
        .init("linux.netDevices") { $0.linux?.netDevices = ["eth0": .init()] },
        .init("linux.intelRdt") { $0.linux?.intelRdt = .init() },
        .init("process.selinuxLabel") { $0.process?.selinuxLabel = "x" },
        .init("process.selinuxLabel") { $0.process?.apparmorProfile = "x" },
        .init("process.scheduler") { $0.process?.scheduler = .init(policy: .batch) },
        .init("linux.namespaces") { $0.linux?.namespaces.append(.init(.time)) },
        .init("linux.namespaces") { $0.linux?.namespaces.append(.init(.pid)) },
        .init("process") { $0.process = nil },
        .init("process.cwd") { $0.process?.cwd = "relative" },
    ]
}

@Suite(.everyLauncher) struct `What is not supported` {
    @Test(arguments: Unsupported.all)
    fileprivate func `is refused, not ignored`(_ part: Unsupported) throws {
        let error = failure { _ = try TestContainer.sh("true") { part.change(&$0.specification) } }
        guard case .specification(let named, _) = try #require(error) else {
            Issue.record("not an early error: \(String(describing: error))")
            return
        }
        #expect(named == part.field)
    }
}
