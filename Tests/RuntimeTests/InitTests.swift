// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import TestSupport
import Testing

private func withInit(_ script: String) throws -> TestContainer {
    var container = try TestContainer(["sh", "-c", script])
    container.request.hasInit = true
    return container
}

@Suite(.everyLauncher) struct `An init` {
    @Test func `is the first process and the parent of the program`() throws {
        var container = try withInit("cat /proc/1/comm; echo $$ $PPID")
        #expect(try container.run() == .init(end: .exit(0), output: "init\n2 1\n"))
    }

    @Test func `has a command line of its own, and not that of its launcher`() throws {
        var container = try withInit("tr '\\0' '|' < /proc/1/cmdline")
        #expect(try container.run() == .init(end: .exit(0), output: "init|"))
    }

    @Test(arguments: [("exit 0", 0), ("exit 42", 42), ("kill -TERM $$", 143), ("kill -KILL $$", 137)])
    func `ends with the status of the program`(script: String, status: Int32) throws {
        var container = try withInit(script)
        #expect(try container.run().end == .exit(status))
    }

    @Test(arguments: [SIGTERM, SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGQUIT, SIGWINCH])
    func `passes signals on`(number: Int32) throws {
        let pipe = try Pipe()
        var container = try withInit(
            "trap 'exit 9' HUP INT QUIT TERM USR1 USR2 WINCH; echo ready; while :; do usleep 1000; done"
        )
        let running = try container.start(writingTo: pipe.writer.number)
        _ = try readAll(pipe.reader) { $0.contains("ready") }
        try running.process.signal(number)
        #expect(try running.process.wait() == .exit(9))
    }

    @Test func `reaps what the program leaves behind`() throws {
        // A grandchild outlives its parent and ends; a zombie of it would stay in the list.
        let script = """
            sh -c 'cat /fifo >/dev/null & echo $! >/pid'; read pid </pid; echo $(awk '/^PPid/{print $2}' /proc/$pid/status)
            echo x >/fifo; while [ -e /proc/$pid ]; do usleep 1000; done; echo gone
            """
        var container = try withInit("mkfifo /fifo; " + script)
        #expect(try container.run() == .init(end: .exit(0), output: "1\ngone\n"))
    }

    @Test func `reaps in a pid namespace that it shares as well`() throws {
        let script = """
            sh -c 'cat /fifo >/dev/null & echo $! >/pid'; read pid </pid
            [ $(awk '/^PPid/{print $2}' /proc/$pid/status) = $PPID ] && echo mine
            echo x >/fifo; while [ -e /proc/$pid ]; do usleep 1000; done; echo gone
            """
        var container = try withInit("mkfifo /fifo; " + script)
        container.linux.namespaces.removeAll { $0.type == .pid }
        #expect(try container.run() == .init(end: .exit(0), output: "mine\ngone\n"))
    }

    @Test func `takes all other processes along at its end`() throws {
        // The output ends with the last process that holds it.
        var container = try withInit("mkfifo /fifo; cat /fifo & exit 0")
        #expect(try container.run() == .init(end: .exit(0), output: ""))
    }

    @Test func `holds nothing open`() throws {
        var container = try withInit("ls /proc/1/fd | wc -l; cat /proc/1/environ /proc/1/maps; ls -l /proc/1/exe")
        container.process.capabilities = .init(containing: .all)
        let outcome = try container.run()
        #expect(outcome.lines.first == "0")
    }

    @Test func `waits at the gate`() throws {
        let gate = try Pipe()
        let pipe = try Pipe()
        var container = try withInit("echo ran; exit 4")
        container.request.gate = gate.reader.number
        let starting = try container.create(writingTo: pipe.writer.number)
        #expect(write(gate.writer.number, "x", 1) == 1)
        let process = try starting.waitUntilRunning()
        #expect(try process.wait() == .exit(4))
    }
}

@Suite(.everyLauncher) struct `A gate` {
    @Test func `holds the program back until it is opened`() throws {
        let gate = try Pipe()
        let pipe = try Pipe()
        var container = try TestContainer(["sh", "-c", "echo ran; hostname"])
        container.request.gate = gate.reader.number
        let starting = try container.create(writingTo: pipe.writer.number)
        #expect(try readText("/proc/\(starting.pid)/comm") != "sh\n")
        // Everything else is done: the root is the container's.
        var root = [CChar](repeating: 0, count: 16)
        #expect(readlink("/proc/\(starting.pid)/root", &root, 15) > 0)
        #expect(access("/proc/\(starting.pid)/root/bin/busybox", F_OK) == 0)
        #expect(write(gate.writer.number, "x", 1) == 1)
        let process = try starting.waitUntilRunning()
        #expect(try readAll(pipe.reader) { $0.contains("box") } == "ran\nbox\n")
        #expect(try process.wait() == .exit(0))
    }

    @Test func `whose opener has gone ends the container`() throws {
        let gate = try Pipe()
        var container = try TestContainer(["sh", "-c", "exit 0"])
        container.request.gate = gate.reader.number
        let starting = try container.create()
        gate.split { _, writer in _ = close(writer.release()) }
        do {
            _ = try starting.waitUntilRunning()
            Issue.record("the program ran")
        } catch {
            #expect(error.exitStatus == 125)
        }
    }

    @Test func `can be given up`() throws {
        let gate = try Pipe()
        var container = try TestContainer()
        container.request.gate = gate.reader.number
        let starting = try container.create()
        let pid = starting.pid
        try starting.abandon()
        #expect(kill(pid, 0) == -1)
    }

    @Test func `is needed to create`() throws {
        var container = try TestContainer()
        let error = failure { _ = try container.create() }
        #expect(error == .specification(field: "gate", "is missing: a container that is created needs one"))
    }

    @Test func `is not reached where a step fails`() throws {
        let gate = try Pipe()
        var container = try TestContainer()
        container.request.gate = gate.reader.number
        container.specification.hostname = String(repeating: "x", count: 65)
        #expect(failure { _ = try container.create() } != nil)
    }
}

@Suite(.everyLauncher) struct `Devices` {
    @Test func `of every container have their numbers and modes`() throws {
        let script =
            "stat -c '%n %F %t:%T %a %u:%g' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty; stat -c %a /dev /dev/shm /made"
        let outcome = try TestContainer.sh(script) {
            $0.specification.mounts.append(.init(destination: "/made/x", type: "tmpfs"))
        }
        let nodes = [
            ("null", "1:3"), ("zero", "1:5"), ("full", "1:7"), ("random", "1:8"), ("urandom", "1:9"), ("tty", "5:0"),
        ]
        #expect(
            outcome.lines
                == nodes.map { "/dev/\($0.0) character special file \($0.1) 666 0:0" } + ["755", "1777", "755"]
        )
    }

    @Test func `of every container have their links`() throws {
        let outcome = try TestContainer.sh("for l in fd stdin stdout stderr ptmx core; do readlink /dev/$l; done")
        #expect(
            outcome.lines == [
                "/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "pts/ptmx",
            ] + (access("/proc/kcore", F_OK) == 0 ? ["/proc/kcore"] : [])
        )
    }

    @Test func `of the specification are made with their folders, modes and owners`() throws {
        let outcome = try TestContainer.sh(
            "stat -c '%n %F %t:%T %a %u:%g' /dev/net/deep/tun /dev/net/b /dev/pipe /dev/null"
        ) {
            var tun = RuntimeSpec.Device(path: "/dev/net/deep/tun", type: .character, major: 10, minor: 200)
            (tun.fileMode, tun.uid, tun.gid) = (0o20640, 7, 8)
            var block = RuntimeSpec.Device(path: "/dev/net/b", type: .block, major: 259, minor: 70_000)
            block.fileMode = 0o600
            var null = RuntimeSpec.Device(path: "/dev/null", type: .unbuffered, major: 1, minor: 3)
            null.fileMode = 0o622
            $0.linux.devices = [tun, block, .init(path: "/dev/pipe", type: .fifo), null]
        }
        #expect(
            outcome.lines == [
                "/dev/net/deep/tun character special file a:c8 640 7:8",
                "/dev/net/b block special file 103:11170 600 0:0",
                "/dev/pipe fifo 0:0 666 0:0", "/dev/null character special file 1:3 622 0:0",
            ]
        )
    }

    @Test(arguments: ["/etc/node", "/dev/../etc/node", "/dev/", "/dev/a/../../node", "dev/node", "/dev"])
    func `lie in dev`(path: String) throws {
        let error = failure {
            _ = try TestContainer.sh("true") {
                $0.linux.devices = [.init(path: path, type: .character, major: 1, minor: 3)]
            }
        }
        #expect(error == .specification(field: "linux.devices", "`\(path)` does not lie in /dev"))
    }
}
