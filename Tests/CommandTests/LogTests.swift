// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `What a container wrote` {
    @Test(arguments: EngineKind.allCases)
    func `is shown whole, in part, with times and by stream`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            let script = "for i in 1 2 3; do echo out $i; echo error $i >&2; done"
            try await host.succeed("c run -d --name one --network none busybox sh -c '\(script)'; c wait one")
            let outcome = try await host.shell("c logs one")
            #expect(outcome.output == "out 1\nout 2\nout 3\n")
            #expect(outcome.errors == "error 1\nerror 2\nerror 3\n")
            #expect(try await host.shell("c logs --tail 6 one").output == "out 1\nout 2\nout 3\n")
            #expect(try await host.shell("c logs --tail 0 one").output == "")
            #expect(try await host.shell("c logs --since 1h one").output == "out 1\nout 2\nout 3\n")
            #expect(try await host.shell("c logs --until 1h one").output == "")
            let stamped = try await host.shell("c logs -t one").output.split(separator: "\n")
            #expect(stamped.count == 3)
            let isStamped = { (line: Substring) in
                try /20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z out \d/.wholeMatch(in: line) != nil
            }
            #expect(try stamped.allSatisfy(isStamped))
            #expect(try await host.shell("c logs --tail many one").end == .exit(125))
            #expect(try await host.transcript("c logs nothing") == "error: No such container: nothing\n")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is followed until it ends, and is still there after the next run`(kind: EngineKind) async throws {
        try await Installation.with(kind) { host in
            try await host.succeed(
                "c run -d -i --name one --network none busybox sh -c 'echo begun; read line; echo $line'"
            )
            let followed = try await host.succeed(
                """
                coproc c logs -f one; exec 5<&${COPROC[0]}; pid=$COPROC_PID
                read line <&5; echo $line
                echo typed | c attach one > /dev/null
                read line <&5; echo $line; wait $pid
                """
            )
            #expect(followed == "begun\ntyped\n")
            let both = try await host.succeed(
                "c start one > /dev/null; echo again | c attach one > /dev/null; c wait one; c logs one"
            )
            #expect(both == "0\nbegun\ntyped\nbegun\nagain\n")
        }
    }
}
