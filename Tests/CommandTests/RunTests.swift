// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `Running` {
    @Test(arguments: EngineKind.allCases)
    func `passes output, errors and the status on`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let outcome = try await host.shell("run busybox sh -c 'echo out; echo err >&2; exit 7'")
            #expect(outcome.end == .exit(7))
            #expect(outcome.output == "out\n")
            #expect(outcome.errors == "err\n")
            let statuses = try await host.transcript(
                """
                run --init busybox sh -c 'kill -TERM $$'; echo $?
                run busybox nothing; echo $?
                run busybox /etc/passwd; echo $?
                run --pull never nothing true; echo $?
                run -w /etc/passwd busybox true; echo $?
                run --ulimit nofile=2000000000 busybox true; echo $?
                run --env-file missing busybox true; echo $?
                run --label-file missing busybox true; echo $?
                run --security-opt seccomp=missing busybox true; echo $?
                echo > empty.json; run --security-opt seccomp=empty.json busybox true; echo $?
                """
            )
            let lines = statuses.split(separator: "\n").map(String.init)
            #expect(lines.filter { Int($0) != nil } == ["143", "127", "126"] + Array(repeating: "125", count: 7))
            #expect(statuses.contains(#"exec: "nothing": executable file not found in $PATH"#))
            #expect(statuses.contains(#"exec: "/etc/passwd": permission denied"#))
            #expect(statuses.contains("No such image: nothing:latest"))
            #expect(statuses.contains("the seccomp profile `empty.json` is empty; it must be JSON"))
            #expect(try await host.succeed("c ls -aq") == "")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `gives its input to the program, and the end of it`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            #expect(try await host.succeed("echo x | run -i busybox cat") == "x\n")
            // Without `-i` the program reads nothing.
            #expect(try await host.succeed("echo x | run busybox cat") == "")
            // The output goes on after the end of the input.
            #expect(try await host.succeed("echo x | run -i busybox sh -c 'cat; cat; echo later'") == "x\nlater\n")
            let sums = try await host.succeed(
                """
                head -c 8000000 /dev/urandom > big
                sha256sum < big; run -i busybox cat < big | sha256sum; run -i busybox sha256sum < big
                """
            )
            #expect(Set(sums.split(separator: "\n")).count == 1)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `shows output of which nothing can be read later`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let line = "0123456789 012345678901234567890123456789"
            let script = "echo out; echo err >&2; for i in $(seq 60000); do echo \(line); done"
            let outcome = try await host.shell("run --log-driver none busybox sh -c '\(script)' | wc")
            #expect(outcome.output.split(whereSeparator: \.isWhitespace) == ["60001", "120001", "2520004"])
            #expect(outcome.errors == "err\n")
            #expect(try await host.succeed("run -t --log-driver none busybox echo out") == "out\r\n")
            let transcript = try await host.transcript(
                "c run --name one --network none --log-driver none busybox echo shown; c logs one"
            )
            #expect(transcript == "shown\nerror: configured logging driver does not support reading\n")
        }
    }

    @Test func `finds what programs look for in Docker's containers`() async throws {
        try await Installation.with { host in
            let output = try await host.succeed(
                """
                run busybox sh -c 'stat -c "%a %F" /.dockerenv; readlink /etc/mtab; grep -c " / " /etc/mtab'
                c create --name one --network none busybox true > id; c diff one; c export one | tar tf - | grep -E '^(.dockerenv|etc/mtab)$'
                """
            )
            #expect(output == "755 regular empty file\n/proc/mounts\n1\n.dockerenv\netc/mtab\n")
        }
    }

    @Test func `takes the keys that detach for input where there is no terminal`() async throws {
        try await Installation.with { host in
            let outcome = try await host.shell(#"printf 'a\x10\x11b' | run -i busybox sh -c 'wc -c; exit 5'"#)
            #expect(outcome.end == .exit(5))
            #expect(outcome.output == "4\n")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `ends quietly where nobody reads its output`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let outcome = try await host.shell("run busybox seq 100000 | head -1; echo ${PIPESTATUS[0]}")
            #expect(outcome.output == "1\n141\n")
            #expect(outcome.errors == "")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `passes signals on to the program`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let script = """
                coproc run busybox sh -c 'trap "echo got; exit 33" TERM; echo go; while :; do sleep 0.1; done'
                pid=$COPROC_PID; exec 5<&${COPROC[0]}
                read line <&5; kill $(cat /proc/$pid/task/$pid/children); read line <&5; echo $line; wait $pid; echo $?
                """
            let output = try await host.shell(script).output
            #expect(output == "got\n33\n")
        }
    }

    @Test func `in the background tells the identifier`() async throws {
        try await Installation.with { host in
            let output = try await host.succeed(
                """
                id=$(c run -d --name one --cidfile id --network none busybox sh -c 'cat; exit 3')
                test "$(cat id)" = $id; echo ${#id}; c wait one; c inspect -f '{{.Id}}' one | grep -c $id
                """
            )
            #expect(output == "64\n3\n1\n")
        }
    }

    @Test func `refuses values that mean nothing, by the name of the option`() async throws {
        try await Installation.with { host in
            for (option, value) in [
                ("--memory", "xx"), ("--cpus", "many"), ("--restart", "sometimes"), ("--ulimit", "nofile"),
                ("--stop-timeout", "x"), ("--pids-limit", "x"), ("--shm-size", "-"),
                ("--stop-signal", "SIGNOTHING"), ("--cap-add", "NOTHING"),
                ("--pid", "other"), ("--ipc", "other"), ("--tmpfs", "relative"), ("--volume", "/nothing:relative"),
                ("--security-opt", "nothing"), ("--env-file", "nothing"), ("--device", "/dev/nothing"),
            ] {
                let outcome = try await host.shell("run \(option) '\(value)' busybox true")
                #expect(outcome.end == .exit(125) || outcome.end == .exit(1), "\(option)")
                #expect(outcome.errors.hasPrefix("error: "), "\(option)")
                #expect(!outcome.errors.contains("\n\n"), "\(option)")
            }
            #expect(try await host.succeed("c ls -aq") == "")
        }
    }
}
