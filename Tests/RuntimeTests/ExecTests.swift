// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import TestSupport
import Testing

@Suite(.everyLauncher) struct `A program that joins a container` {
    @Test func `is in all namespaces of the container and seen there`() throws {
        var container = try TestContainer()
        let specification = container.specification
        try container.whileRunning { running in
            let files = ["cgroup", "ipc", "mnt", "net", "pid", "uts"]
            let script =
                files.map { "readlink /proc/self/ns/\($0)" }.joined(separator: ";") + "; ps -o pid,args; echo $PPID"
            let outcome = try running.sh(script, in: specification)
            #expect(outcome.end == .exit(0))
            let expected = try files.map { try namespace($0, of: "\(running.process.pid)") }
            #expect(Array(outcome.lines.prefix(files.count)) == expected)
            #expect(outcome.lines.contains { $0.hasSuffix(" cat") })
            #expect(outcome.lines.contains { $0.contains("readlink /proc/self/ns/cgroup") })
            #expect(outcome.lines.last == "0")
        }
    }

    @Test func `has its own user, folder, environment, groups and status`() throws {
        var container = try TestContainer(files: [("there/f", "")])
        let specification = container.specification
        try container.whileRunning { running in
            let outcome = try running.sh("id -u; id -g; id -G; pwd; echo $A; umask; exit 9", in: specification) {
                $0.process.user = .init(uid: 11, gid: 12, additionalGids: [13])
                $0.process.user.umask = 0o027
                $0.process.cwd = "/there"
                $0.process.env.append("A=b")
            }
            #expect(outcome == .init(end: .exit(9), output: "11\n12\n12 13\n/there\nb\n0027\n"))
            let killed = try running.sh("kill -9 $$", in: specification)
            #expect(killed.end == .signal(9))
        }
    }

    @Test func `has a terminal whose name is the container's`() throws {
        var container = try TestContainer()
        let specification = container.specification
        try container.whileRunning { running in
            for user in [0, 1000] as [UInt32] {
                var process = specification.process ?? .init()
                process.args = [
                    "sh", "-c", "tty; [ -c $(tty) ] && stat -c %u:%g $(tty); stty size; echo out >/dev/tty",
                ]
                process.user = .init(uid: user, gid: user)
                process.consoleSize = .init(height: 5, width: 6)
                var request = ExecRequest(process, in: specification)
                request.streams = .terminal
                let joined = try running.exec(request)
                let output = try readToEnd(joined.master())
                // The number is the next that is free; the first may be in use still.
                #expect(output.hasPrefix("/dev/pts/") && output.hasSuffix("\r\n\(user):5\r\n5 6\r\nout\r\n"))
                #expect(try joined.wait() == .exit(0))
            }
        }
    }

    @Test func `reports and terminals come in order, however often`() throws {
        var container = try TestContainer()
        let specification = container.specification
        try container.whileRunning { running in
            var request = ExecRequest(specification.process ?? .init(), in: specification)
            request.streams = .terminal
            for _ in 0..<100 {
                request.process.args = ["true"]
                let joined = try running.exec(request)
                _ = try joined.master()
                #expect(try joined.wait() == .exit(0))
                request.process.args = ["/nowhere"]
                #expect(failure { _ = try running.exec(request) }?.exitStatus == 127)
            }
        }
    }

    @Test(arguments: [("/nowhere", ENOENT), ("/etc/passwd", ENOTDIR)])
    func `needs a folder that is there`(folder: String, number: Int32) throws {
        var container = try TestContainer()
        let specification = container.specification
        try container.whileRunning { running in
            let error = failure { _ = try running.sh("true", in: specification) { $0.process.cwd = folder } }
            #expect(error == .setup("process.cwd", SystemError("openat2", number, on: folder)))
        }
    }

    @Test func `runs a script`() throws {
        var container = try TestContainer(files: [("bin/script", "#!/bin/sh\necho $0 $1; exit 4\n")])
        chmod(container.image + "/bin/script", 0o755)
        let specification = container.specification
        try container.whileRunning { running in
            let outcome = try running.sh("", in: specification) { $0.process.args = ["script", "x"] }
            #expect(outcome == .init(end: .exit(4), output: "/bin/script x\n"))
        }
    }

    @Test func `ends with the container`() throws {
        var container = try TestContainer()
        let specification = container.specification
        try container.whileRunning { running in
            var request = ExecRequest(specification.process ?? .init(), in: specification)
            request.process.args = ["sh", "-c", "mkfifo /fifo; cat /fifo"]
            let joined = try running.exec(request)
            try running.process.signal(SIGKILL)
            // The first process is not seen to have ended before all others of its pid namespace are reaped.
            #expect(try joined.wait() == .signal(SIGKILL))
        }
    }

    @Test func `finds no container that has ended`() throws {
        var container = try TestContainer()
        let specification = container.specification
        let running = try container.start()
        _ = try running.process.wait()
        let error = failure { _ = try running.sh("true", in: specification) }
        #expect(error == .setup("the container's namespaces", SystemError("setns", ESRCH)))
    }
}
