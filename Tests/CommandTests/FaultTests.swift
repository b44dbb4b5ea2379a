// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `Trouble` {
    @Test(arguments: EngineKind.allCases)
    func `of a full disk is told, keeps nobody waiting, and can be ended`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let transcript = try await host.transcript(
                """
                wharf engine stop > /dev/null
                mkdir -m 700 small; mount -t tmpfs -o size=12m,mode=700 tmpfs small
                trap 'umount -l small' EXIT
                export WHARF_ROOT=$PWD/small
                \(kind == .embedded ? "wharfd --embedded" : "")
                wharf image import busybox.tar busybox > /dev/null
                # The output has no room, and its end none to be written down; the next one cannot even be made.
                c run --network none --name noisy busybox sh -c 'seq 3000000; echo end >&2; exit 3' > /dev/null 2> errors
                echo $?
                head -c 20000000 /dev/zero > small/fill 2> /dev/null
                c create --name next --network none busybox true > /dev/null 2> errors; echo $?; grep -c full errors
                wharf image import busybox.tar again > /dev/null 2> errors; echo $?; grep -c 'no space' errors
                c wait noisy
                c rm noisy
                rm small/fill
                c ls -aq
                c run --rm --network none busybox echo works
                wharf engine stop
                """
            )
            #expect(transcript == "3\n125\n1\n1\n1\n3\nnoisy\nworks\n")
        }
    }

    @Test func `of descriptors that run out is told at once, and goes by`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                wharf engine stop > /dev/null
                (ulimit -n 100; wharfd)
                for number in $(seq 60); do
                    c run -d --name c$number --network none busybox sleep 1000 > id 2> errors || break
                done
                test $number -lt 60 && grep -o 'too many open files' errors | head -1
                for id in $(c ls -aq); do c rm -f $id > /dev/null; done
                run busybox echo works
                """
            )
            #expect(transcript == "too many open files\nworks\n")
        }
    }

    @Test func `of an engine that ends is waited for`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                for round in 1 2 3; do
                    c ls -q; engine=$(wharf engine status | sed -n 's/.*process \\([0-9]*\\),.*/\\1/p' | head -1)
                    wharf engine stop
                    # Its parent may not have reaped it.
                    sed -n '/^State:.[^ZX]/p' /proc/$engine/status 2> errors
                done
                wharf engine stop
                """
            )
            #expect(transcript == "no engine runs: nothing to do\n")
        }
    }

    @Test func `of a shell's soft limit of descriptors is none`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                wharf engine stop > /dev/null
                (ulimit -Sn 64; wharfd)
                wharf network create back > id
                c run -d --name many --network back -p 20000-20199:20000-20199 busybox sleep 1000 > id
                c port many | grep -c 0.0.0.0
                c rm -f many; wharf network rm back
                """
            )
            #expect(transcript == "200\nmany\nback\n")
        }
    }

    @Test func `with a record is told, and leaves the others alone`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                for name in one two; do c run -d --name $name --network none busybox sleep 1000 > id; done
                two=$(c inspect -f '{{.State.Pid}}' two)
                wharf engine stop
                python3 - <<'END'
                import os, sqlite3
                base = sqlite3.connect(os.environ['WHARF_ROOT'] + '/wharf.db')
                text = base.execute("select configuration from containers where name = 'two'").fetchone()[0]
                open('configuration', 'w').write(text)
                base.execute("update containers set configuration = '{}' where name = 'two'")
                base.commit()
                END
                c ls --format '{{.Names}}'
                c exec one echo works
                grep -c '\\btwo\\b' root/engine.log
                # Nobody knows what it needs, and so nothing of it is touched.
                ps -o args= -p $two
                wharf volume prune -f 2>&1 | grep -o 'cannot tell which volumes are in use'
                # Whoever mends the record has the container back.
                wharf engine stop
                python3 - <<'END'
                import os, sqlite3
                base = sqlite3.connect(os.environ['WHARF_ROOT'] + '/wharf.db')
                print(base.execute("select name from containers where name = 'two'").fetchall())
                text = open('configuration').read()
                base.execute("update containers set configuration = ? where name = 'two'", (text,))
                base.commit()
                END
                c exec two echo works
                c rm -f two
                """
            )
            let told = "sleep 1000\ncannot tell which volumes are in use\n"
            #expect(transcript == "one\nworks\n1\n\(told)[('two',)]\nworks\ntwo\n")
        }
    }

    @Test func `that clients make by vanishing leaves nothing in the container`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                c run -d --name one --network none busybox sleep 1000 > id
                for number in $(seq 20); do
                    coproc c exec -i one sh -c 'echo begun; exec cat'
                    pid=$COPROC_PID; exec 5<&${COPROC[0]}; read line <&5
                    kill -KILL $(cat /proc/$pid/task/$pid/children); wait $pid
                done 2> /dev/null
                # Each tells of its end, whenever that is.
                lines 20 wharf engine events --since 10m --filter event=exec_die | wc -l
                c top one -o args | tail -n +2
                """
            )
            #expect(transcript == "20\nsleep 1000\n")
        }
    }
}
