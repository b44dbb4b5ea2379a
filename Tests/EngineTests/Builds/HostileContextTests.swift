// SPDX-License-Identifier: Apache-2.0

import ImagesSupport
import Linux
import TestSupport
import Testing

@testable import Engine

/// Contexts that somebody else writes to, and archives that were made to do harm: files of the host are the same afterwards.
@Suite struct `Hostile contexts` {
    /// Runs a test beside a folder of the host whose files must neither change nor be seen.
    private static func beside(
        _ body: @Sendable (TestedBuild, _ outside: String) async throws -> Void
    ) async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine, ["safe/f": "inside"])
            try build.scratch.write("outside/f", "outside")
            let outside = build.scratch / "outside"
            let before = try shell("find . -printf '%P %m %U %T@ %s %l\\n' | sort; cat f", in: outside)
            try await body(build, outside)
            #expect(try shell("find . -printf '%P %m %U %T@ %s %l\\n' | sort; cat f", in: outside) == before)
            #expect(names(in: build.scratch.path).sorted() == ["context", "outside"])
        }
    }

    @Test func `a folder that becomes a link while it is copied leads nowhere`() async throws {
        try await Self.beside { build, outside in
            let stop = build.scratch / "stop"
            let swap = "mv safe kept; ln -s \(outside) safe; rm safe; mv kept safe"
            let script = "while [ ! -e \(stop) ]; do \(swap); done; rm \(stop)"
            async let swapping = BlockingCall.run { try shell(script, in: build.context) }
            for round in 0..<20 {
                let outcome = try await build.build(
                    """
                    FROM busybox
                    COPY safe /one
                    ADD safe/f /two/
                    RUN --mount=source=safe,target=/three cat /one/* /two/* /three/*; echo \(round)
                    """
                )
                #expect(!outcome.output.contains("outside"))
            }
            try build.scratch.write("stop", "")
            _ = try await swapping
        }
    }

    @Test func `a destination that is a link of the image stays in the image`() async throws {
        try await Self.beside { build, outside in
            try await build.make(
                """
                FROM busybox
                RUN mkdir -p /top && ln -s \(outside) /way && ln -s \(outside)/f /file && ln -s /way/../outside /top/sub
                COPY safe /way
                COPY safe/f /file
                COPY --chown=5:6 --chmod=777 safe/f /top/sub/g
                WORKDIR /way/made
                """
            )
            #expect(try await build.says("cat \(outside)/f /file") == "insideinside")
        }
    }

    @Test(arguments: ["cat", "gzip", "bzip2", "xz"])
    func `an archive with links and names that lead out changes nothing there`(compression: String) async throws {
        try await Self.beside { build, outside in
            try shell(
                """
                mkdir t; ln -s \(outside) t/way; ln -s ../../../../../..\(outside) t/up; ln -s \(outside)/f t/file
                tar -cf links.tar -C t .; rm -r t; mkdir -p t/way t/up; echo x > t/way/f; echo x > t/up/g; echo x > t/file
                tar -rf links.tar -C t way/f up/g file; rm -r t; echo x > f
                tar -cPf names.tar --transform 's,^,\(outside)/,' f; tar -cf hard.tar f
                tar -rPf hard.tar --transform 's,^f$,\(outside)/f,;s,^g$,h,' f; rm f
                for name in links names hard; do \(compression) < $name.tar > $name.packed; done
                """,
                in: build.context
            )
            for name in ["links", "names", "hard"] {
                _ = try await build.build(
                    "FROM busybox\nADD \(name).tar /\nADD \(name).tar /x/\nADD \(name).packed /y/\n"
                )
            }
        }
    }
}
