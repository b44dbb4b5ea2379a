// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// What goes wrong with projects: each is told in words that a person can act on, with a status that is not 0, and without half
/// a stack.
@Suite struct `Trouble with a project` {
    /// The words of a test: a project with a service `web`, and commands without their progress, which comes in any order.
    private static let prologue = #"""
        mkdir -p shop; cd shop
        w() { wharf "$@" 2>&1 | grep -v '^ [A-Z]'; echo "[${PIPESTATUS[0]}]"; }
        web() { printf 'services:\n  web: {image: busybox, stop_signal: SIGKILL, %s}\n%b' "$1" "$2" > compose.yaml; }
        left() { wharf ps -a --format '{{.Name}} {{.State}}'; wharf network ls --format '{{.Name}}' | grep shop; }
        other='  db: {image: busybox, stop_signal: SIGKILL, command: sleep 1000000, depends_on: [web]}\n'

        """#

    private static func transcript(_ host: Installation, _ script: String) async throws -> String {
        try await host.transcript(prologue + script)
    }

    @Test func `in the words of a command`() async throws {
        try await Installation.with { host in
            let transcript = try await Self.transcript(
                host,
                """
                web 'command: sleep 1000000' "$other"
                w up -d wbe; w up -d nothing; w up -d --scale wbe=3; w restart wbe
                w up -d --scale web=x | head -1; w up -d --force-recreate --no-recreate | head -1
                w up -d --attach web | head -1; w up --attach nothing
                left
                """
            )
            #expect(
                transcript == """
                    error: no such service: wbe; did you mean `web`?
                    [1]
                    error: no such service: nothing; there is: db, web
                    [1]
                    error: no such service: wbe
                      help: did you mean `web`?
                    [1]
                    error: no such service: `wbe`; did you mean `web`?
                    [1]
                    error: `--scale` must be SERVICE=NUM, not `web=x`
                    error: --force-recreate and --no-recreate are incompatible
                    error: --detach cannot be combined with --abort-on-container-exit, --abort-on-container-failure, --attach, --attach-dependencies or --watch
                    error: cannot attach to services not included in up: nothing
                    [1]

                    """
            )
        }
    }

    @Test func `in its files`() async throws {
        try await Installation.with { host in
            let transcript = try await Self.transcript(
                host,
                """
                web 'command: sleep 1000000, comand: x'; w up -d | grep -v '|'
                web 'command: sleep 1000000, image: nowhere:1'; w up -d
                web 'command: sleep 1000000, networks: [n], volumes: ["v:/v"]' 'networks: {n: {external: true}}\\nvolumes: {v: {external: true}}\\n'
                w up -d
                web 'command: sleep 1000000, secrets: [s]' 'secrets: {s: {file: ./none}}\\n'; w up -d
                web 'command: sleep 1000000, volumes: [{type: bind, source: ./none, target: /x}]'; w up -d
                mkdir folder; w -f folder up -d; w -f none.yaml up -d
                left
                """
            )
            let place = host.scratch / "shop"
            #expect(
                transcript == """
                    compose.yaml:2:75: error: unknown key `comand` in service `web`
                      help: did you mean `command`?
                    [1]
                    error: compose.yaml:2:82: the image nowhere:1 of the service web is not on this machine
                      help: wharf does not pull images yet; bring it here with `wharf image load` or `wharf image import`
                    [1]
                    error: compose.yaml:4:11: external volume "v" not found
                      help: make it with `wharf volume create v`, or take `external` away
                    error: compose.yaml:3:12: network n declared as external, but could not be found
                      help: make it with `wharf network create n`, or take `external` away
                    [1]
                    error: compose.yaml:2:85: the file of the secret s does not exist: \(place)/none
                      help: make it, or correct the path
                    [1]
                    error: compose.yaml:2:85: the path does not exist: \(place)/none
                      help: make it, or correct the path
                    [1]
                    error: cannot read `\(place)/folder`: it is a directory
                    [1]
                    error: cannot read `\(place)/none.yaml`: no such file or directory
                    [1]

                    """
            )
        }
    }

    @Test func `with a port that somebody has`() async throws {
        try await Installation.with { host in
            let transcript = try await Self.transcript(
                host,
                """
                web 'command: sleep 1000000, ports: ["8088:80"]' "$other"
                coproc busybox nc -v -l -p 8088 2>&1; read -r line <&${COPROC[0]}
                w up -d | sed "s/process $COPROC_PID/process N/"; left
                kill $COPROC_PID; wait $COPROC_PID
                w up -d; left
                mkdir ../second; cd ../second; sed 's/shop/second/' ../shop/compose.yaml > compose.yaml
                w up -d; cd ../shop; w down; left
                """
            )
            #expect(
                transcript == """
                    error: compose.yaml:2:85: the port 8088/tcp that the service web publishes is taken by busybox (process N)
                      help: stop that, or publish another port; 8089 is free
                    [1]
                     web  http://127.0.0.1:8088
                    [0]
                    shop-db-1 running
                    shop-web-1 running
                    shop_default
                    error: compose.yaml:2:85: the port 8088/tcp that the service web publishes is taken by the container shop-web-1
                      help: stop that, or publish another port
                    [1]
                    [0]

                    """
            )
        }
    }

    @Test func `with hooks that fail`() async throws {
        try await Installation.with { host in
            let transcript = try await Self.transcript(
                host,
                """
                hook() { web "command: sleep 1000000, $1: [{command: [sh, -c, 'echo doing; exit 3']}]"; }
                hook post_start; w up -d; left; w up -d; w down
                hook pre_start; w up -d; left; w up -d; w down; left
                hook pre_stop; w up -d; w stop; w down; left; w kill web; w down; left
                """
            )
            let failure = "exited with status 3: sh -c 'echo doing; exit 3'"
            let postStart = """
                shop-web-1 ->  | doing
                error: a post_start hook of shop-web-1 \(failure)
                  help: the container runs without what the hook does: mend the hook, and bring the project up again
                [1]

                """
            let preStart = """
                error: a pre_start hook of web \(failure)
                  the last lines of its log:
                    doing
                  help: its container stays to be looked at, until the next `wharf up` or `wharf down`
                [1]

                """
            let preStop = """
                shop-web-1 ->  | doing
                error: a pre_stop hook of shop-web-1 \(failure)
                  help: mend the hook, or stop the container without it: `wharf kill web`
                [1]

                """
            #expect(
                transcript == postStart + "shop-web-1 running\nshop_default\n" + postStart + "[0]\n" + preStart
                    + "shop-web-1-pre-start-1 exited\nshop_default\n" + preStart + "[0]\n" + "[0]\n" + preStop + preStop
                    + "shop-web-1 running\nshop_default\n[0]\n[0]\n"
            )
        }
    }

    @Test func `with services that do not come up`() async throws {
        try await Installation.with { host in
            let transcript = try await Self.transcript(
                host,
                """
                web "command: [sh, -c, 'echo no config >&2; exit 4']" "$other"; w up -d; left; w down
                web 'command: nothing here' "$other"; w up -d; left; w down
                web 'command: sleep 1000000, healthcheck: {test: sleep 1000000, interval: 10ms, timeout: 1s, retries: 1}' \\
                    "${other/[web]/{web: {condition: service_healthy\\}\\}}"; w up -d; left; w down
                web 'command: sleep 1000000, healthcheck: {test: sleep 1000000, interval: 10ms}'; w up -d --wait --wait-timeout 1; w down
                web "command: [sh, -c, 'echo migrating; exit 5']" "${other/[web]/{web: {condition: service_completed_successfully\\}\\}}"
                w up -d; left; w down; left
                """
            )
            #expect(
                transcript == """
                    error: container shop-web-1 exited (4) right after its start
                      the last lines of its log:
                        no config
                      help: see `wharf logs web`
                    [1]
                    shop-db-1 running
                    shop-web-1 exited
                    shop_default
                    [0]
                    error: cannot start shop-web-1: failed to create task for container: unable to start container process: exec: "nothing": executable file not found in $PATH: unknown
                    [1]
                    [0]
                    error: dependency failed to start: container shop-web-1 is unhealthy
                      the last probes of shop-web-1:
                        exit -1: Health check exceeded timeout (1s)
                      help: see `wharf logs web`
                    [1]
                    shop-web-1 running
                    shop_default
                    [0]
                    error: application not healthy after 1s
                      help: `wharf ps -a` shows what is not, and `wharf logs` why
                    [1]
                    [0]
                    error: dependency failed to start: service "web" didn't complete successfully: exit 5
                      the last lines of its log:
                        migrating
                      help: see `wharf logs web`
                    [1]
                    shop-web-1 exited
                    shop_default
                    [0]

                    """
            )
        }
    }

    @Test func `with a disk that is full`() async throws {
        try await Installation.with { host in
            let transcript = try await Self.transcript(
                host,
                """
                wharf engine stop > /dev/null
                mkdir -m 700 ../small; mount -t tmpfs -o size=9m,mode=700 tmpfs ../small; trap 'umount -l ../small' EXIT
                export WHARF_ROOT=$(realpath ../small)
                wharf image import ../busybox.tar busybox > /dev/null
                web 'command: sleep 1000000, volumes: ["data:/data"]' "${other}volumes: {data: }\\n"
                # First there is no room for a root file system, and then not even for a record.
                head -c 6000000 /dev/zero > ../small/fill; w up -d | grep -o 'cannot create.*:\\|no space left.*\\|^\\[.*'; left
                head -c 9000000 /dev/zero >> ../small/fill 2> /dev/null; w up -d | sed 's/database .*wharf/wharf/'; left
                rm ../small/fill; w up -d; left; w down -v; left
                wharf engine stop
                """
            )
            let lines = transcript.split(separator: "\n")
            #expect(lines.filter { $0.hasPrefix("[") } == ["[1]", "[1]", "[0]", "[0]"], "\(transcript)")
            #expect(lines.contains("no space left on device"), "\(transcript)")
            #expect(transcript.contains("is full; make room on its disk and try again"), "\(transcript)")
            let stack = "shop-db-1 running\nshop-web-1 running\nshop_default\n"
            #expect(transcript.hasSuffix("[0]\n\(stack)[0]\n"), "\(transcript)")
            #expect(transcript.components(of: "shop-").count == 3, "\(transcript)")
        }
    }

    @Test func `with an engine that cannot start`() async throws {
        try await Installation.with { host in
            let transcript = try await Self.transcript(
                host,
                """
                web 'command: sleep 1000000'
                WHARF_ROOT=/proc/nowhere w up -d; WHARF_ROOT=$PWD/compose.yaml w up -d
                mkdir alone; cp "$(command -v wharf)" alone; PATH=/usr/bin:/bin; alone/wharf up -d; echo "[$?]"
                """
            )
            let lines = transcript.split(separator: "\n").map { $0.replacing(host.scratch.path, with: "SCRATCH") }
            #expect(lines.count == 6, "\(transcript)")
            #expect(
                lines[0].hasSuffix(
                    "cannot start the engine: cannot make the folder /proc/nowhere: no such file or directory"
                )
            )
            #expect(
                lines[2].contains("SCRATCH/shop/compose.yaml") && lines[2].hasSuffix("not a directory"),
                "\(lines[2])"
            )
            #expect(
                lines[4].hasPrefix("error: cannot start the engine: there is no `wharfd` beside `wharf`"),
                "\(lines[4])"
            )
            #expect([lines[1], lines[3], lines[5]] == ["[1]", "[1]", "[1]"])
        }
    }

    @Test func `with files that change between commands`() async throws {
        try await Installation.with { host in
            let transcript = try await Self.transcript(
                host,
                """
                web 'command: sleep 1000000' "$other"; w up -d
                printf 'services: {new: {image: busybox, stop_signal: SIGKILL, command: sleep 1000000}}' > compose.yaml
                w stop db; w up -d; w down; left; echo 'services: [' > compose.yaml; w down | grep -v '|'; w -p shop down; left
                """
            )
            #expect(
                transcript == """
                    [0]
                    [0]
                    warning: Found orphan containers ([shop-db-1 shop-web-1]) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.
                    [0]
                    warning: the network shop_default stays: shop-web-1 has it
                      help: stop what uses it, or take along what is left with --remove-orphans
                    [0]
                    shop-db-1 exited
                    shop-web-1 running
                    shop_default
                    compose.yaml:2:1: error: expected a value
                    error: the file does not say what project it is: mend it, or name the project with `-p`, which works without the file; `wharf ls -a` shows what is there
                    [1]
                    [0]

                    """
            )
        }
    }
}

extension String {
    /// The pieces between occurrences of a text.
    fileprivate func components(of separator: String) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: false)
    }
}
