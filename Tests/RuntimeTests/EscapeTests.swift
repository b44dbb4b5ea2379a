// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import OCI
import Runtime
import TestSupport
import Testing

/// A folder of the host that an escape would change.
private struct Canary {
    let scratch: Scratch
    var path: String { scratch / "canary" }

    init() throws {
        scratch = try Scratch()
        chmod(scratch.path, 0o777)
        try scratch.write("canary/file", "untouched")
        chmod(scratch / "canary", 0o777)
        chmod(scratch / "canary/file", 0o666)
    }

    var isUntouched: Bool {
        get throws {
            var status = stat()
            guard stat(path, &status) == 0 else { return false }
            let content = try scratch.text("canary/file")
            return names(in: path) == ["file"] && content == "untouched" && status.st_mode & 0o7777 == 0o777
                && status.st_uid == 0
        }
    }
}

/// The state of the program that launches, which no container may change.
private func launchingProgram() -> [Int] {
    var status = stat()
    stat("/proc/self/exe", &status)
    return [
        Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
        status.st_ctim.tv_nsec,
    ]
}

@Suite(.everyLauncher) struct `Escapes` {
    /// Whether a script that is run by the program that started it came to nothing: this program lacks its libraries in
    /// the container, and the keeper runs from a sealed copy, which knows no such argument.
    private func isHarmless(_ outcome: Result<TestContainer.Outcome, any Error>) -> Bool {
        switch outcome {
        case .success(let outcome): !Launchers.isInProcess && outcome.end == .exit(1)
        case .failure(let error): (error as? LaunchError)?.exitStatus == 127
        }
    }

    @Test func `CVE-2019-5736 a script whose interpreter is the program that joins`() throws {
        let before = launchingProgram()
        var container = try TestContainer(files: [("bin/script", "#!/proc/self/exe\n")])
        chmod(container.image + "/bin/script", 0o755)
        let specification = container.specification
        var first = try TestContainer(["/bin/script"], files: [("bin/script", "#!/proc/self/exe\n")])
        chmod(first.image + "/bin/script", 0o755)
        let end = Result { try first.run() }
        #expect(isHarmless(end))
        try container.whileRunning { running in
            for _ in 0..<10 {
                let outcome = Result { try running.sh("", in: specification) { $0.process.args = ["/bin/script"] } }
                #expect(isHarmless(outcome))
            }
        }
        #expect(launchingProgram() == before)
    }

    @Test func `CVE-2019-5736 a container that writes to the programs of what joins it`() throws {
        let before = launchingProgram()
        let output = try Pipe()
        let script = """
            echo ready; while :; do for p in /proc/[0-9]*; do
            (: >>$p/exe) 2>/dev/null && echo written $p
            done; done
            """
        var container = try TestContainer()
        container.process.capabilities?.bounding += ["CAP_SYS_PTRACE"]
        container.process.capabilities?.permitted += ["CAP_SYS_PTRACE"]
        container.process.capabilities?.effective += ["CAP_SYS_PTRACE"]
        let specification = container.specification
        try container.whileRunning(["sh", "-c", script], writingTo: output.writer.number) { running in
            _ = try readAll(output.reader) { $0.contains("ready") }
            for _ in 0..<20 { #expect(try running.sh("true", in: specification).end == .exit(0)) }
        }
        let rest = try output.split { reader, writer in
            close(writer.release())
            return try readToEnd(reader)
        }
        #expect(!rest.contains("written"))
        #expect(launchingProgram() == before)
    }

    @Test(arguments: ["/x", "/x/sys", "/x/self", "/y/../x"])
    func `CVE-2019-16884 a volume over the procfs behind a link`(destination: String) throws {
        let scratch = try Scratch()
        try makeFolder(scratch / "self/attr")
        try makeFolder(scratch / "sys")
        let error = failure {
            _ = try TestContainer.sh("true", files: [("y/f", "")], links: [("x", "/proc")]) {
                $0.bind(scratch.path, destination)
            }
        }
        #expect(error == .setup("mounts[7] (\(destination))", SystemError("openat2", EPERM, on: destination)))
    }

    @Test(arguments: ["proc", "sys", "dev"], ["../../../../canary", "/vol", "/tmp"])
    func `CVE-2019-19921 and CVE-2026-41579 an image whose kernel folders are links`(
        name: String,
        target: String
    ) throws {
        let canary = try Canary()
        let target = target.hasSuffix("canary") ? "../../../../../../../.." + canary.path : target
        let error = failure {
            _ = try TestContainer.sh("true", links: [(name, target)]) { $0.bind(canary.path, "/vol") }
        }
        let text = try #require(error?.description)
        #expect(text.contains("(/\(name)): openat2 /\(name): too many levels of symbolic links"), "\(text)")
        #expect(try canary.isUntouched)
    }

    @Test(arguments: ["", "/deep/er"])
    func `CVE-2019-18837 a destination that is a link to the host`(below: String) throws {
        let canary = try Canary()
        for target in [canary.path, "../../../../../../.." + canary.path] {
            let outcome = try? TestContainer.sh("touch /a\(below)/made", links: [("a", target)]) {
                // The place exists in the image as well, so that the link leads somewhere.
                try makeFolder($0.image + canary.path)
                $0.specification.mounts.append(.init(destination: "/a" + below, type: "tmpfs"))
            }
            #expect(outcome?.end == .exit(0))
        }
        #expect(try canary.isUntouched)
    }

    @Test func `CVE-2020-14370 the environment of another container`() throws {
        let secret = try TestContainer.sh("test \"$SECRET\" = canary") { $0.process.env.append("SECRET=canary") }
        #expect(secret.end == .exit(0))
        var container = try TestContainer()
        let specification = container.specification
        try container.whileRunning { running in
            let outcome = try running.sh("cat /proc/1/environ /proc/self/environ; env", in: specification)
            #expect(!outcome.output.contains("SECRET") && outcome.output.contains("PATH="))
        }
    }

    @Test func `CVE-2021-30465 and CVE-2024-45310 a destination in a shared volume that is swapped meanwhile`() throws {
        let canary = try Canary()
        let volume = try Scratch()
        try makeFolder(volume / "real")
        try makeFolder(volume / "dest")
        // The links lead to the host's folder as the host sees it, and as the container would below its root.
        let script = """
            cd /vol; ln -s \(canary.path) link; echo ready
            while :; do mv -T dest away; mv -T link dest; mv -T dest link; mv -T away dest; done 2>/dev/null
            """
        let output = try Pipe()
        var attacker = try TestContainer()
        attacker.bind(volume.path, "/vol")
        let started = try attacker.whileRunning(["sh", "-c", script], writingTo: output.writer.number) { _ in
            _ = try readAll(output.reader) { $0.contains("ready") }
            return try (0..<40).count { try startsAsOrdered($0, in: volume, beside: canary) }
        }
        #expect(started > 0)
    }

    /// Starts a container with places for mounts in a volume that another one changes.
    private func startsAsOrdered(_ round: Int, in volume: Scratch, beside canary: Canary) throws -> Bool {
        let outcome = try? TestContainer.sh("cut -d' ' -f5 /proc/self/mountinfo | grep -v '^/[dps]'") {
            $0.bind(volume.path, "/vol")
            $0.specification.mounts.append(.init(destination: "/vol/dest/made\(round % 7)", type: "tmpfs"))
            $0.bind(canary.path + "/file", "/vol/dest/file\(round % 5)", ["ro"])
        }
        for line in outcome?.lines ?? [] {
            #expect(line == "/" || line.hasPrefix("/vol") || line.hasPrefix(canary.path + "/"), "\(line)")
        }
        #expect(try canary.isUntouched)
        return outcome != nil
    }

    @Test func `CVE-2021-43784 maps of 70 kB`() throws {
        let error = failure {
            _ = try TestContainer.sh("true") {
                $0.mapUsers()
                $0.linux.gidMappings = (0..<4000).map { .init(containerID: $0, hostID: $0 + 100_000, size: 1) }
            }
        }
        #expect(error?.description.hasPrefix("linux.gidMappings: has more ranges than the kernel takes") == true)
    }

    @Test func `CVE-2022-0492 and CVE-2023-25809 control groups are mounted or written to`() throws {
        let script = """
            mkdir /m; mount -t cgroup -o memory x /m && echo mounted; mount -t cgroup2 x /m && echo mounted
            mount -o remount,bind,rw /sys/fs/cgroup && echo remounted
            find /sys/fs/cgroup | while read f; do [ -f $f ] && (echo 1 >$f) 2>/dev/null && echo written $f; done
            mkdir /sys/fs/cgroup/made && echo made; unshare -C true && echo unshared; true
            """
        let outcome = try TestContainer.sh(script)
        #expect(outcome.end == .exit(0))
        for word in ["mounted", "remounted", "written", "made", "unshared"] {
            #expect(!outcome.lines.contains { $0.hasPrefix(word) }, "\(outcome.output)")
        }
    }

    @Test func `CVE-2022-0811 a parameter that brings another along`() throws {
        let before = try readText("/proc/sys/kernel/core_pattern")
        for (name, value) in [
            ("kernel.shm_rmid_forced=1+kernel.core_pattern", "|/canary"),
            ("kernel.shm_rmid_forced", "1\nkernel.core_pattern=x"),
            ("kernel.shm_rmid_forced", "1+kernel.core_pattern=|/canary"),
        ] {
            #expect(failure { _ = try TestContainer.sh("true") { $0.linux.sysctl = [name: value] } } != nil)
        }
        #expect(try readText("/proc/sys/kernel/core_pattern") == before)
    }

    @Test func `CVE-2022-24769 and CVE-2022-29162 inheritable capabilities`() throws {
        var container = try TestContainer()
        let specification = container.specification
        try container.whileRunning { running in
            let first = try readText("/proc/\(running.process.pid)/status")
            #expect(first.contains("CapInh:\t0000000000000000\n"))
            let joined = try running.sh("grep CapInh /proc/self/status", in: specification) {
                $0.process.capabilities = .init(containing: .all)
            }
            #expect(joined.output == "CapInh:\t0000000000000000\n")
        }
    }

    @Test func `CVE-2022-36109 a file that denies the group its user is in`() throws {
        var container = try TestContainer(files: [("denied", "denied\n")])
        chown(container.image + "/denied", 0, 2000)
        chmod(container.image + "/denied", 0o704)
        let specification = container.specification
        try container.whileRunning { running in
            let outcome = try running.sh("cat /denied; grep Groups /proc/self/status", in: specification) {
                $0.process.user = .init(uid: 1000, gid: 2000)
            }
            #expect(outcome.output == "cat: can't open '/denied': Permission denied\nGroups:\t2000 \n")
        }
    }

    @Test func `CVE-2024-21626 a working directory that is an open folder of the host`() throws {
        let canary = try Canary()
        let leaked = (0..<20).map { _ in open(canary.path, O_RDONLY | O_DIRECTORY) }
        defer { for number in leaked { close(number) } }
        var container = try TestContainer()
        let specification = container.specification
        try container.whileRunning { running in
            for number in Array(3..<40) + leaked.map(Int.init) {
                for folder in [
                    "/proc/self/fd/\(number)", "/proc/self/fd/\(number)/..", "/proc/thread-self/fd/\(number)",
                ] {
                    let first = failure { _ = try TestContainer.sh("touch ./made ../made") { $0.process.cwd = folder } }
                    #expect(first != nil, "\(folder)")
                    let joined = failure {
                        _ = try running.sh("touch ./made ../made", in: specification) { $0.process.cwd = folder }
                    }
                    #expect(joined != nil, "\(folder)")
                }
            }
        }
        #expect(try canary.isUntouched)
    }

    @Test func `CVE-2025-31133 masks that an image's own null device replaces`() throws {
        let canary = try Canary()
        let script = "stat -c '%t:%T' /secret >&0; echo x >/secret; cat /secret >&0; echo x >>/proc/keys"
        let pipe = try Pipe()
        for input in [nil, pipe.writer.number] {
            var container = try TestContainer(
                ["sh", "-c", script],
                files: [("secret", "secret")],
                links: [("dev/null", canary.path + "/file")]
            )
            // Without a file system of its own, /dev is what the image has.
            container.specification.mounts.removeAll { $0.destination.hasPrefix("/dev") }
            container.linux.maskedPaths.append("/secret")
            container.bind(canary.path, canary.path)
            guard let input else {
                let error = failure { _ = try container.start() }
                #expect(error == .setup("the standard streams", SystemError("fstat", ENOTTY, on: "/dev/null")))
                continue
            }
            let running = try container.start(writingTo: input, readingFrom: input)
            _ = try running.process.wait()
        }
        let output = try pipe.split { reader, writer in
            close(writer.release())
            return try readToEnd(reader)
        }
        #expect(output == "1:3\n")
        #expect(try canary.isUntouched)
    }

    @Test func `CVE-2025-52565 a console that the image has put something else for`() throws {
        let canary = try Canary()
        var container = try TestContainer(
            ["sh", "-c", "stat -c %t:%T /dev/console; echo text >/dev/console"],
            links: [("dev/console", canary.path + "/file"), ("dev/pts/0", canary.path + "/file")]
        )
        container.request.streams = .terminal
        let running = try container.start()
        #expect(try readToEnd(running.terminal()) == "88:0\r\ntext\r\n")
        _ = try running.process.wait()
        #expect(try canary.isUntouched)
    }

    @Test func `CVE-2025-52881 writes to a procfs that the container has replaced`() throws {
        let canary = try Canary()
        var container = try TestContainer()
        container.bind(canary.path, "/canary")
        container.process.capabilities = .init(containing: .all)
        let specification = container.specification
        try container.whileRunning { running in
            let prepared = try running.sh(
                """
                mount -t tmpfs x /proc && mkdir -p /proc/self/attr && ln -s /canary/file /proc/self/oom_score_adj
                for p in $(seq 1 40); do ln -s self /proc/$p; done; ln -s self /proc/thread-self
                ln -s /canary /proc/sys
                """,
                in: specification
            )
            #expect(prepared.end == .exit(0))
            let joined = try running.sh("echo; umount -l /proc; cat /proc/self/oom_score_adj", in: specification) {
                $0.process.oomScoreAdj = 444
            }
            #expect(joined.lines.last == "444")
        }
        #expect(try canary.isUntouched)
    }

    @Test(arguments: [1, 65_534, 2_147_483_647] as [UInt32])
    func `CVE-2026-30892 a user by its number`(user: UInt32) throws {
        var container = try TestContainer()
        let specification = container.specification
        try container.whileRunning { running in
            let outcome = try running.sh("id -u; id -g", in: specification) {
                $0.process.user = .init(uid: user, gid: user)
            }
            #expect(outcome.output == "\(user)\n\(user)\n")
        }
    }
}
