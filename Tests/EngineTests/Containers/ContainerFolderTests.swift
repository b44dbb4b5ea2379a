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

    /// A container that is kept may have a database in its own files; of one that removes itself nobody reads them again.
    @Test func `asks the kernel for nothing to be synced where it ends with the machine`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            var mounts: [String] = []
            for removesItself in [false, true] {
                let id = try await engine.create(["grep", " / overlay ", "/proc/mounts"]) {
                    $0.hostConfig.autoRemove = removesItself
                }
                mounts.append(try await engine.finish(id).output)
            }
            // The option is shown as `volatile` or, by newer kernels, as `fsync=volatile`.
            #expect(mounts[0].contains("overlay") && !mounts[0].contains("volatile"))
            #expect(mounts[1].contains("overlay") && mounts[1].contains("volatile"))
        }
    }

    /// The root of a run is held beyond its end, and two mounts that write to the same folder would corrupt it.
    @Test func `has one mount at a time`() async throws {
        try await TestedEngine.with(.embedded) { engine in
            let id = try await engine.create(["sh", "-c", "echo line >> /file; wc -l < /file"])
            let unit = try engine.engine.containers.find(id)
            for count in 1...3 {
                #expect(try await engine.finish(id).output == "\(2 * count - 1)\n")
                let first = try #require(await unit.formerRoot)
                #expect(try await engine.finish(id).output == "\(2 * count)\n")
                #expect(!first.isHeld)
                let second = try #require(await unit.formerRoot)
                #expect(second !== first)
                #expect(try await engine.engine.fileStatus(in: id, at: "/file").size == 10 * count)
                #expect(!second.isHeld)
            }
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
