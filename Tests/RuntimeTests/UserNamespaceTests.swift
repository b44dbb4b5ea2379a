// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import TestSupport
import Testing

/// The owner of a file.
func owner(of path: String) throws -> [UInt32] {
    var status = stat()
    guard lstat(path, &status) == 0 else { throw SystemFailure("look at", path) }
    return [status.st_uid, status.st_gid]
}

@Suite(.everyLauncher) struct `A user namespace` {
    @Test func `maps ids as it says, inside and outside`() throws {
        let scratch = try Scratch()
        chmod(scratch.path, 0o777)
        let outcome = try TestContainer.sh("id -u; id -g; touch /out/f; cat /proc/self/uid_map") {
            $0.mapUsers()
            $0.bind(scratch.path, "/out")
        }
        #expect(outcome.end == .exit(0))
        #expect(outcome.lines.prefix(2) == ["0", "0"])
        #expect(outcome.lines.last?.split(separator: " ") == ["0", "100000", "65536"])
        #expect(try owner(of: scratch / "f") == [100_000, 100_000])
    }

    @Test func `has root's rights over its own namespaces only`() throws {
        let outcome = try TestContainer.sh(
            "ip link set lo up && echo net; hostname other && echo uts; cat /host/secret"
        ) {
            $0.mapUsers()
            $0.process.capabilities?.effective += ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"]
            $0.process.capabilities?.permitted += ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"]
            $0.process.capabilities?.bounding += ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"]
            try $0.scratch.write("host/secret", "secret")
            chmod($0.scratch / "host/secret", 0o600)
            $0.bind($0.scratch / "host", "/host")
        }
        #expect(outcome.lines.prefix(2) == ["net", "uts"])
        #expect(!outcome.output.contains("secret\n"))
        #expect(outcome.output.contains("ermission denied"))
    }

    @Test func `has the host's device nodes, since it may make none`() throws {
        let script =
            "for d in null zero full random urandom tty; do stat -c '%n %t:%T' /dev/$d; done; echo x >/dev/null && head -c 1 /dev/zero | wc -c"
        let outcome = try TestContainer.sh(script) { $0.mapUsers() }
        #expect(
            outcome.lines == [
                "/dev/null 1:3", "/dev/zero 1:5", "/dev/full 1:7", "/dev/random 1:8", "/dev/urandom 1:9",
                "/dev/tty 5:0", "1",
            ]
        )
    }

    @Test func `a device that is none on the host is refused`() throws {
        let error = failure {
            _ = try TestContainer.sh("true") {
                $0.mapUsers()
                $0.linux.devices = [.init(path: "/dev/null", type: .character, major: 1, minor: 5)]
            }
        }
        #expect(error == .setup("linux.devices (/dev/null)", SystemError("fstat", ENODEV, on: "/dev/null")))
    }

    @Test(arguments: [0, 1000] as [UInt32])
    func `its streams can be opened again`(user: UInt32) throws {
        let outcome = try TestContainer.sh("echo one >/dev/stdout; echo two >/proc/self/fd/2; id -u") {
            $0.mapUsers()
            $0.process.user = .init(uid: user, gid: user)
        }
        #expect(outcome == .init(end: .exit(0), output: "one\ntwo\n\(user)\n"))
    }

    @Test func `takes score, limits, groups, filter and folders like any other`() throws {
        let outcome = try TestContainer.sh(
            "cat /proc/self/oom_score_adj; ulimit -n; id -G; pwd; cat /proc/sys/kernel/msgmax"
        ) {
            $0.mapUsers()
            $0.process.oomScoreAdj = 500
            $0.process.rlimits = [.init(type: "RLIMIT_NOFILE", hard: 100, soft: 100)]
            $0.process.user = .init(uid: 5, gid: 6, additionalGids: [7])
            $0.process.cwd = "/made/here"
            $0.linux.sysctl["kernel.msgmax"] = "4096"
        }
        #expect(outcome == .init(end: .exit(0), output: "500\n100\n6 7\n/made/here\n4096\n"))
    }

    @Test func `is joined by a program that runs in the container`() throws {
        var container = try TestContainer()
        container.mapUsers()
        let specification = container.specification
        try container.whileRunning { running in
            for user in [0, 1000] as [UInt32] {
                let outcome = try running.sh(
                    "id -u; cat /proc/self/oom_score_adj; cut -c1-5 /proc/1/cmdline; echo again >/dev/stdout",
                    in: specification
                ) {
                    $0.process.user = .init(uid: user, gid: user)
                    $0.process.oomScoreAdj = 300
                }
                #expect(outcome.end == .exit(0))
                #expect(outcome.lines.first == "\(user)")
                #expect(outcome.lines.contains("300"))
                #expect(outcome.lines.last == "again")
            }
        }
    }

    @Test(arguments: [false, true])
    func `has a terminal`(isInit: Bool) throws {
        var container = try TestContainer(["sh", "-c", "tty; stat -c %u:%g $(tty); id -u"])
        container.mapUsers()
        container.request.streams = .terminal
        container.request.hasInit = isInit
        container.process.user = .init(uid: 12, gid: 13)
        let running = try container.start()
        let output = try readToEnd(running.terminal())
        #expect(output == "/dev/pts/0\r\n12:5\r\n12\r\n")
        #expect(try running.process.wait() == .exit(0))
    }

    @Test func `leaves a network that belongs to the host as it is`() throws {
        var other = try TestContainer()
        try other.whileRunning { running in
            let path = "/proc/\(running.process.pid)/ns/net"
            let outcome = try TestContainer.sh(
                "readlink /proc/self/ns/net; id -u; ls /sys/class/net >/dev/null && echo sys"
            ) {
                $0.mapUsers()
                $0.linux.sysctl = [:]
                $0.linux.namespaces.removeAll { $0.type == .network }
                $0.linux.namespaces.append(.init(.network, path: path))
            }
            #expect(try outcome.lines == [namespace("net", of: "\(running.process.pid)"), "0", "sys"])
        }
    }

    @Test func `can share the host's network`() throws {
        let outcome = try TestContainer.sh(
            "readlink /proc/self/ns/net; id -u; ls /sys/class/net >/dev/null && echo sys"
        ) {
            $0.mapUsers()
            $0.linux.sysctl = [:]
            $0.linux.namespaces.removeAll { $0.type == .network }
        }
        #expect(try outcome.lines == [namespace("net"), "0", "sys"])
    }

    @Test(arguments: [
        ([], "linux.uidMappings"),
        ([.init(containerID: 0, hostID: 1000, size: 0)], "linux.uidMappings[0]"),
        (
            [.init(containerID: 0, hostID: 1000, size: 10), .init(containerID: 9, hostID: 5000, size: 1)],
            "linux.uidMappings[1]"
        ),
        (
            [.init(containerID: 0, hostID: 1000, size: 10), .init(containerID: 100, hostID: 1005, size: 10)],
            "linux.uidMappings[1]"
        ),
        ([.init(containerID: .max, hostID: 1000, size: 10)], "linux.uidMappings[0]"),
        (
            (0..<341).map { RuntimeSpec.IDMapping(containerID: $0, hostID: $0 + 100_000, size: 1) },
            "linux.uidMappings"
        ),
    ])
    func `with maps that the kernel would refuse is an error that names them`(
        mappings: [RuntimeSpec.IDMapping],
        field: String
    ) throws {
        let error = failure {
            _ = try TestContainer.sh("true") {
                $0.mapUsers()
                $0.linux.uidMappings = mappings
            }
        }
        guard case .specification(let named, _) = try #require(error) else {
            Issue.record("not an early error: \(String(describing: error))")
            return
        }
        #expect(named == field)
    }
}
