// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import Linux
import TestSupport
import Testing

@testable import Engine

@Suite struct `Layers that a build has just made` {
    @Test func `lie below the next step as they were written`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let (images, fresh) = (engine.engine.images, FreshLayers())
            let base = BuildTree(layers: try images.inspect("busybox").layers)
            let below = try fresh.roots(of: base, in: images)
            var tree = base
            do {
                let place = PassingFolder(engine.scratch / "step", engine.engine)
                try place.folder.prepare()
                try engine.scratch.write("step/upper/new", "text")
                let made = try LayerMaker(upper: place.folder.upper, layers: below).make(in: images)
                #expect(made.contentSize == 4)
                tree.layers.append(made.stored)
                fresh.add(try #require(place.written), as: tree)
            }
            let unpacked = names(in: engine.scratch / "layers")
            let roots = try fresh.roots(of: tree, in: images)
            #expect(roots.count == base.layers.count + 1)
            #expect(try readText("\(try #require(roots.last).descriptor.path)/new") == "text")
            #expect(names(in: engine.scratch / "layers") == unpacked)
            #expect(fresh.trees == [tree])
        }
    }

    @Test func `are unpacked when nobody waits for the build any more`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine)
            try await build.make("FROM busybox\nRUN echo one > /one\nRUN echo two > /two")
            // That of the base and both new ones.
            let folder = engine.scratch / "layers"
            let areThere = try await BlockingCall.run {
                try waitUntil { names(in: folder).filter { !$0.hasPrefix("new-") }.count == 3 }
            }
            #expect(areThere)
        }
    }

    @Test func `are gone with the build`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let place = engine.scratch / "step"
            do {
                let step = PassingFolder(place, engine.engine)
                try step.folder.prepare()
                let written = try #require(step.written)
                #expect(isFolder(place))
                withExtendedLifetime(written) {}
            }
            #expect(!isFolder(place))
        }
    }

    /// A layer hides what is gone and nothing else, and holds no place of a mount.
    @Test func `are what the image has`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let build = try TestedBuild(engine, ["d/x": "x\n", "d/y": "y\n"])
            let outcome = try await build.make(
                """
                FROM busybox AS one
                COPY d /d/
                RUN rm /d/x && mkdir /e && echo one > /e/f && ln /e/f /e/g
                RUN test ! -e /d/x && test "$(cat /e/g)" = one && echo two > /e/f
                COPY --link d/y /e/h
                RUN cat /e/f /e/g /e/h > /all
                RUN --mount=type=bind,target=/stub/place,source=d ls /stub/place > /seen
                RUN test ! -e /stub && rm /e/h && mkdir /e/h && echo three > /e/h/i
                RUN cat /e/h/* >> /all
                FROM busybox
                COPY --from=one /all /seen /
                """
            )
            #expect(outcome.done.count == 10)
            #expect(try await build.says("cat /all") == "two\none\ny\nthree\n")
            #expect(try await build.says("cat /seen") == "x\ny\n")
        }
    }
}
