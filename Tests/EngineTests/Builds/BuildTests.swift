// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import ImagesSupport
import Linux
import OCI
import Synchronization
import TestSupport
import Testing

@testable import Engine

@Suite struct `Builds` {
    @Test(arguments: EngineKind.allCases)
    func `a program changes the files of the image`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let build = try TestedBuild(engine)
            let outcome = try await build.make(
                """
                FROM busybox
                ENV A=1
                WORKDIR /work
                RUN echo "$A $PWD $(id -u)" > said && echo told && echo wrong >&2
                CMD ["cat", "/work/said"]
                """
            )
            #expect(outcome.output.contains("told\n") && outcome.output.contains("wrong\n"))
            #expect(try await build.says("cat /work/said") == "1 /work 0\n")
            let layers = try await build.layers()
            #expect(layers == [["work d 755 0:0"], ["work d 755 0:0", "work/said f 644 0:0"]])
            let config = try build.config()
            #expect(config.config?.cmd == ["cat", "/work/said"] && config.config?.env?.contains("A=1") == true)
            #expect(config.history?.count { $0.emptyLayer != true } == config.rootfs.diffIDs.count)
            #expect(outcome.events.compactMap(\.image).map(\.names) == [["built:latest"]])
        }
    }

    @Test func `an image of nothing has what is copied`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine, ["a": "1", "d/b": "2"])
            try await build.make("FROM scratch\nCOPY a d /to/\nLABEL l=v\n")
            let layers = try engine.engine.images.unpack(engine.engine.images.inspect("built"))
            #expect(files(below: layers[0].descriptor.path).sorted() == ["to/a", "to/b"])
            #expect(try build.config().config?.labels == ["l": "v"])
        }
    }

    @Test func `a program that fails is told with its status and its last lines`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            let outcome = try await build.build("FROM busybox\n\nRUN echo before; echo reason >&2; exit 7\n")
            let failure = try #require(outcome.failure)
            #expect(outcome.id == nil && failure.exitStatus == 7 && failure.line == 3)
            #expect(failure.lines.map(Set.init) == ["before", "reason"])
            #expect(failure.message.contains("exit code: 7"))
            let missing = try await build.build("FROM busybox\nRUN [\"/nothing\"]\n")
            #expect(missing.failure?.exitStatus == 127)
        }
    }

    @Test func `stages are built as far as they are needed, and copied from`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            let outcome = try await build.make(
                """
                FROM busybox AS one
                RUN mkdir /out && echo one > /out/f && ln -s f /out/l
                FROM busybox AS unneeded
                RUN exit 1
                FROM busybox AS two
                RUN echo two > /two
                FROM busybox
                COPY --from=one /out/ /got/
                COPY --from=two /two /got/
                """
            )
            #expect(try await build.says("cat /got/f /got/two; readlink /got/l") == "one\ntwo\nf\n")
            #expect(!outcome.done.contains { $0.contains("exit 1") })
            try await build.make(
                "FROM busybox AS one\nRUN echo a > /f\nFROM one\nRUN echo b >> /f\n",
                as: "target"
            ) { $0.target = "one" }
            #expect(try await build.says("cat /f", in: "target") == "a\n")
        }
    }

    @Test func `arguments, shells and here-documents reach programs`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            try await build.make(
                """
                ARG BASE=nothing
                FROM $BASE
                ARG V=1
                RUN echo $V > /v
                SHELL ["/bin/sh", "-ec"]
                RUN <<EOF
                false || echo shell > /shell
                EOF
                RUN <<EOF
                #!/bin/busybox sh
                echo $0 > /script
                EOF
                COPY <<one <<two /here/
                first $V
                one
                second
                two
                RUN --network=none cat /proc/net/dev > /net
                """
            ) { $0.arguments = ["BASE": "busybox", "V": "2"] }
            #expect(
                try await build.says("cat /v /shell /script /here/one /here/two; grep -c : /net")
                    == "2\nshell\n/dev/pipes/EOF\nfirst 2\nsecond\n1\n"
            )
            #expect(try await build.layers().joined().contains { $0.contains("pipes") } == false)
        }
    }

    @Test func `programs have a container's rights and no more`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            let outcome = try await build.make(
                """
                FROM busybox
                RUN grep -E 'Cap(Inh|Eff)|Seccomp:|NoNewPrivs' /proc/self/status; echo $$; hostname
                RUN mount -t tmpfs none /mnt 2>&1; unshare -m true 2>&1; true
                USER nobody
                RUN id -u
                """
            )
            #expect(outcome.output.contains("CapInh:\t0000000000000000"))
            #expect(outcome.output.contains("CapEff:\t00000000a80425fb"))
            #expect(outcome.output.contains("Seccomp:\t2"))
            #expect(outcome.output.contains("\n1\nbuildkitsandbox\n"))
            #expect(outcome.output.contains("not permitted") || outcome.output.contains("denied"))
            #expect(outcome.output.contains("65534\n"))
            let refused = try await build.build("FROM busybox\nRUN --security=insecure true\n")
            #expect(refused.failure?.message.contains("--allow security.insecure") == true)
        }
    }

    @Test func `no working directory leads to the host`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            for number in 3...12 {
                let outcome = try await build.build(
                    "FROM busybox\nWORKDIR /proc/self/fd/\(number)\nRUN cat ../../../../../etc/os-release; ls ../../..\n"
                )
                #expect(outcome.id == nil && outcome.output == "", "\(number)")
            }
        }
    }

    @Test func `a context that is an image gives its config as well`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            try await build.make("FROM busybox\nENV A=1\nUSER 7\nONBUILD RUN echo trigger $A $(id -u)\n", as: "base")
            let outcome = try await build.make("FROM below\nRUN echo $A\n") {
                $0.contexts = ["below": "docker-image://base"]
            }
            #expect(outcome.output.contains("trigger 1 7\n1\n"))
            #expect(try build.config().config?.user == "7")
        }
    }

    @Test func `images are told that cannot be had`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            // Nobody listens there.
            let outcome = try await build.build("FROM 127.0.0.1:1/nothing:1\n")
            let message = try #require(outcome.failure?.message)
            #expect(message.contains("cannot pull the image 127.0.0.1:1/"), "\(message)")
            #expect(message.contains("which is not on this machine: cannot reach 127.0.0.1:1: connection refused"))
        }
    }

    @Test func `the same build twice gives the same image`() async throws {
        let ids = Mutex<[String?]>([])
        for _ in 1...2 {
            try await TestedEngine.with(.embedded) { engine in
                let build = try TestedBuild(engine, ["d/b": "2", "d/a": "1", "script": "x"])
                try shell("find . -exec touch -h -d @1600000000 {} +; chmod 755 script", in: build.context)
                let outcome = try await build.make(
                    """
                    FROM scratch
                    WORKDIR /deep/er
                    COPY d /etc/deeper/
                    COPY --chmod=600 script .
                    COPY <<EOF /etc/here
                    text
                    EOF
                    """
                ) { $0.arguments = ["SOURCE_DATE_EPOCH": "1700000000"] }
                ids.withLock { $0.append(outcome.id) }
            }
        }
        let built = ids.withLock(\.self)
        #expect(built.count == 2 && built[0] == built[1] && built[0] != nil)
    }

    @Test func `nothing of a build that is given up is left`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            let work = Task {
                try await build.build("FROM busybox\nRUN echo running; sleep 1000\n")
            }
            while engine.engine.buildProcesses.all.isEmpty { await Task.yield() }
            work.cancel()
            await #expect(throws: CancellationError.self) { try await work.value }
            #expect(engine.engine.buildProcesses.all.isEmpty)
            #expect(names(in: engine.engine.location.builds) == [])
        }
    }
}
