// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `An option` {
    @Test(arguments: EngineKind.allCases)
    func `limits and names what runs`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let transcript = try await host.transcript(
                #"""
                run --ulimit nofile=100:200 busybox sh -c 'ulimit -n; ulimit -Hn'
                run -u web busybox sh -c 'id -u; id -g; id -G'
                run -u 1:2 --group-add 77 busybox sh -c 'id -u; id -g; id -G'
                run -h other busybox hostname
                run -w /tmp busybox pwd
                run --entrypoint echo busybox hi there
                run --oom-score-adj 500 busybox cat /proc/self/oom_score_adj
                run --shm-size 1m busybox sh -c "df -k /dev/shm | awk 'END { print \$2 }'"
                run --sysctl net.ipv4.ip_forward=1 busybox cat /proc/sys/net/ipv4/ip_forward
                run --pids-limit 20 --cpus 0.5 busybox echo limited
                printf '# comment\nONE=1\nTWO=two words\n' > variables
                run --env-file variables -e THREE=3 busybox sh -c 'echo $ONE/$TWO/$THREE'
                run --init busybox sh -c 'echo $$'
                run -m 32m busybox tail /dev/zero; echo $?
                c run --name one -m 32m --network none busybox tail /dev/zero
                c inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' one
                """#
            )
            #expect(
                transcript == """
                    100
                    200
                    1000
                    1000
                    1000 50
                    1
                    2
                    2 77
                    other
                    /tmp
                    hi there
                    500
                    1024
                    1
                    limited
                    1/two words/3
                    2
                    137
                    true 137

                    """
            )
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `has a container probed, or not`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let transcript = try await host.transcript(
                #"""
                c run -d --name sick --network none --health-cmd 'echo ill; exit 3' --health-interval 10ms --health-retries 2 --health-timeout 1m busybox sleep 1000 > id
                until c ls --filter health=unhealthy --format '{{.Names}}' | grep .; do :; done
                c ls --format '{{.Status}}' | grep -o '(unhealthy)'
                c inspect -f '{{.State.Health.Status}} {{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}' sick | xargs
                c inspect -f '{{.Config.Healthcheck.Test}} {{.Config.Healthcheck.Retries}}' sick
                c run -d --name fresh --network none --health-cmd true --health-start-period 1h --health-start-interval 1h busybox sleep 1000 > id
                c ls --filter name=fresh --format '{{.Status}}' | grep -o '(health: starting)'
                c run -d --name plain --network none --no-healthcheck busybox sleep 1000 > id
                c ls --filter health=none --format '{{.Names}}'
                c create --no-healthcheck --health-cmd true busybox 2>&1 | grep -o 'cannot be combined'
                c create --health-cmd true --health-interval 1us busybox true 2>&1 | grep -o 'Interval in .*'
                c rm -f sick fresh plain
                """#
            )
            #expect(
                transcript == """
                    sick
                    (unhealthy)
                    unhealthy 3 ill
                    [CMD-SHELL echo ill; exit 3] 2
                    (health: starting)
                    plain
                    cannot be combined
                    Interval in Healthcheck cannot be less than 1ms
                    sick
                    fresh
                    plain

                    """
            )
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `opens and closes files`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let transcript = try await host.transcript(
                """
                mkdir shared; echo content > shared/file
                run --read-only busybox touch /x
                run --read-only --tmpfs /tmp busybox touch /tmp/x; echo $?
                run -v $PWD/shared:/m:ro busybox sh -c 'cat /m/file; touch /m/x'
                run -v $PWD/shared:/m busybox sh -c 'echo new > /m/other'; cat shared/other
                run -v $PWD/made:/m busybox true; ls -d made
                run --mount type=bind,src=/nothing,dst=/m busybox true
                chown 1000:1000 shared shared/*
                run --mount type=bind,src=./shared,dst=/m,x-wharf-idmap=1000:0 busybox sh -c 'touch /m/mine; stat -c %u:%g /m/file'
                stat -c %u:%g shared/mine
                run --mount type=bind,src=./shared,dst=/m,x-wharf-idmap=u:1000:5,x-wharf-idmap=g:1000:6:1 busybox stat -c %u:%g /m/file
                run --mount type=image,src=busybox,dst=/m,image-subpath=etc busybox sh -c 'head -1 /m/passwd; touch /m/x'
                """
            )
            #expect(
                transcript == """
                    touch: /x: Read-only file system
                    0
                    content
                    touch: /m/x: Read-only file system
                    new
                    made
                    error: invalid mount config for type "bind": bind source path does not exist: /nothing
                    0:0
                    1000:1000
                    5:6
                    root:x:0:0:root:/root:/bin/sh
                    touch: /m/x: Read-only file system

                    """
            )
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `shares namespaces and gives capabilities`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let transcript = try await host.transcript(
                """
                capabilities() { grep -E 'Cap(Inh|Eff)' | cut -f2 | xargs; }
                run busybox cat /proc/self/status | capabilities
                run --cap-drop ALL --cap-add net_raw busybox cat /proc/self/status | capabilities
                run --security-opt no-new-privileges busybox cat /proc/self/status | grep -E 'NoNewPrivs|Seccomp:' | xargs
                run --security-opt seccomp=unconfined busybox cat /proc/self/status | grep Seccomp: | xargs
                run --privileged busybox cat /proc/self/status | grep Seccomp: | xargs
                c run -d --name one --network none --ipc shareable busybox sleep 1000 > id
                pid=$(c inspect -f '{{.State.Pid}}' one)
                same() { test "$(readlink /proc/$1/ns/$2)" = "$3" && echo same || echo other; }
                same $pid net $(c run --rm --network container:one busybox readlink /proc/self/ns/net)
                same $pid net $(run busybox readlink /proc/self/ns/net)
                same $pid ipc $(run --ipc container:one busybox readlink /proc/self/ns/ipc)
                same $pid pid $(run --pid container:one busybox readlink /proc/self/ns/pid)
                same self pid $(run --pid host busybox readlink /proc/self/ns/pid)
                same self net $(c run --rm --network host busybox readlink /proc/self/ns/net)
                """
            )
            #expect(
                transcript == """
                    0000000000000000 00000000a80425fb
                    0000000000000000 0000000000002000
                    NoNewPrivs: 1 Seccomp: 2
                    Seccomp: 0
                    Seccomp: 0
                    same
                    other
                    same
                    same
                    same
                    same

                    """
            )
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `starts again what ends`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let transcript = try await host.transcript(
                """
                c run -d --name one --restart on-failure:2 --network none busybox false > id
                lines 3 wharf engine events --since 10m --filter event=die --filter container=one | wc -l
                c wait one; c inspect -f '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}' one
                """
            )
            #expect(transcript == "3\n1\n2 exited 1\n")
        }
    }
}
