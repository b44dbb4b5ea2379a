// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// What a person sees of a project that does not come up: what is wrong, where, and what to do.
@Suite struct `Trouble with a project` {
    /// Short words for scripts: `file` makes the compose file, `up` shows of `wharf up -d` what is wrong and its status, and
    /// `left` what there is of the project afterwards, which it takes away.
    private static let words = """
        mkdir -p shop; cd shop
        file() { cat > compose.yaml; }
        up() { wharf up -d "$@" 2>&1 | grep -v '^ [NCV][a-z]* shop[-_]'; echo "[${PIPESTATUS[0]}]"; }
        left() {
            wharf ps -a --format '{{.Name}} {{.State}}{{if .Health}} {{.Health}}{{end}}'; wharf network ls -q --filter name=shop_ | wc -l
            wharf down 2> /dev/null
        }

        """

    @Test func `in the command line is told before anything is made`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + """
                    file <<< 'services: {web: {image: busybox}, db: {image: busybox}}'
                    up wbe; up --scale dbb=2; up --build --no-build 2>&1 | head -1; up --frobnicate 2>&1 | head -1
                    up --abort-on-container-exit 2>&1 | head -1; up --scale web 2>&1 | head -1; left
                    """
            )
            #expect(
                transcript == """
                    error: no such service: wbe; did you mean `web`?
                    [1]
                    error: no such service: dbb
                      help: did you mean `db`?
                    [1]
                    error: --build and --no-build are incompatible
                    error: unknown option `--frobnicate`
                    error: --detach cannot be combined with --abort-on-container-exit, --abort-on-container-failure, --attach, --attach-dependencies or --watch
                    error: `--scale` must be SERVICE=NUM, not `web`
                    0

                    """
            )
        }
    }

    @Test func `with images that cannot be pulled is told of each by its name`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + """
                    file <<< 'services: {a: {image: "127.0.0.1:1/a"}, b: {image: "127.0.0.1:1/b:2"}, c: {image: busybox}}'
                    up --quiet-pull; left
                    """
            )
            #expect(
                transcript == """
                    error: cannot pull 127.0.0.1:1/a:latest: cannot reach 127.0.0.1:1: connection refused
                    error: cannot pull 127.0.0.1:1/b:2: cannot reach 127.0.0.1:1: connection refused
                    [1]
                    0

                    """
            )
        }
    }

    @Test func `that stands in its way is told all at once, before anything is made`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + """
                    file <<'END'
                    services:
                      web:
                        image: nowhere:1
                        pull_policy: never
                        ports: ["18080:80"]
                        volumes: ["lost:/data"]
                      db: {image: busybox, command: sleep 1000}
                    volumes: {lost: {external: true}}
                    END
                    busybox nc -ll -p 18080 & pid=$!
                    while ! grep -q ':46A0 ' /proc/net/tcp6; do :; done
                    up | sed "s/$pid/PID/"
                    kill $pid
                    left
                    """
            )
            #expect(
                transcript == """
                    error: compose.yaml:8:11: external volume "lost" not found
                      help: make it with `wharf volume create lost`, or take `external` away
                    error: compose.yaml:3:12: the image nowhere:1 of the service web is not on this machine
                      help: bring it here with `wharf pull`, `wharf image load` or `wharf image import`
                    error: compose.yaml:5:13: the port 18080/tcp that the service web publishes is taken by busybox (process PID)
                      help: stop that, or publish another port; 18081 is free
                    [1]
                    0

                    """
            )
        }
    }

    @Test func `of one service is told with what it said, and what depends on it is not left behind`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + """
                    with() { file <<END
                    services:
                      web: {image: busybox, command: sleep 1000, stop_signal: KILL, depends_on: {db: {condition: $1}}}
                      db: {image: busybox, stop_signal: KILL, $2}
                    END
                    }
                    with service_started 'command: nothing-like-that'; up; left
                    with service_started 'command: sleep 1000, post_start: [{command: [sh, -c, "echo no table; exit 4"]}]'; up; left
                    with service_completed_successfully 'command: [sh, -c, "echo no table; exit 4"]'; up; left
                    check='interval: 100ms, retries: 2'
                    with service_healthy "command: sleep 1000, healthcheck: {test: echo refused; exit 1, $check}"; up; left
                    with service_healthy "command: sleep 1000, healthcheck: {test: sleep 1000, timeout: 200ms, $check}"
                    up; left
                    """
            )
            #expect(
                transcript == """
                    error: cannot start shop-db-1: failed to create task for container: unable to start container process: exec: "nothing-like-that": executable file not found in $PATH: unknown
                    [1]
                    0
                    shop-db-1 ->  | no table
                    error: a post_start hook of shop-db-1 exited with status 4: sh -c 'echo no table; exit 4'
                      help: the container runs without what the hook does: mend the hook, and bring the project up again
                    [1]
                    shop-db-1 running
                    1
                    error: dependency failed to start: service "db" didn't complete successfully: exit 4
                      the last lines of its log:
                        no table
                      help: see `wharf logs db`
                    [1]
                    shop-db-1 exited
                    1
                    error: dependency failed to start: container shop-db-1 is unhealthy
                      the last probes of shop-db-1:
                        exit 1: refused
                        exit 1: refused
                      help: see `wharf logs db`
                    [1]
                    shop-db-1 running unhealthy
                    1
                    error: dependency failed to start: container shop-db-1 is unhealthy
                      the last probes of shop-db-1:
                        exit -1: Health check exceeded timeout (200ms)
                        exit -1: Health check exceeded timeout (200ms)
                      help: see `wharf logs db`
                    [1]
                    shop-db-1 running unhealthy
                    1

                    """
            )
        }
    }

    @Test func `of an engine that cannot start, or has no room, is told and leaves nothing behind`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words + """
                    file <<< 'services: {web: {image: busybox, command: sleep 1000, stop_signal: KILL}}'
                    touch plain
                    short() { sed "s|$(dirname $(command -v wharf))/||; s|$PWD/||g"; }
                    WHARF_ROOT=$PWD/plain/root up | short
                    # Nobody can reach this one, which leaves no keeper.
                    mkdir -p taken/run/wharf.sock; chmod 700 taken taken/run
                    WHARF_ROOT=$PWD/taken up | short
                    timeout 20 sh -c "while pgrep -f $PWD/taken/run/[k]eeper.sock > /dev/null; do :; done" || echo kept
                    wharf engine stop > /dev/null
                    mkdir -m 700 small; mount -t tmpfs -o size=12m,mode=700 tmpfs small
                    trap 'umount -l small' EXIT
                    export WHARF_ROOT=$PWD/small
                    wharf image import ../busybox.tar busybox > /dev/null
                    head -c 20000000 /dev/zero > small/fill 2> /dev/null
                    up 2> /dev/null | grep -c 'full'
                    rm small/fill
                    left
                    up; left
                    wharf engine stop
                    """
            )
            #expect(
                transcript == """
                    error: the engine wharfd did not start: cannot start the engine: cannot make the folder plain/root: not a directory
                    [1]
                    error: the engine wharfd did not start: cannot start the engine: rename taken/run/wharf.sock: is a directory; see its log taken/engine.log
                    [1]
                    1
                    0
                    [0]
                    shop-web-1 running
                    1

                    """
            )
        }
    }
}
