// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import TestSupport
import Testing

@testable import Engine

@Suite struct `Streams of a container` {
    private static func everything() -> AttachRequest {
        var request = AttachRequest()
        (request.streams, request.input, request.output, request.errors) = (true, true, true, true)
        return request
    }

    @Test(arguments: EngineKind.allCases)
    func `input arrives, and its end is told`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.create(["sh", "-c", "cat; echo done"]) { request in
                request.config.openStdin = true
                request.config.stdinOnce = true
            }
            let attachment = try await engine.engine.attach(to: id, Self.everything())
            try await engine.engine.startContainer(id)
            let input = try #require(attachment.input)
            try await input.write(Array("one\n".utf8))
            try await input.write(Array("two".utf8))
            await input.close()
            #expect(try await TestedEngine.text(of: attachment.output).output == "one\ntwodone\n")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `input that nobody reads waits, and goes through once somebody does`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.create(["sh", "-c", "echo ready; cat | wc -c"]) { request in
                request.config.openStdin = true
                request.config.stdinOnce = true
            }
            let attachment = try await engine.engine.attach(to: id, Self.everything())
            try await engine.engine.startContainer(id)
            let input = try #require(attachment.input)
            let size = 4 << 20
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await input.write([UInt8](repeating: 65, count: size))
                    await input.close()
                }
                #expect(try await TestedEngine.text(of: attachment.output).output == "ready\n\(size)\n")
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `a terminal echoes, has a size, and ends`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.create(["sh", "-c", "read line; stty size; tty"]) { request in
                (request.config.openStdin, request.config.tty) = (true, true)
            }
            let attachment = try await engine.engine.attach(to: id, Self.everything())
            #expect(attachment.hasTerminal)
            try await engine.engine.resizeContainer(id, rows: 33, columns: 77)
            try await engine.engine.startContainer(id)
            try await attachment.input?.write(Array("hello\n".utf8))
            let output = try await TestedEngine.text(of: attachment.output).output
            #expect(output.contains("hello\r\n"))
            #expect(output.contains("33 77\r\n"))
            #expect(output.contains("/dev/pts/0\r\n"))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `a log has both streams, and can be read while and after it is written`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let script = "for i in $(seq 1000); do echo $i; done; echo end >&2"
            let id = try await engine.start(["sh", "-c", script])
            var query = ContainerLogQuery()
            (query.showsOutput, query.showsErrors, query.follows) = (true, true, true)
            let followed = try await TestedEngine.text(of: engine.engine.logs(of: id, query).output)
            #expect(followed.output == (1...1000).map { "\($0)\n" }.joined())
            #expect(followed.errors == "end\n")
            (query.follows, query.tail, query.showsErrors) = (false, 2, false)
            let tail = try await TestedEngine.text(of: engine.engine.logs(of: id, query).output)
            #expect(tail.output == "999\n1000\n")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `a million lines to a client that is attached are all there`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let outcome = try await engine.run(["seq", "-w", "1000000"])
            #expect(outcome.status == 0)
            #expect(outcome.output.utf8.count == 8_000_000)
            #expect(outcome.output.hasSuffix("1000000\n"))
        }
    }
}

@Suite struct `Programs in a container` {
    private static func exec(
        _ engine: TestedEngine,
        in id: String,
        _ command: [String],
        _ change: (inout ExecCreateRequest) -> Void = { _ in }
    ) async throws -> String {
        var request = ExecCreateRequest()
        request.cmd = CommandWords(command)
        (request.attachStdout, request.attachStderr) = (true, true)
        change(&request)
        return try await engine.engine.createExec(in: id, request).id
    }

    @Test(arguments: EngineKind.allCases)
    func `tell their output and how they ended`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.start(["sleep", "1000"])
            let exec = try await Self.exec(engine, in: id, ["sh", "-c", "echo $0 $A; echo no >&2; exit 9"]) {
                $0.env = ["A=b"]
            }
            let attachment = try #require(try await engine.engine.startExec(exec, ExecStartRequest()))
            let text = try await TestedEngine.text(of: attachment.output)
            #expect(text.output == "sh b\n")
            #expect(text.errors == "no\n")
            let inspection = try await engine.engine.inspectExec(exec)
            #expect(inspection.exitCode == 9)
            #expect(!inspection.running)
            let again = await #expect(throws: EngineError.self) {
                _ = try await engine.engine.startExec(exec, ExecStartRequest())
            }
            #expect(again?.code == .conflict)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `take input, and have a terminal where one is asked for`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.start(["sleep", "1000"])
            let piped = try await Self.exec(engine, in: id, ["cat"]) { $0.attachStdin = true }
            let first = try #require(try await engine.engine.startExec(piped, ExecStartRequest()))
            try await first.input?.write(Array("in".utf8))
            await first.input?.close()
            #expect(try await TestedEngine.text(of: first.output).output == "in")
            let terminal = try await Self.exec(engine, in: id, ["sh", "-c", "tty; stty size"]) { request in
                (request.tty, request.attachStdin, request.consoleSize) = (true, true, [11, 22])
            }
            let second = try #require(try await engine.engine.startExec(terminal, ExecStartRequest()))
            #expect(try await TestedEngine.text(of: second.output).output == "/dev/pts/0\r\n11 22\r\n")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `a child that keeps the output open does not keep the client`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.start(["sleep", "1000"])
            let exec = try await Self.exec(engine, in: id, ["sh", "-c", "sleep 1000 & echo gone"])
            let attachment = try #require(try await engine.engine.startExec(exec, ExecStartRequest()))
            #expect(try await TestedEngine.text(of: attachment.output).output == "gone\n")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `one that does not exist is told as that`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { engine in
            let id = try await engine.start(["sleep", "1000"])
            let exec = try await Self.exec(engine, in: id, ["nowhere"])
            let error = await #expect(throws: EngineError.self) {
                _ = try await engine.engine.startExec(exec, ExecStartRequest())
            }
            #expect(error?.code == .commandNotFound)
            #expect(try await engine.engine.inspectExec(exec).exitCode == 127)
        }
    }
}
