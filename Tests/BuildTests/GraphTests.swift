// SPDX-License-Identifier: Apache-2.0

import OCI
import Patterns
import Testing

@testable import Build

@Suite struct `Stages` {
    @Test(
        arguments: [
            ("FROM scratch", .scratch),
            ("FROM alpine", .image("docker.io/library/alpine:latest", Platform(architecture: "amd64"))),
            ("FROM r.io/a:1", .image("r.io/a:1", Platform(architecture: "amd64"))),
            (
                "FROM --platform=linux/arm64 a",
                .image("docker.io/library/a:latest", Platform(architecture: "arm64", variant: "v8"))
            ),
            ("FROM --platform=$BUILDPLATFORM a", .image("docker.io/library/a:latest", Platform(architecture: "amd64"))),
            ("FROM a AS x\nFROM x", .stage(0)), ("FROM a AS x\nFROM b AS x\nFROM x", .stage(1)),
            ("FROM a AS x\nFROM X", .stage(0)), ("ARG v=x\nFROM a AS x\nFROM $v", .stage(0)),
            ("ARG v=3\nFROM a:$v", .image("docker.io/library/a:3", Platform(architecture: "amd64"))),
            ("ARG v\nFROM a${v:-b}", .image("docker.io/library/ab:latest", Platform(architecture: "amd64"))),
            ("FROM a AS a", .image("docker.io/library/a:latest", Platform(architecture: "amd64"))),
            ("FROM a:$TARGETARCH", .image("docker.io/library/a:amd64", Platform(architecture: "amd64"))),
            ("FROM a\nFROM 0", .image("docker.io/library/0:latest", Platform(architecture: "amd64"))),
        ] as [(String, StageBase)]
    )
    func `begin with what their name means`(text: String, base: StageBase) throws {
        #expect(try graph(text).target.base == base)
    }

    @Test(
        arguments: [
            (nil, 2), ("", 2), ("a", 0), ("A", 0), ("b", 1), ("1", 1), ("2", 2), ("x", nil), ("3", nil), ("-1", nil),
        ] as [(String?, Int?)]
    )
    func `are chosen by name or number`(target: String?, index: Int?) {
        let plan = plan("FROM scratch AS a\nFROM scratch AS b\nFROM scratch") { $0.target = target }
        #expect(plan.target == index)
        if index == nil {
            #expect(plan.problems.first?.description.contains("could not be found; there is a, b") == true)
        }
    }

    @Test(
        arguments: [
            ("FROM scratch AS a\nFROM scratch AS b\nFROM a", [0, 2]),
            ("FROM scratch AS a\nFROM scratch AS b\nFROM a\nCOPY --from=b x y", [0, 1, 2]),
            ("FROM scratch\nFROM scratch\nCOPY --from=0 x y", [0, 1]),
            ("FROM scratch AS a\nFROM scratch AS b\nFROM scratch\nRUN --mount=from=b,target=/b x", [1, 2]),
            ("FROM scratch AS a\nFROM a AS b\nFROM b", [0, 1, 2]), ("FROM scratch AS a\nFROM scratch", [1]),
            ("FROM scratch AS a\nARG s=a\nFROM scratch\nARG s=a\nCOPY --from=$s x y", [0, 1]),
            ("FROM scratch AS a\nFROM scratch\nADD x y", [1]),
        ] as [(String, [Int])]
    )
    func `that the target does not need are left out`(text: String, needed: [Int]) throws {
        let plan = plan(text)
        #expect(plan.needed(by: try #require(plan.target)).sorted() == needed)
        #expect(Set(try plan.graph().steps.compactMap(\.stage)).isSubset(of: Set(needed)))
    }

    @Test func `that are not needed may be wrong, unless all is checked`() throws {
        let plan = plan("FROM scratch AS a\nUSER ${x?no}\nFROM scratch")
        #expect(try plan.graph().target.index == 1)
        #expect(plan.allProblems.count == 1)
    }

    @Test(arguments: [
        ("FROM a AS x\nCOPY --from=y a b\nFROM b AS y", "2:6 the stage `y` cannot be used here"),
        ("FROM a AS x\nCOPY --from=x a b", "2:6 the stage `x` cannot be used here"),
        ("FROM a\nRUN --mount=from=y,target=/t x\nFROM b AS y", "2:5 the stage `y` cannot be used"),
        ("FROM a\nCOPY --from=9 a b", "2:6 there is no stage 9: the file has 1"),
        ("FROM A", "1:6 `A` is not an image reference"), ("FROM $none", "1:6 the base `$none` is empty"),
        ("ARG v\nFROM $v", "2:6 the base `$v` is empty"),
        ("FROM --platform=$none a", "1:6 the platform `$none` is empty"),
        ("FROM --platform=a/b/c/d a", "1:6 `a/b/c/d` is no platform"), ("FROM ${x", "1:6 `${x`: the { is not closed"),
        ("ARG v=${x?no}\nFROM a", "1:5 `${x?no}`: the variable `x` is demanded: no"),
        ("FROM buidler AS base\nFROM Base:x", "2:6 `Base:x` is not an image reference"),
    ])
    func `that make no sense are told`(text: String, message: String) {
        let problems = lines(plan(text).allProblems)
        #expect(problems.first?.hasPrefix(message) == true, "\(problems)")
    }

    @Test func `can have a context in their place, or in that of an image`() throws {
        let contexts: [String: NamedContext] = [
            "base": .folder("/b"), "alpine": .image("other"), "docker.io/library/busybox:1": .ociLayout("/o"),
        ]
        let stage = try graph("FROM x AS base\nRUN never\nFROM base\nRUN y") { $0.contexts = contexts }
        #expect(stage.kinds == ["named base", "run y"])
        let image = try graph("FROM alpine\nCOPY --from=busybox:1 a b") { $0.contexts = contexts }
        let other = "image docker.io/library/other:latest linux/amd64"
        #expect(image.kinds == [other, "named docker.io/library/busybox:1", "copy /b"])
        let from = try graph("FROM scratch\nCOPY --from=base a b\nRUN --mount=from=base,target=/t z") {
            $0.contexts = contexts
        }
        #expect(from.kinds == ["named base", "copy /b", "run z"])
    }

    @Test(
        arguments: [
            ("./dir", .folder("./dir")), ("/abs", .folder("/abs")), ("docker-image://a:1", .image("a:1")),
            ("oci-layout:///o", .ociLayout("/o")), ("service:web", .service("web")), ("target:web", .service("web")),
            ("https://x/y.git#main:sub", .git("https://x/y.git#main:sub")),
            ("https://x/y.tar", .archive("https://x/y.tar")), ("git@h:r.git", .git("git@h:r.git")),
            ("github.com/a/b", .git("github.com/a/b")), ("ssh://h/r", .git("ssh://h/r")),
            ("git://h/r", .git("git://h/r")), ("a@b", .folder("a@b")), ("dir/a@b:c", .folder("dir/a@b:c")),
        ] as [(String, NamedContext)]
    )
    func `take contexts of all kinds`(text: String, context: NamedContext) { #expect(NamedContext(text) == context) }

    @Test func `carry out the triggers of what they are built upon`() throws {
        var image = ImageConfig(platform: Platform(architecture: "amd64"), diffIDs: [])
        image.config = ContainerConfig()
        image.config?.onBuild = ["ENV a=1", "RUN echo $a", "COPY . /src"]
        let graph = try graph("FROM base\nRUN y") { $0.baseConfigs = ["docker.io/library/base:latest": image] }
        #expect(
            graph.kinds == [
                "image docker.io/library/base:latest linux/amd64", "run echo $a", "context", "copy /src", "run y",
            ]
        )
        #expect(graph.target.config.onBuild == nil && graph.target.config.env == ["a=1"])
        let stages = try self.stages("FROM scratch AS a\nONBUILD RUN t\nRUN a\nFROM a\nRUN b\nFROM a AS c\nRUN c")
        #expect(stages == ["run a", "run t", "run c"])
        image.config?.onBuild = ["BAD x"]
        let bad = plan("FROM base") { $0.baseConfigs = ["docker.io/library/base:latest": image] }
        #expect(
            lines(bad.allProblems).first?.hasPrefix("1:1 the trigger `BAD x` of the base: unknown instruction") == true
        )
    }

    private func stages(_ text: String) throws -> [String] { try graph(text).kinds }
}

@Suite struct `The graph` {
    @Test func `lets independent stages run side by side`() throws {
        let graph = try graph(
            """
            FROM scratch AS a
            RUN a
            FROM scratch AS b
            RUN b
            FROM scratch
            COPY --from=a x /
            COPY --from=b y /
            LABEL z=1
            """
        )
        #expect(
            graph.layers.map { $0.compactMap { graph[$0]?.text.prefix(8) } } == [
                ["RUN /bin", "RUN /bin"], ["COPY x /"], ["COPY y /"],
            ]
        )
        #expect(graph.result == graph.layers.last?.last)
    }

    @Test func `lets linked copies run beside what they lie upon`() throws {
        let graph = try graph("FROM scratch\nRUN slow\nCOPY --link a /a\nCOPY --link b /b")
        #expect(graph.layers.count == 2)
        #expect(try graph.copy(0).base == nil && graph.copy(0).below != nil)
    }

    @Test func `keeps what a linked copy lies upon`() throws {
        #expect(try graph("FROM r.io/a:1\nCOPY --link a /a\nRUN b").kinds.contains { $0.hasPrefix("image r.io/a:1") })
    }

    @Test(
        arguments: [
            ("COPY a b", "/b"), ("COPY a b/", "/b/"), ("COPY a .", "/w/"), ("COPY a ./", "/w/"), ("COPY a ..", "/"),
            ("COPY a /", "/"), ("COPY a $d/x", "/dd/x"), ("COPY a /a/../b", "/b"), ("COPY a c/.", "/w/c"),
            ("COPY a b", "/b"),
        ] as [(String, String)]
    )
    func `knows where copies go`(line: String, place: String) throws {
        let inFolder = line.contains(".") || line.contains("$")
        let text = inFolder ? "FROM scratch\nENV d=/dd\nWORKDIR /w\n" : "FROM scratch\n"
        #expect(try graph(text + line).copy(0).destination == place)
    }

    @Test(
        arguments: [
            ("COPY a /", ["/a"]), ("COPY ./a/../b /", ["/b"]), ("COPY ../../a /", ["/a"]), ("COPY . /", ["/"]),
            ("COPY a* b?/[c-d] /", ["/a*", "/b?/[c-d]"]), ("COPY $f /", ["/ff"]),
            ("COPY --parents a/./b/c /", ["/a/./b/c"]), ("COPY [\"a b\", \"/\"]", ["/a b"]),
            ("ADD https://x/y?z /", ["y"]), ("ADD https://x/y.git /", [""]), ("ADD https://x /", ["__unnamed__"]),
        ] as [(String, [String])]
    )
    func `holds sources back in their context`(line: String, paths: [String]) throws {
        #expect(try graph("FROM scratch\nARG f=ff\n" + line).copy(0).sources.map(\.path) == paths)
    }

    @Test(
        arguments: [
            ("ADD https://x/y.tar /", "http https://x/y.tar"), ("ADD https://x/y.git /", "git https://x/y.git"),
            ("ADD https://x/y.git#v1:sub /", "git https://x/y.git#v1:sub"),
            ("ADD https://x/y.git?ref=v1 /", "git https://x/y.git?ref=v1"),
            ("ADD git@x:y/z.git /", "git git@x:y/z.git"),
            ("ADD git://x/y /", "git git://x/y"), ("ADD ssh://git@x/y /", "git ssh://git@x/y"),
            ("ADD a@b /", "context"), ("ADD http://x/y.git.tar /", "http http://x/y.git.tar"),
            ("ARG v=1\nADD https://x/$v /", "http https://x/1"),
            ("ADD --checksum=sha256:\(String(repeating: "a", count: 64)) https://x/y /", "http https://x/y"),
            ("ADD --checksum=abcdef0 https://x/y.git /", "git https://x/y.git"),
        ] as [(String, String)]
    )
    func `knows what is fetched`(line: String, kind: String) throws {
        #expect(try graph("FROM scratch\n" + line).kinds.first == kind)
    }

    @Test func `fetches each source once`() throws {
        let graph = try graph(
            "FROM a AS x\nCOPY f /\nFROM a\nCOPY g /\nCOPY --from=a h /\nCOPY --from=x i /\nADD https://x/y /\nADD https://x/y /z/"
        )
        #expect(graph.kinds.count { $0.hasPrefix("image") } == 1 && graph.kinds.count { $0 == "context" } == 1)
        #expect(graph.kinds.count { $0.hasPrefix("http") } == 1)
    }

    @Test func `names the images that have to be looked at`() {
        let plan = plan("FROM a AS x\nFROM b AS y\nFROM x\nCOPY --from=c d e")
        #expect(plan.unknownImages(known: []).map(\.name) == ["docker.io/library/a:latest"])
        #expect(plan.unknownImages(known: ["docker.io/library/a:latest"]).isEmpty)
    }
}

/// The measured table of what a change lets run again: a file of nine steps.
private let steps = [
    "FROM scratch", "ARG V=1", "ENV E=1", "COPY d /d/", "RUN one", "LABEL l=1", "WORKDIR /w", "COPY --from=src f /f",
    "RUN two",
]

@Suite struct `Keys of steps` {
    /// The programs and copies whose keys a change leaves as they were.
    private func hits(
        _ first: String,
        _ second: String,
        contents: [String: String] = [:],
        _ change: (inout BuildRequest) -> Void = { _ in }
    ) throws -> [String] {
        func keys(
            _ text: String,
            _ contents: [String: String],
            _ change: (inout BuildRequest) -> Void
        ) throws -> [String: String] {
            let graph = try graph(text, change)
            let keys = graph.cacheKeys(hash: hash) { "\($0.path) " + (contents[$0.path] ?? "same") }
            var named: [String: String] = [:]
            for step in graph.steps {
                if let key = keys[step.id] { named[String(step.place?.line ?? 0) + " " + step.text] = key }
            }
            return named
        }
        let before = try keys(first, [:]) { _ in }
        let after = try keys(second, contents, change)
        let values = Set(before.values)
        return after.filter { values.contains($0.value) && !$0.key.hasSuffix("context") }.keys.map {
            String($0.drop { $0 != " " }.dropFirst())
        }.sorted()
    }

    private let text = (["FROM scratch AS src", "COPY f /f"] + steps).joined(separator: "\n")

    private let all = [
        "COPY d /d/ # buildkit", "COPY f /f # buildkit", "COPY f /f # buildkit", "RUN |1 V=1 /bin/sh -c one",
        "RUN |1 V=1 /bin/sh -c two", "WORKDIR /w",
    ]

    @Test func `stay where nothing changes`() throws { #expect(try hits(text, text) == all) }

    @Test func `stay where labels and other metadata change`() throws {
        #expect(try hits(text, text.replacing("LABEL l=1", with: "LABEL l=2 m=3")) == all)
        #expect(
            try hits(
                text,
                text.replacing("LABEL l=1", with: "EXPOSE 80\nVOLUME /v\nCMD x\nSTOPSIGNAL 9\nHEALTHCHECK NONE")
            ) == all
        )
        #expect(try hits(text, "# comment\n\n" + text) == all)
    }

    @Test func `of programs change with an argument that is declared, and those of copies do not`() throws {
        let left = try hits(text, text) { $0.arguments = ["V": "2"] }
        #expect(left == ["COPY d /d/ # buildkit", "COPY f /f # buildkit"])
        #expect(try hits(text, text) { $0.arguments = ["U": "2"] } == all)
    }

    @Test func `of programs change with a variable, and those of copies do not`() throws {
        let left = try hits(text, text.replacing("ENV E=1", with: "ENV E=2"))
        #expect(left == ["COPY d /d/ # buildkit", "COPY f /f # buildkit"])
    }

    @Test func `change from a program on whose user or folder changes`() throws {
        #expect(
            try hits(text, text.replacing("RUN one", with: "USER u\nRUN one")) == [
                "COPY d /d/ # buildkit", "COPY f /f # buildkit",
            ]
        )
        let left = try hits(text, text.replacing("WORKDIR /w", with: "WORKDIR /v"))
        #expect(left == ["COPY d /d/ # buildkit", "COPY f /f # buildkit", "RUN |1 V=1 /bin/sh -c one"])
    }

    @Test func `change from a copy on whose content or place changes`() throws {
        #expect(try hits(text, text, contents: ["/d": "other"]) == ["COPY f /f # buildkit"])
        #expect(try hits(text, text.replacing("COPY d /d/", with: "COPY d /e/")) == ["COPY f /f # buildkit"])
        #expect(try hits(text, text.replacing("COPY d /d/", with: "COPY --chown=1 d /d/")) == ["COPY f /f # buildkit"])
    }

    @Test func `of copies from a stage change with what is copied, not with how it was made`() throws {
        let other = text.replacing("COPY f /f\nFROM", with: "RUN make f\nCOPY f /f\nFROM")
        #expect(try hits(text, other).contains("RUN |1 V=1 /bin/sh -c two"))
    }

    @Test(arguments: [
        ("RUN x", "RUN  x", true), ("RUN x y", "RUN x  y", false), ("RUN x", "run x", true),
        ("RUN x", "RUN --network=none x", false), ("RUN x", "RUN --network=default x", true),
        ("RUN x", "RUN --security=insecure x", false),
        ("RUN x", "SHELL [\"b\"]\nRUN x", false), ("RUN [\"x\"]", "RUN x", false),
        ("RUN <<E\na\nE", "RUN <<E\nb\nE", false), ("RUN <<E\n#!/p\na\nE", "RUN <<E\n#!/p\nb\nE", false),
        ("COPY <<E /d\na\nE", "COPY <<E /d\nb\nE", false), ("COPY <<E /d\na\nE", "COPY <<F /d\na\nF", false),
        ("RUN --mount=type=cache,target=/x y", "RUN y", false),
        ("RUN --mount=type=cache,target=/x y", "RUN --mount=type=cache,target=/x,id=z y", false),
        ("RUN --mount=type=secret,id=a y", "RUN --mount=type=secret,id=b y", false),
        ("RUN --mount=target=/a,source=s y", "RUN --mount=target=/a,source=t y", false),
        ("COPY a b", "COPY --link a b", false), ("COPY a b", "COPY --link=false a b", true),
        ("COPY a b", "COPY --exclude=x a b", false), ("COPY a b", "COPY --chmod=600 a b", false),
        ("COPY a b", "COPY ./a ./b", true), ("ADD a b", "ADD --unpack=false a b", false),
        ("ADD a b", "COPY a b", false), ("RUN --device=a x", "RUN x", false),
        ("ENV a=1 b=2\nRUN x", "ENV b=2 a=1\nRUN x", true), ("ARG a\nRUN x", "RUN x", true),
        ("ADD https://x/y /", "ADD https://x/z /", false),
    ])
    func `are the same for the same work only`(first: String, second: String, isSame: Bool) throws {
        func last(_ text: String) throws -> String? {
            let graph = try graph("FROM scratch\n" + text)
            return graph.cacheKeys(hash: hash) { $0.path }[try #require(graph.result)]
        }
        #expect(try (last(first) == last(second)) == isSame)
    }

    @Test func `count the hosts that programs are told of`() throws {
        #expect(try hits("FROM scratch\nRUN x", "FROM scratch\nRUN x") { $0.extraHosts = ["h:1.2.3.4"] }.isEmpty)
    }

    @Test func `of linked copies do not depend on what is below`() throws {
        let left = try hits("FROM scratch\nRUN a\nCOPY --link f /f", "FROM scratch\nRUN b\nCOPY --link f /f")
        #expect(left == ["COPY f /f # buildkit"])
    }
}

extension String {
    /// With one text in place of another, everywhere.
    fileprivate func replacing(_ text: String, with other: String) -> String {
        var result = ""
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(text) {
                result += other
                rest = rest.dropFirst(text.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result
    }
}
