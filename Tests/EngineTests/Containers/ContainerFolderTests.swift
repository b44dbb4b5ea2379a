// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import TestSupport
import Testing

@testable import Engine

@Suite struct `The folder of a container` {
    /// The image has no `/etc/hosts` and the like, and an engine that made the place in each container would copy its `/etc`.
    @Test(arguments: EngineKind.allCases)
    func `has nothing that the container has not written`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let script = "cat /etc/hostname; ls /etc; read line; echo x > /etc/own"
            let id = try await engine.create(["sh", "-c", script]) { request in
                (request.config.hostname, request.config.openStdin) = ("here", true)
                request.config.stdinOnce = true
            }
            var streams = AttachRequest()
            (streams.streams, streams.input, streams.output) = (true, true, true)
            let attachment = try await engine.engine.attach(to: id, streams)
            let wait = try await engine.engine.waitForContainer(id, .nextExit)
            try await engine.engine.startContainer(id)
            let folder = "\(engine.scratch.path)/containers/\(id)"
            #expect(files(below: folder + "/upper") == [])
            await attachment.input?.close()
            let (output, _) = try await TestedEngine.text(of: attachment.output)
            #expect(try await wait().statusCode == 0)
            #expect(output.split(separator: "\n").starts(with: ["here"]))
            #expect(output.contains("\nhosts\n") && output.contains("\nresolv.conf\n"))
            #expect(files(below: folder + "/upper") == ["etc/own"])
            // What is below all images is nobody's to write to.
            let places = engine.engine.base.mountPoints
            let regular = files(below: places).filter { $0 != "etc/mtab" }
            #expect(regular == [".dockerenv", "etc/hostname", "etc/hosts", "etc/resolv.conf"])
            #expect(try regular.allSatisfy { try readText("\(places)/\($0)").isEmpty })
        }
    }

    /// Programs that stay on one file system do not leave the image out.
    @Test func `is one device, whatever layers its files come from`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let script = "echo x > /new; stat -c %d / /bin /bin/busybox /new | sort -u | wc -l"
            let (_, output, _) = try await engine.finish(engine.create(["sh", "-c", script]))
            #expect(output == "1\n")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `has no log of a stream without a word`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            var found: [String: [String]] = [:]
            for script in ["true", "echo one", "echo two >&2"] {
                let id = try await engine.create(["sh", "-c", script])
                let (_, output, errors) = try await engine.finish(id)
                #expect(output + errors == (script == "true" ? "" : script.contains("one") ? "one\n" : "two\n"))
                found[script] = names(in: "\(engine.scratch.path)/containers/\(id)/log")
            }
            #expect(found["true"] == [])
            #expect(found["echo one"] == ["stdout.00000000.index", "stdout.00000000.log"])
            #expect(found["echo two >&2"] == ["stderr.00000000.index", "stderr.00000000.log"])
        }
    }
}
