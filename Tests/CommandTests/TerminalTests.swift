// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

private let shell = "--network none busybox sh"

@Suite struct `A terminal` {
    @Test(arguments: EngineKind.allCases)
    func `has a size, keys that interrupt, and the status of its program`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let terminal = try await Pseudoterminal.start("wharf container run -it --rm \(shell)", in: host)
            try await terminal.wait(for: "# ")
            try await terminal.type("stty size\r")
            try await terminal.wait(for: "30 100")
            try await terminal.type("trap 'echo changed to $(stty size)' WINCH; echo se''t; read line\r")
            try await terminal.wait(for: "set")
            terminal.resize(rows: 40, columns: 120)
            try await terminal.wait(for: "changed to 40 120")
            try await terminal.type("\r")
            try await terminal.type("trap - WINCH; (echo be''gun; exec sleep 1000)\r")
            try await terminal.wait(for: "begun")
            try await terminal.type("\u{3}")
            try await terminal.type("echo status $?\r")
            try await terminal.wait(for: "status 130")
            try await terminal.type("exit 5\r")
            #expect(try await terminal.end() == 5)
            #expect(try await host.succeed("c ls -aq") == "")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is left with two keys and found again as it was`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let first = try await Pseudoterminal.start("wharf container run -it --name one \(shell)", in: host)
            try await first.wait(for: "# ")
            try await first.type("word=kept; echo s''et\r")
            try await first.wait(for: "set")
            try await first.type("\u{10}\u{11}")
            #expect(try await first.end() == 0)
            #expect(try await host.succeed("c inspect -f '{{.State.Status}}' one") == "running\n")

            let second = try await Pseudoterminal.start("wharf container attach one", in: host)
            try await second.type("echo is $word\r")
            try await second.wait(for: "is kept")
            try await second.type("exit 4\r")
            #expect(try await second.end() == 4)
            // The end of the second one is no leaving of it.
            let events = "wharf engine events --since 1 --until 0s --filter container=one --format '{{.Action}}'"
            let actions = try await host.succeed(events).split(separator: "\n").map(String.init)
            #expect(actions.filter { ["attach", "detach"].contains($0) } == ["attach", "detach", "attach"])
            #expect(try await host.succeed("c inspect -f '{{.State.ExitCode}}' one") == "4\n")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `of a second program has a size and a status of its own`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            try await host.succeed("c run -d --name one --network none busybox sleep 1000")
            let terminal = try await Pseudoterminal.start(
                "wharf container exec -it one sh",
                rows: 20,
                columns: 70,
                in: host
            )
            try await terminal.wait(for: "# ")
            try await terminal.type("stty size; tty\r")
            try await terminal.wait(for: "20 70")
            try await terminal.wait(for: "/dev/pts/")
            try await terminal.type("exit 9\r")
            #expect(try await terminal.end() == 9)

            let keys = "--detach-keys ctrl-a,d"
            let left = try await Pseudoterminal.start("wharf container exec -it \(keys) one sh", in: host)
            try await left.wait(for: "# ")
            try await left.type("\u{1}d")
            #expect(try await left.end() == 0)
            #expect(try await host.succeed("c inspect -f '{{.State.Status}}' one") == "running\n")
            let events = "wharf engine events --since 1 --until 0s --filter event=exec_detach --format '{{.Action}}'"
            #expect(try await host.succeed(events) == "exec_detach\n")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `that interrupts a container has it removed`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            for options in ["-it --init", "--init", "-t --init"] {
                let command = "busybox sh -c 'echo begun; exec sleep 1000'"
                let terminal = try await Pseudoterminal.start(
                    "wharf container run --rm --network none \(options) \(command)",
                    in: host
                )
                try await terminal.wait(for: "begun")
                try await terminal.type("\u{3}")
                #expect(try await terminal.end() == 130, "\(options)")
                #expect(try await host.succeed("c ls -aq") == "")
            }
        }
    }

    @Test func `with a project in the foreground takes keys to watch and to leave it running`() async throws {
        try await Installation.with { host in
            let project = #"""
                mkdir shop; cd shop; echo 1 > file
                cat > compose.yaml <<END
                services:
                  web:
                    image: busybox
                    network_mode: none
                    command: sh -c 'echo begun; exec sleep 1000'
                    develop: {watch: [{path: file, target: /tmp/file, action: sync}]}
                END
                """#
            _ = try await host.succeed(project)
            // What the shell finds of the terminal behind it, as it was before.
            let script = #"cd shop; stty -g > before; wharf up; echo "[$?]"; stty -g | cmp - before && echo same"#
            let line = "env TERM=xterm bash -c '\(script)'"
            let terminal = try await Pseudoterminal.start(line, in: host)
            try await terminal.wait(for: "begun")
            try await terminal.wait(for: "d Detach")
            try await terminal.type("w")
            try await terminal.wait(for: "Watch enabled")
            try await terminal.wait(for: "Disable Watch")
            try await terminal.type("w")
            try await terminal.wait(for: "Watch disabled")
            try await terminal.wait(for: "Enable Watch")
            try await terminal.type("xd")
            try await terminal.wait(for: "[0]")
            try await terminal.wait(for: "same")
            #expect(try await terminal.end() == 0)
            #expect(try await host.succeed("c ls --format '{{.Names}} {{.State}}'") == "shop-web-1 running\n")

            let quiet = try await Pseudoterminal.start(
                "env TERM=xterm COMPOSE_MENU=false wharf --project-directory shop up",
                in: host
            )
            try await quiet.wait(for: "Attaching to web-1")
            try await quiet.wait(for: "Running")
            try await quiet.type("d\u{3}")
            try await quiet.wait(for: "Gracefully Stopping")
            #expect(try await quiet.end() == 130)
            #expect(!quiet.shown.contains("Detach"))
        }
    }
}
