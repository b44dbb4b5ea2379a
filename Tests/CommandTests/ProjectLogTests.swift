// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `Logs of a project` {
    /// Two containers that write in turn, each when the line of the other one is in its log, with lines of both streams.
    private static let written =
        Shop.files + """
            printf 'services: {a: {image: busybox}, b: {image: busybox}, idle: {image: x}}' > compose.yaml
            wharf volume create --label $label.project=shop shop_turns > /dev/null
            turn() { echo "for i in 1 2 3; do while [ ! -e /turns/$1\\$i ]; do sleep 0.01; done; echo $1 \\$i; done"; }
            make a 1 --network none -v shop_turns:/turns busybox sh -c "$(turn a)"
            make b 12 --network none -v shop_turns:/turns busybox sh -c "$(turn b) >&2; until [ -e /turns/last ]; do sleep 0.01; done; echo last"
            make a 2 --network none busybox true
            oneoff a --network none busybox echo never
            c start shop-a-1 shop-b-12 shop-a-2 shop-a-run-0 > /dev/null
            say() { touch $WHARF_ROOT/volumes/shop_turns/_data/$2; until c logs $1 2>&1 | grep -qx "$3"; do :; done; }
            for i in 1 2 3; do say shop-a-1 a$i "a $i"; say shop-b-12 b$i "b $i"; done
            say shop-b-12 last last
            c wait shop-a-1 shop-b-12 shop-a-2 > /dev/null

            """

    @Test func `are one, in the order of time`() async throws {
        try await Installation.with { host in
            try await host.succeed(Self.written)
            let outcome = try await host.shell("cd shop; wharf logs")
            #expect(outcome.output == "a-1   | a 1\na-1   | a 2\na-1   | a 3\nb-12  | last\n")
            #expect(outcome.errors == "b-12  | b 1\nb-12  | b 2\nb-12  | b 3\n")
            let transcript = try await host.transcript(
                """
                cd shop; wharf logs; echo; wharf logs --no-log-prefix b; echo; wharf logs -n 1 'a*' b; echo
                wharf logs --index 1 a | wc -l; try wharf logs --index 3 a; try wharf logs --index 1 2>&1 | head -1
                try wharf logs c 2>&1 | cut -c1-40; try wharf logs -n x 2>&1 | head -1; wharf logs idle; wharf logs --since 10m 2>&1 | wc -l
                wharf logs --until 10m | wc -l; wharf logs -t a | grep -cE '^a-1  \\| 20[0-9T:.-]{27}Z a [123]$'
                wharf --ansi always logs -n 1 a | sed 's/\\x1b/E/g'; wharf --ansi always logs --no-color -n 1 a
                wharf logs --format json -n 1 b | sed -E 's/20[0-9T:.-]{27}Z/TIME/'
                """
            )
            #expect(
                transcript == """
                    a-1   | a 1
                    b-12  | b 1
                    a-1   | a 2
                    b-12  | b 2
                    a-1   | a 3
                    b-12  | b 3
                    b-12  | last

                    b 1
                    b 2
                    b 3
                    last

                    a-1   | a 3
                    b-12  | last

                    3
                    error: service "a" is not running container #3; there is #1, #2
                    [1]
                    error: `--index` needs one service to be named
                    error: no such service: `c`; project `sh
                    [1]
                    error: `--tail` must be a number of lines, or all, not `x`
                    7
                    0
                    3
                    E[36ma-1  | E[0ma 3
                    a-1  | a 3
                    {"time":"TIME","service":"b","container":"shop-b-12","stream":"stdout","line":"last"}

                    """
            )
        }
    }

    @Test(.enabled(if: oracle != nil, "Tests/Conformance/fetch-oracle has not been run"))
    func `have the lines that Docker Compose shows`() async throws {
        let oracle = try #require(oracle)
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.written + """
                    # Docker Compose makes the prefix wider when a longer name comes.
                    lines() { sed 's/ *|/ |/' | sort; }
                    for flags in '' '-t' '--no-log-prefix' '-n 2' '--index 1 a' 'b' '-t --no-color a b'; do
                        diff <(\(oracle) logs $flags 2>&1 | lines) <(wharf logs $flags 2>&1 | lines) && echo same
                    done
                    """
            )
            #expect(transcript == String(repeating: "same\n", count: 7))
        }
    }

    @Test func `are followed over ends and starts, and end when nothing runs`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Shop.files + """
                    next() { IFS= read -r line <&5; echo "$line"; }
                    say() { c attach "$1" > /dev/null; }
                    make a 1 -i --network none busybox sh -c 'echo begun; read x; echo "got $x"; exit 4'
                    c start shop-a-1 > /dev/null
                    coproc wharf logs -f; exec 5<&${COPROC[0]}; pid=$COPROC_PID
                    next
                    make b 1 -i --network none busybox sh -c 'echo new; read x; echo "b got $x"'
                    c start shop-b-1 > /dev/null; next
                    echo one | say shop-a-1; next; next
                    c start shop-a-1 > /dev/null; next
                    echo two | say shop-a-1; next; next
                    oneoff a --network none busybox echo never; c start shop-a-run-0 > /dev/null
                    echo three | say shop-b-1; next; next; wait $pid; echo "[$?]"
                    """
            )
            #expect(
                transcript == """
                    a-1  | begun
                    b-1  | new
                    a-1  | got one
                    a-1 exited with code 4
                    a-1  | begun
                    a-1  | got two
                    a-1 exited with code 4
                    b-1  | b got three
                    b-1 exited with code 0
                    [0]

                    """
            )
        }
    }

    @Test func `are followed from the first start on, also of one that is started again by its policy`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Shop.files + """
                    make a 1 --restart on-failure:2 --network none busybox sh -c 'echo run; exit 3'
                    coproc wharf logs -f a; exec 5<&${COPROC[0]}; pid=$COPROC_PID
                    make b 1 --network none busybox echo never
                    # Of all that it waits in, only the place where it has the events is poll(2).
                    until grep -q poll /proc/$pid/wchan; do :; done
                    c start shop-b-1 shop-a-1 > /dev/null; cat <&5; wait $pid
                    """
            )
            #expect(
                transcript == """
                    a-1  | run
                    a-1 exited with code 3 (restarting)
                    a-1  | run
                    a-1 exited with code 3 (restarting)
                    a-1  | run
                    a-1 exited with code 3

                    """
            )
        }
    }

    @Test func `of a terminal, without an end and of many containers`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Shop.files + """
                    make tty 1 -t --network none busybox sh -c 'echo shown; printf "\\033[2Jrest"'
                    for i in $(seq 12); do make many $i --network none busybox sh -c "seq 2000 | sed 's/^/$i /'"; done
                    c start shop-tty-1 $(for i in $(seq 12); do echo shop-many-$i; done) > /dev/null
                    c wait shop-tty-1 $(for i in $(seq 12); do echo shop-many-$i; done) > /dev/null
                    wharf logs tty; wharf logs many | wc -l
                    wharf logs many | awk '{ if ($4 != seen[$3] + 1) print "out of order"; seen[$3] = $4 }'
                    wharf logs -t many | cut -d '|' -f 2 | cut -d ' ' -f 2 > times; sort -c times && echo sorted
                    """
            )
            #expect(transcript == "tty-1  | shown\ntty-1  | rest\n24000\nsorted\n")
        }
    }
}
