// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import ImagesSupport
import TestSupport
import Testing

@testable import Engine

@Suite struct `Copies of a build` {
    /// Builds upon busybox, and gives a listing of a folder.
    private static func listing(
        _ instructions: String,
        _ files: [String: String],
        of folder: String = "/to",
        prepare script: String = ""
    ) async throws -> [String] {
        nonisolated(unsafe) var found: [String] = []
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine, files)
            if !script.isEmpty { try shell(script, in: build.context) }
            try await build.make("FROM busybox\n" + instructions)
            let text = try await build.says(
                "cd \(folder) && find . -mindepth 1 | sort | while read f; do stat -c '%n %a %u:%g' \"$f\"; done"
            )
            found = text.split(separator: "\n").map { String($0.dropFirst(2)) }
        }
        return found
    }

    @Test(arguments: [
        ("COPY a /to/", ["a 644 0:0"]),
        ("COPY a b /to/", ["a 644 0:0", "b 755 0:0"]),
        ("COPY a /to/renamed", ["renamed 644 0:0"]),
        ("COPY d /to", ["e 755 0:0", "e/f 644 0:0", "g 600 0:0"]),
        ("COPY d/ /to/sub/", ["sub 755 0:0", "sub/e 755 0:0", "sub/e/f 644 0:0", "sub/g 600 0:0"]),
        ("COPY [\"d/e\", \"/to/\"]", ["f 644 0:0"]),
        ("COPY ../../a /to/", ["a 644 0:0"]),
        ("COPY ? /to/", ["a 644 0:0", "b 755 0:0", "e 755 0:0", "e/f 644 0:0", "g 600 0:0"]),
        ("COPY d/[g-h] d/e/* /to/", ["f 644 0:0", "g 600 0:0"]),
        ("COPY none* a /to/", ["a 644 0:0"]),
        ("COPY --chown=7 a /to/", ["a 644 7:7"]),
        ("COPY --chown=nobody:12 a /to/new/", ["new 755 65534:12", "new/a 644 65534:12"]),
        ("COPY --chown=nobody a /to/", ["a 644 65534:65534"]),
        ("COPY --chmod=0701 a d/g /to/", ["a 701 0:0", "g 701 0:0"]),
        ("COPY --chmod=u=rwX,go=rX d /to/", ["e 755 0:0", "e/f 644 0:0", "g 644 0:0"]),
        (
            "COPY --exclude=*.md --exclude=e . /to/",
            ["a 644 0:0", "b 755 0:0", "d 755 0:0", "d/e 755 0:0", "d/e/f 644 0:0", "d/g 600 0:0"]
        ),
        ("COPY --parents d/e/f a /to/", ["a 644 0:0", "d 755 0:0", "d/e 755 0:0", "d/e/f 644 0:0"]),
        ("COPY --parents d/./e/f /to/", ["e 755 0:0", "e/f 644 0:0"]),
        ("COPY --parents **/f /to/", ["d 755 0:0", "d/e 755 0:0", "d/e/f 644 0:0"]),
        ("COPY --link a /to/", ["a 644 0:0"]),
        ("WORKDIR /to\nCOPY a sub/b ./", ["a 644 0:0"]),
        ("COPY link /to/", ["link 644 0:0"]),
        ("ADD a.tar /to/", ["in 644 3:4"]),
        ("ADD a.tgz a /to/", ["a 644 0:0", "in 644 3:4"]),
        ("ADD --unpack=false a.tar /to/", ["a.tar 644 0:0"]),
        ("COPY a.tar /to/", ["a.tar 644 0:0"]),
    ])
    func `files come where they are told to`(instruction: String, wanted: [String]) async throws {
        let isMissing = instruction.contains("sub/b")
        let text = instruction.replacing(" sub/b", with: "")
        let found = try await Self.listing(
            "RUN mkdir -p /to\n" + text,
            ["a": "1", "b": "2", "d/e/f": "3", "d/g": "4", "x.md": "5", ".dockerignore": "*.tmp\n.dockerignore\n"],
            prepare: """
                find . -type d -exec chmod 755 {} +; chmod 755 b; chmod 600 d/g; chown -R 5:6 .; ln -s a link; touch ignored.tmp
                echo in > /tmp/in.$$; tar -C /tmp --transform 's/in.*/in/' --owner=3 --group=4 --mode=644 -cf a.tar in.$$
                gzip -c a.tar > a.tgz; rm /tmp/in.$$
                if \(instruction.contains("exclude") || instruction.contains("COPY ?")); then rm a.tar a.tgz link; fi
                """
        )
        #expect(found == wanted)
        #expect(!isMissing || found == ["a 644 0:0"])
    }

    @Test func `links are kept, and hard links stay one file`() async throws {
        let found = try await Self.listing(
            "COPY d /to/\nRUN stat -c %h /to/one | grep -x 2 && [ $(readlink /to/link) = /etc/passwd ] && touch /to/seen",
            ["d/one": "1"],
            prepare: "ln d/one d/two; ln -s /etc/passwd d/link"
        )
        #expect(found.contains { $0.hasPrefix("seen") })
    }

    @Test func `what is left out is not there, and is said to be left out`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(
                engine,
                ["a": "1", "secret": "2", "d/x": "3", "d/y": "4", ".dockerignore": "secret\nd\n!d/x\n"]
            )
            try await build.make("FROM busybox\nCOPY . /to/\n")
            #expect(try await build.says("cd /to; find . -type f | sort") == "./.dockerignore\n./a\n./d/x\n")
            let outcome = try await build.build("FROM busybox\nCOPY secret /to/\n")
            #expect(outcome.failure?.message.contains(".dockerignore") == true && outcome.failure?.line == 2)
            let missing = try await build.build("FROM busybox\nCOPY nothing /to/\n")
            #expect(missing.failure?.message.contains("there is no such file") == true)
            let several = try await build.build("FROM busybox\nCOPY * /to\n")
            #expect(several.failure?.message.contains("has to end with a slash") == true)
        }
    }

    @Test func `folders that are too deep are told, and not left out in silence`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine, ["a": ""])
            try shell("for i in $(seq 270); do mkdir d; cd d; done; echo x > f", in: build.context)
            let outcome = try await build.build("FROM busybox\nCOPY . /\n")
            #expect(outcome.failure?.message.contains("d/d/d/d/d/d/d/d/…: file name too long") == true)
            try await build.make("FROM busybox\nCOPY --exclude=d . /\n")
        }
    }

    @Test func `no link leads out of a context or a root`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine, ["in": "inside", "etc/passwd": "of the context"])
            try build.scratch.write("canary", "outside")
            try shell(
                """
                ln -s ../canary up; ln -s \(build.scratch.path)/canary absolute; ln -s / root
                ln -s .. parent; mkdir tree; ln -s \(build.scratch.path)/canary tree/link
                """,
                in: build.context
            )
            for source in ["up", "absolute", "parent/canary", "root/../canary"] {
                let outcome = try await build.build("FROM busybox\nCOPY \(source) /got\n")
                #expect(outcome.failure?.message.contains("there is no such file") == true, "\(source)")
            }
            // The root of a link is that of the context.
            try await build.make("FROM busybox\nCOPY root/etc/passwd /got\nCOPY tree /tree\n")
            let said = try await build.says("cat /got; readlink /tree/link")
            #expect(said == "of the context\(build.scratch.path)/canary\n")
            // Neither do links of the image.
            try await build.make(
                """
                FROM busybox
                RUN ln -s \(build.scratch.path) /way && ln -s ../../../../../.. /up && ln -s /real /folder && mkdir /real
                COPY in /way/
                COPY in /up/upper
                COPY in /folder/
                WORKDIR /way/work
                """
            )
            #expect(try await build.says("cat /upper /real/in \(build.scratch.path)/in") == "insideinsideinside")
            #expect(names(in: build.scratch.path).sorted() == ["canary", "context"])
            #expect(try build.scratch.text("canary") == "outside")
        }
    }

    @Test func `a copy to what stands in the way is refused or takes its place`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine, ["f": "new", "d/x": "1"])
            let base = "FROM busybox\nRUN mkdir /folder /folder/x; echo old > /file; ln -s /file /link\n"
            try await build.make(base + "COPY f /link\n")
            #expect(try await build.says("cat /link /file; test -L /link && echo kept") == "newnewkept\n")
            let folder = try await build.build(base + "COPY d /folder/\n")
            #expect(folder.failure?.message.contains("/folder/x is a folder") == true)
            let file = try await build.build(base + "COPY d /file\n")
            #expect(file.failure?.message.contains("/file is no folder") == true)
        }
    }

    @Test func `an archive cannot be unpacked out of the root`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            try build.scratch.write("canary", "outside")
            let bytes = try Archive { archive in
                try archive.link("way", to: build.scratch.path)
                try archive.file("way/canary", "inside")
                try archive.file("../../../escaped", "x")
            }.bytes()
            try build.scratch.write("context/a.tar", bytes: bytes)
            _ = try await build.build("FROM busybox\nADD a.tar /to/\n")
            #expect(try build.scratch.text("canary") == "outside")
            #expect(names(in: build.scratch.path).sorted() == ["canary", "context"])
        }
    }
}
