// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Images
import ImagesSupport
import Linux
import OCI
import TestSupport
import Testing

@testable import Engine

@Suite struct `The cache of builds` {
    private static let dockerfile = """
        FROM busybox
        ARG V=1
        ENV E=1
        COPY d /d/
        RUN echo run $V
        LABEL l=1
        COPY f /f
        RUN cat /f
        """

    /// What is changed between two builds.
    enum Change: String, CaseIterable, Sendable {
        case nothing, times, owner, ignored, mode, content, renamed, added, argument, label, environment, user
        case whitespace, destination
    }

    /// The steps that are done again.
    private static let table: [Change: [String]] = [
        .nothing: [], .times: [], .owner: [], .ignored: [], .label: [],
        .mode: ["COPY d", "RUN echo", "COPY f", "RUN cat"],
        .content: ["COPY f", "RUN cat"],
        .renamed: ["COPY d", "RUN echo", "COPY f", "RUN cat"],
        .added: ["COPY d", "RUN echo", "COPY f", "RUN cat"],
        // What the programs write is the same, so that what comes after them is found.
        .argument: ["RUN echo", "RUN cat"],
        .environment: ["RUN echo", "RUN cat"],
        .user: ["RUN echo", "RUN cat"],
        .whitespace: ["RUN echo"],
        .destination: ["COPY f", "COPY f", "RUN cat"],
    ]

    @Test(arguments: Change.allCases)
    func `steps are done again where something changed that matters to them`(change: Change) async throws {
        try await TestedEngine.with(.embedded) { engine in
            let files = ["d/x": "1", "d/y": "2", "f": "3", "skip.tmp": "4", ".dockerignore": "*.tmp"]
            let build = try TestedBuild(engine, files)
            let first = try await build.make(Self.dockerfile)
            #expect(first.done.count == 5 && first.cached == [])
            var text = Self.dockerfile
            var arguments: [String: String] = [:]
            let context = build.context
            switch change {
            case .nothing: break
            case .times: try shell("find . -exec touch -d @1000000000 {} +", in: context)
            case .owner: try shell("chown -R 5:6 .", in: context)
            case .ignored: try build.write("skip.tmp", "other")
            case .mode: try shell("chmod 600 d/x", in: context)
            case .content: try build.write("f", "33")
            case .renamed: try shell("mv d/x d/z", in: context)
            case .added: try build.write("d/new", "")
            case .argument: arguments = ["V": "2"]
            case .label: text = text.replacing("l=1", with: "l=2")
            case .environment: text = text.replacing("E=1", with: "E=2")
            case .user: text = text.replacing("RUN echo", with: "USER 7\nRUN echo")
            case .whitespace: text = text.replacing("echo run", with: "echo  run")
            case .destination: text = text.replacing("COPY f /f", with: "COPY f /g\nCOPY f /f")
            }
            let second = try await build.make(text) { [arguments] in $0.arguments = arguments }
            let done = second.done.filter { !$0.hasPrefix("FROM") }.map { step in
                step.split(separator: " ").prefix(2).joined(separator: " ")
            }
            #expect(done == Self.table[change])
            if change == .added {
                try shell("rm d/new", in: context)
                #expect(try await build.make(text).done.count == 1)
            }
        }
    }

    @Test func `the cache can be left aside, as a whole and for a stage`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            let text = "FROM busybox AS one\nRUN echo 1\nFROM busybox AS two\nRUN echo 2\nCOPY --from=one /bin/sh /s\n"
            try await build.make(text)
            let first = try build.config()
            #expect(try await build.make(text).cached.count == 3)
            // What is the same is the same image.
            #expect(try build.config() == first)
            #expect(try await build.make(text) { $0.ignoresCache = true }.cached == [])
            let some = try await build.make(text) { $0.uncachedStages = ["one"] }
            #expect(some.done.filter { !$0.hasPrefix("FROM") } == ["RUN echo 1"])
        }
    }

    @Test func `it is said why a step is done again`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine, ["f": "1"])
            let text = "FROM busybox\nENV A=1\nCOPY f /f\nRUN echo hello\n"
            let first = try await build.make(text) { $0.explainsCache = true }
            #expect(first.reasons == Array(repeating: "nothing was built at this place before", count: 2))
            try build.write("f", "22")
            let second = try await build.make(text.replacing("A=1", with: "A=2")) { $0.explainsCache = true }
            #expect(second.reasons.count == 2 && second.reasons.first == "/f changed")
            #expect(second.reasons.last?.contains("variable changed: A=1 → A=2") == true)
            #expect(second.reasons.last?.contains("what is below changed") == true)
        }
    }

    @Test func `a program that makes the same again lets what comes after it be found`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine, ["f": "1"])
            let text = "FROM busybox\nRUN : one; mkdir /d && echo same > /d/file\nCOPY f /f\nRUN cat /d/file\n"
            try await build.make(text)
            // The times of the files are others.
            try shell("while [ $(date +%s) = $(date +%s -r f) ]; do :; done", in: build.context)
            let second = try await build.make(text.replacing("one", with: "two"))
            #expect(second.cached == ["COPY f /f", "RUN cat /d/file"])
        }
    }

    /// What layers hold is only compared where their sizes are the same.
    @Test func `a layer of the same size is told apart, and found again`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            var found: [[String]] = []
            for number in 1...4 {
                let outcome = try await build.make(
                    """
                    FROM busybox
                    RUN echo $((\(number) % 2)) > /file
                    RUN cat /file
                    """
                )
                found.append(outcome.done.map { String($0.prefix(7)) }.filter { $0 != "FROM bu" })
                #expect(try await build.says("cat /file") == "\(number % 2)\n")
            }
            #expect(found == [["RUN ech", "RUN cat"], ["RUN ech", "RUN cat"], ["RUN ech"], ["RUN ech"]])
        }
    }

    @Test func `the same step of two stages is done once`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            let outcome = try await build.make(
                """
                FROM busybox AS one
                RUN echo same
                FROM busybox AS two
                RUN echo same
                FROM busybox
                COPY --from=one /bin/sh /one
                COPY --from=two /bin/sh /two
                """
            )
            #expect(outcome.done.count { $0 == "RUN echo same" } == 1 && outcome.cached == ["RUN echo same"])
        }
    }

    @Test func `images that are removed leave the cache, and the cache can be emptied`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            let text = "FROM busybox\nRUN echo x > /x\n"
            try await build.make(text)
            _ = try await engine.engine.removeImage("built", force: false, prunes: true)
            #expect(try await build.make(text).cached == ["RUN echo x > /x"])
            #expect(try await build.says("cat /x") == "x\n")
            for filters in [Filters(["label": ["a"]]), Filters(["label!": ["a"]]), Filters(["unused-for": ["24h"]])] {
                #expect(try await engine.engine.pruneBuilds(includesAll: true, filters).cachesDeleted == nil)
            }
            let pruned = try await engine.engine.pruneBuilds(includesAll: true, Filters())
            // The step, and the files that it has made.
            #expect(pruned.cachesDeleted?.count == 2)
            // The image keeps its layer.
            #expect(try await build.says("cat /x") == "x\n")
            #expect(try await build.make(text).cached == [])
        }
    }

    @Test func `an engine that died in the middle of a build leaves nothing wrong`() async throws {
        nonisolated(unsafe) var scratch: TestedBuild?
        try await TestedEngine.succession(
            .embedded,
            [
                { engine in
                    let build = try TestedBuild(engine, ["f": "1"])
                    scratch = build
                    try await build.make("FROM busybox\nCOPY f /f\nRUN echo done\n")
                    // What one that was killed leaves: a build with a step, a layer that was being unpacked, and content that
                    // was being written.
                    let location = engine.engine.location
                    let id = String(repeating: "a", count: 64)
                    try makeFolder("\(location.builds)/\(id)")
                    try makeFolder("\(location.builds)/\(id)/\(id)")
                    try makeFolder("\(location.builds)/\(id)/\(id)/upper")
                    try makeFolder("\(location.data)/layers/new-abandoned")
                },
                { engine in
                    let location = engine.engine.location
                    #expect(names(in: location.builds) == [])
                    _ = try await engine.engine.pruneImages(Filters())
                    #expect(!names(in: "\(location.data)/layers").contains("new-abandoned"))
                    let context = try #require(scratch).context
                    let build = try TestedBuild(engine)
                    let outcome = try await build.make("FROM busybox\nCOPY f /f\nRUN echo done\n") {
                        $0.context = context
                    }
                    #expect(outcome.cached.count == 2)
                },
            ]
        )
    }
}
