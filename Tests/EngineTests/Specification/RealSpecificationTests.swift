// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Runtime
import Store
import TestSupport
import Testing

@testable import Engine

/// A script that a container of a request runs, and what it writes.
private struct Run: Sendable, CustomTestStringConvertible {
    var script: String
    var config = ""
    var host = ""
    var lines: [String]

    var testDescription: String { "\(config) \(host)" }
}

/// All capabilities that this process can give, as `/proc` writes a set.
private let everything: String = {
    let digits = String((try? CapabilitySet.ofThisThread().permitted.rawValue) ?? 0, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}()

private let runs = [
    Run(
        script: "id -u; id -g; id -G; echo $HOME",
        config: #""User":"user""#,
        lines: ["1000", "100", "100 10", "/home/user"]
    ),
    Run(script: "id -u; id -g; id -G", config: #""User":"user:audio""#, lines: ["1000", "29", "29"]),
    Run(
        script: "id -G; echo $HOME",
        config: #""User":"7""#,
        host: #""GroupAdd":["audio","44"]"#,
        lines: ["0 29 44", "/"]
    ),
    Run(script: "grep CapEff /proc/self/status", lines: ["CapEff:\t00000000a80425fb"]),
    Run(
        script: "grep -E 'CapEff|CapInh' /proc/self/status",
        host: #""CapAdd":["NET_ADMIN"],"CapDrop":["CHOWN","MKNOD"]"#,
        lines: ["CapInh:\t0000000000000000", "CapEff:\t00000000a00435fa"]
    ),
    Run(script: "grep CapBnd /proc/self/status", host: #""CapDrop":["ALL"]"#, lines: ["CapBnd:\t0000000000000000"]),
    Run(script: "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status", lines: ["NoNewPrivs:\t0", "Seccomp:\t2"]),
    Run(
        script: "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status",
        host: #""SecurityOpt":["no-new-privileges","seccomp=unconfined"]"#,
        lines: ["NoNewPrivs:\t1", "Seccomp:\t0"]
    ),
    Run(
        script: "grep ' /tmp/t ' /proc/mounts | grep -c noexec; df -k /tmp/t | grep -c 64",
        host: #""Tmpfs":{"/tmp/t":"size=64k"}"#,
        lines: ["1", "1"]
    ),
    Run(
        script: "ulimit -n; ulimit -Hn",
        host: #""Ulimits":[{"Name":"nofile","Soft":100,"Hard":200}]"#,
        lines: ["100", "200"]
    ),
    Run(
        script: "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax",
        host: #""Sysctls":{"net.ipv4.ip_forward":"1","kernel.shmmax":"4096"}"#,
        lines: ["1", "4096"]
    ),
    Run(
        script: "pwd; stat -c %u:%a .",
        config: #""WorkingDir":"/made/for/me","User":"user""#,
        lines: ["/made/for/me", "0:755"]
    ),
    Run(
        script:
            "hostname; cat /etc/hostname; grep -c 'mine' /etc/hosts; echo $HOSTNAME; cat /proc/sys/kernel/domainname",
        config: #""Hostname":"mine","Domainname":"home""#,
        lines: ["mine", "mine", "1", "mine", "home"]
    ),
    Run(
        script: "grep 10.9.8.7 /etc/hosts /etc/resolv.conf | wc -l",
        host: #""Dns":["10.9.8.7"],"ExtraHosts":["x:10.9.8.7"]"#,
        lines: ["2"]
    ),
    Run(
        script: "echo $PATH; echo $A; echo ${TERM:-none}; echo $HOME",
        config: #""Env":["A=b c"]"#,
        lines: ["/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "b c", "none", "/root"]
    ),
    Run(
        script:
            "wc -c < /proc/interrupts; touch /proc/sys/kernel/panic 2>&1 | grep -c Read-only; ls /sys/firmware | wc -l",
        lines: ["0", "1", "0"]
    ),
    Run(
        script: "touch /x /data/x 2>&1 | grep -c Read-only; touch /tmp/t/x /dev/shm/x && echo written",
        host: #""ReadonlyRootfs":true,"Tmpfs":{"/tmp/t":""}"#,
        lines: ["2", "written"]
    ),
    Run(
        script: "stat -c %F,%t:%T /dev/x/zero; cat /dev/x/zero 2>&1 < /dev/null | grep -c x; true",
        host: #""Devices":[{"PathOnHost":"/dev/null","PathInContainer":"/dev/x/zero","CgroupPermissions":"rw"}]"#,
        lines: ["character special file,1:3", "0"]
    ),
    Run(script: "df -k /dev/shm | grep -c 1024", host: #""ShmSize":1048576"#, lines: ["1"]),
    Run(script: "cat /proc/self/oom_score_adj", host: #""OomScoreAdj":77"#, lines: ["77"]),
    Run(
        script: "cat /proc/1/comm | grep -c sh; echo $$ | grep -c '^1$'; true",
        host: #""Init":true"#,
        lines: ["0", "0"]
    ),
    Run(
        script: "grep CapEff /proc/self/status; grep Seccomp: /proc/self/status; "
            + "mount -t tmpfs x /data && echo mounted; grep ' /sys ' /proc/mounts | grep -c 'rw,'; stat -c %F /dev/zero",
        host: #""Privileged":true"#,
        lines: ["CapEff:\t\(everything)", "Seccomp:\t0", "mounted", "1", "character special file"]
    ),
]

@Suite struct `Containers run from requests` {
    @Test(arguments: runs)
    private func `are what was asked for`(run: Run) throws {
        let outcome = try SpecifiedContainer.sh(run.script, config: run.config, host: run.host)
        #expect(outcome.lines == run.lines)
    }

    @Test func `binds show the host's files, are made where they are missing, and can be read-only`() throws {
        let scratch = try Scratch()
        try scratch.write("given/file", "content\n")
        let json = SpecifiedContainer.json(
            "cat /ro/file; touch /ro/x 2>&1 | grep -c Read-only; touch /rw/made; touch /structured/x",
            host: #""Binds":["SCRATCH/given:/ro:ro","SCRATCH/new/folder:/rw"],"#
                + #""Mounts":[{"Type":"bind","Source":"SCRATCH/given","Target":"/structured"}]"#
        )
        let outcome = try SpecifiedContainer(json, in: scratch).run()
        #expect(outcome.lines == ["content", "1"] && outcome.end == .exit(0))
        #expect(names(in: scratch / "new/folder") == ["made"] && names(in: scratch / "given") == ["file", "x"])
    }

    @Test func `a structured bind of nothing is an error with its path`() throws {
        let json = SpecifiedContainer.json(
            "true",
            host: #""Mounts":[{"Type":"bind","Source":"/nothing-there","Target":"/x"}]"#
        )
        let container = try SpecifiedContainer(json, in: Scratch())
        let error = engineError { _ = try container.run() }
        #expect(
            error?.message == "invalid mount config for type \"bind\": bind source path does not exist: /nothing-there"
        )
    }

    @Test(arguments: [
        (
            #"{"Cmd":["nosuch"]}"#, EngineError.Code.commandNotFound,
            "exec: \"nosuch\": executable file not found in $PATH"
        ),
        (#"{"Cmd":["/nosuch"]}"#, .commandNotFound, "stat /nosuch: no such file or directory"),
        (#"{"Cmd":["/bin/plain"]}"#, .commandNotExecutable, "exec: \"/bin/plain\": permission denied"),
        (#"{"Cmd":["/etc"]}"#, .commandNotExecutable, "exec: \"/etc\": permission denied"),
        (#"{"Cmd":["true"],"WorkingDir":"/etc/passwd"}"#, .badParameter, "chdir to cwd (\"/etc/passwd\")"),
    ])
    func `programs that cannot be run are told as Docker tells them`(
        json: String,
        code: EngineError.Code,
        text: String
    ) throws {
        let container = try SpecifiedContainer(json, in: Scratch())
        let error = try #require(engineError { _ = try container.run() })
        #expect(error.code == code && error.message.contains(text), "\(error)")
    }

    @Test(arguments: [
        (#""User":"nobody""#, "", "unable to find user nobody: no matching entries in passwd file"),
        (#""User":"user:nogroup""#, "", "unable to find group nogroup: no matching entries in group file"),
        (#""User":"user""#, #""GroupAdd":["nogroup"]"#, "unable to find group nogroup"),
    ])
    func `users that do not exist are told as Docker tells them`(config: String, host: String, text: String) throws {
        let json = SpecifiedContainer.json("true", config: config, host: host)
        let error = engineError { _ = try SpecifiedContainer(json, in: Scratch()) }
        #expect(error?.code == .badParameter && error?.message.contains(text) == true, "\(String(describing: error))")
    }

    @Test func `the loopback interface comes up`() async throws {
        let json = SpecifiedContainer.json("sleep 1000")
        let container = try SpecifiedContainer(json, in: Scratch())
        let pipe = try Pipe()
        let running = try container.start(writingTo: pipe.writer.number)
        var failure: (any Error)?
        do { try Loopback.bringUp(inNetworkOf: running.process.pidfd.number) } catch { failure = error }
        let flags = try? container.exec(Self.exec(["cat", "/sys/class/net/lo/flags"]), in: running)
        try running.process.signal(SIGKILL)
        _ = try running.process.wait()
        #expect(failure == nil)
        // IFF_UP and IFF_LOOPBACK.
        #expect(flags?.lines == ["0x9"])
    }

    fileprivate static func exec(_ words: [String]) -> ExecCreateRequest {
        var request = ExecCreateRequest()
        request.cmd = CommandWords(words)
        return request
    }
}

@Suite struct `Programs that join a container` {
    private func exec(
        _ script: String,
        config: String = "",
        host: String = "",
        _ change: (inout ExecCreateRequest) -> Void = { _ in }
    ) throws -> SpecifiedContainer.Outcome {
        let json = SpecifiedContainer.json("sleep 1000", config: config, host: host)
        let container = try SpecifiedContainer(json, in: Scratch())
        var request = `Containers run from requests`.exec(["sh", "-c", script])
        change(&request)
        return try container.whileRunning { running in try container.exec(request, in: running) }
    }

    @Test func `have what the container has`() throws {
        let outcome = try exec(
            "id -u; id -G; pwd; echo $A; echo $HOME; ulimit -n; grep CapBnd /proc/self/status",
            config: #""User":"user","WorkingDir":"/data","Env":["A=1"]"#,
            host: #""CapDrop":["ALL"],"GroupAdd":["audio"],"Ulimits":[{"Name":"nofile","Soft":99,"Hard":99}]"#
        )
        #expect(outcome.lines == ["1000", "100 10 29", "/data", "1", "/home/user", "99", "CapBnd:\t0000000000000000"])
    }

    @Test func `may have their own user, folder and variables`() throws {
        let outcome = try exec("id -u; pwd; echo $A; echo $HOME; echo $B", config: #""Env":["A=1","B=2"]"#) {
            ($0.user, $0.workingDir, $0.env) = ("user", "/etc", ["A=3", "B"])
        }
        #expect(outcome.lines == ["1000", "/etc", "3", "/home/user"])
    }

    @Test func `have all capabilities only where they are privileged`() throws {
        let script = "grep CapEff /proc/self/status"
        let plain = try exec(script, host: #""CapDrop":["ALL"]"#)
        #expect(plain.lines == ["CapEff:\t0000000000000000"])
        let privileged = try exec(script, host: #""CapDrop":["ALL"]"#) { $0.privileged = true }
        #expect(privileged.lines == ["CapEff:\t\(everything)"])
    }

    @Test func `are refused in Docker's words`() throws {
        let missing = engineError { _ = try exec("") { $0.cmd = ["nosuch"] } }
        #expect(missing?.code == .commandNotFound)
        #expect(missing?.message.hasPrefix("OCI runtime exec failed: exec failed: ") == true)
        #expect(engineError { _ = try exec("") { $0.cmd = [] } }?.message == "No exec command specified")
        #expect(engineError { _ = try exec("") { $0.workingDir = "x" } }?.message.contains("absolute") == true)
        #expect(
            engineError { _ = try exec("true") { $0.user = "x" } }?.message.contains("unable to find user x") == true
        )
    }
}

@Suite struct `Namespaces that containers share` {
    @Test func `a shareable container shares its memory and its names`() throws {
        let scratch = try Scratch()
        let memory = try SharedMemory.make(size: 1 << 20)
        let script = "echo shared > /dev/shm/file; sleep 1000"
        let number = memory.number
        let donor = try SpecifiedContainer(
            SpecifiedContainer.json(script, config: #""Hostname":"donor""#, host: #""IpcMode":"shareable""#),
            in: scratch
        ) { $0.sharedMemory = number }
        #expect(donor.specification.sharedMemorySize == 64 << 20)
        let outcome = try donor.whileRunning { running -> SpecifiedContainer.Outcome in
            var snapshot = donor.snapshot
            (snapshot.state.phase, snapshot.state.pid) = (.running, running.process.pid)
            let joined = try JoinedContainer(snapshot, sharedMemory: number)
            let json = SpecifiedContainer.json(
                "until cat /dev/shm/file 2>/dev/null; do :; done; cat /etc/hostname; hostname; ls /proc/self/fd >/dev/null",
                host: #""IpcMode":"container:d","NetworkMode":"container:d","PidMode":"container:d""#
            )
            return try SpecifiedContainer(json, in: scratch) { $0.joined = ["d": joined] }.run()
        }
        #expect(outcome.lines == ["shared", "donor", "donor"])
    }
}
