// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import ImagesSupport
import TestSupport
import Testing

@testable import Engine

@Suite struct `Mounts of a build's programs` {
    @Test func `files of the context and of stages are seen, and nothing that is written to them stays`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine, ["d/f": "context", "g": "file", "skip": "1", ".dockerignore": "skip"])
            try shell("chown -R 5:6 .", in: build.context)
            let outcome = try await build.make(
                """
                FROM busybox AS other
                RUN echo stage > /s
                FROM busybox
                RUN --mount=type=bind,target=/ctx cat /ctx/d/f; ls /ctx; stat -c %u:%g /ctx/g; touch /ctx/x 2>&1 || true
                RUN --mount=type=bind,source=g,target=/one/file cat /one/file
                RUN --mount=type=bind,from=other,source=/s,target=/s cat /s
                RUN --mount=type=bind,target=/rw,rw echo new > /rw/g && cat /rw/g
                RUN --mount=type=bind,target=/rw,rw cat /rw/g
                """
            )
            let text = outcome.output
            #expect(text.contains("context") && text.contains("d\ng\n") && text.contains("0:0\n"))
            #expect(!text.contains("skip") && text.contains("Read-only file system"))
            #expect(text.contains("stage\n") && text.contains("new\n") && text.contains("file\n"))
            #expect(try await build.layers() == [[], [], [], [], []])
            #expect(try readText("\(build.context)/g") == "file")
        }
    }

    @Test func `a source cannot lead out`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine, ["f": "inside"])
            try build.scratch.write("canary", "outside")
            try shell("ln -s ../canary up; ln -s \(build.scratch.path) absolute; ln -s / root", in: build.context)
            let outside = build.scratch.path
            for source in ["../canary", "../../../../\(outside)/canary", "up", "absolute", "root/\(outside)"] {
                let outcome = try await build.build(
                    "FROM busybox\nRUN --mount=type=bind,source=\(source),target=/got cat /got /got/*\n"
                )
                #expect(outcome.id == nil && !outcome.output.contains("outside"), "\(source)")
            }
            let cache = try await build.build(
                "FROM busybox\nRUN --mount=type=cache,source=../../../..,target=/got ls /got\n"
            )
            #expect(!cache.output.contains("var") && !cache.output.contains("etc"))
        }
    }

    @Test func `caches last from build to build, and are no part of an image`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            let add = "RUN --mount=type=cache,target=/cache,uid=7,mode=0750"
            try await build.make("FROM busybox\n\(add) echo one >> /cache/log; stat -c '%a %u' /cache\n")
            let second = try await build.make(
                "FROM busybox\n\(add) echo two >> /cache/log; cat /cache/log; stat -c '%a %u' /cache\n"
            )
            #expect(second.output.contains("one\ntwo\n") && second.output.contains("750 7\n"))
            #expect(try await build.layers() == [[]])
            let other = try await build.make("FROM busybox\nRUN --mount=type=cache,id=other,target=/cache ls /cache\n")
            #expect(!other.output.contains("log"))
            let filled = try await build.make(
                "FROM busybox\nRUN --mount=type=cache,id=filled,from=busybox,source=/etc,target=/c cat /c/passwd\n"
            )
            #expect(filled.output.contains("nobody"))
        }
    }

    @Test func `a locked cache belongs to one program at a time`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            let stages = (1...4).map { number in
                """
                FROM busybox AS s\(number)
                RUN --mount=type=cache,target=/c,sharing=locked mkdir /c/mine && find / -xdev > /dev/null && rmdir /c/mine && echo \(number) > /n

                """
            }
            let copies = (1...4).map { "COPY --from=s\($0) /n /n\($0)\n" }
            try await build.make(stages.joined() + "FROM busybox\n" + copies.joined())
            #expect(try await build.says("cat /n?") == "1\n2\n3\n4\n")
        }
    }

    @Test func `secrets are in no layer, no config and no answer`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            let secret = "what-nobody-is-to-see"
            let text = """
                FROM busybox
                RUN --mount=type=secret,id=key,required=true cat /run/secrets/key | wc -c; stat -c '%a %u' /run/secrets/key
                RUN --mount=type=secret,id=key,target=/etc/key,mode=0444,uid=7 wc -c < /etc/key
                RUN --mount=type=secret,id=key,env=TOKEN [ ${#TOKEN} = 21 ]
                RUN --mount=type=secret,id=absent test ! -e /run/secrets/absent
                """
            let outcome = try await build.make(text) {
                $0.secrets = [BuildSecret(id: "key", content: HiddenBytes(Array(secret.utf8)))]
            }
            #expect(outcome.output.contains("21\n400 0\n21\n"))
            #expect(try await build.layers() == [[], [], [], []])
            let found = try shell("grep -rl \(secret) . || true", in: engine.engine.location.data)
            #expect(found == "")
            // Another one changes nothing.
            let second = try await build.make(text) {
                $0.secrets = [BuildSecret(id: "key", content: HiddenBytes(Array("other".utf8)))]
            }
            #expect(second.cached.count == 4)
            let missing = try await build.build("FROM busybox\nRUN --mount=type=secret,id=none,required=true true\n")
            #expect(missing.failure?.message.contains("--secret id=none") == true)
        }
    }

    @Test func `memory is mounted where it is asked for`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            let outcome = try await build.make(
                "FROM busybox\nRUN --mount=type=tmpfs,target=/mem,size=1m echo x > /mem/x; grep ' /mem ' /proc/mounts\n"
            )
            #expect(outcome.output.contains("tmpfs") && outcome.output.contains("size=1024k"))
            #expect(try await build.layers() == [[]])
        }
    }

    @Test func `what a program makes of the places of mounts stays`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            try await build.make(
                """
                FROM busybox
                RUN --mount=type=tmpfs,target=/new/deep/mem echo kept > /new/file; echo hidden > /new/deep/mem/x
                RUN rm -rf /etc/passwd; echo x > /etc/made
                """
            )
            let layers = try await build.layers()
            #expect(layers[0] == ["new d 755 0:0", "new/file f 644 0:0"])
            let kinds = layers[1].map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
            #expect(kinds == ["etc d", "etc/made f", "etc/passwd c"])
        }
    }
}
