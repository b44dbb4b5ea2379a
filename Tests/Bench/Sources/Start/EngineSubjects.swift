// SPDX-License-Identifier: Apache-2.0

import BenchKit
import EngineAPI
import EngineClient
import Glibc
import Linux
import TestSupport

/// The engine, as its clients and as users meet it.
struct EngineSubjects {
    private let engine: BenchEngine

    init(_ engine: BenchEngine) {
        self.engine = engine
    }

    /// Starts a container for programs to join, and returns its identifier; it goes with the engine.
    func startLasting() throws -> String { try engine.start(["sleep", "1000000"]) }

    /// Runs containers one after the other, each up to its removal: the engine's part of it.
    func starts(_ runs: Int) throws -> [Double] {
        let client = engine.client
        return try (0..<runs).map { _ in
            try seconds {
                let id = try engine.start(["true"])
                guard try client.waitForContainer(id).statusCode == 0 else {
                    throw SystemFailure(message: "the container failed")
                }
                try client.removeContainer(id)
            }
        }
    }

    /// The same by the command that users run.
    func commandStarts(_ runs: Int) throws -> [Double] {
        try (0..<runs).map { _ in
            try engine.run(["container", "run", "--rm", "--network", "none", BenchEngine.image, "true"])
        }
    }

    /// Runs programs in a container one after the other, each to the end of its output.
    func execs(_ runs: Int, in container: String) throws -> [Double] {
        let client = engine.client
        var request = ExecCreateRequest()
        request.cmd = CommandWords(["true"])
        (request.attachStdout, request.attachStderr) = (true, true)
        return try (0..<runs).map { _ in
            try seconds {
                let id = try client.createExec(in: container, request).id
                let stream = try client.startExec(id, ExecStartRequest())
                var bytes = [UInt8](repeating: 0, count: 1 << 16)
                while read(stream.socket.number, &bytes, bytes.count) > 0 {}
                guard try client.inspectExec(id).exitCode == 0 else {
                    throw SystemFailure(message: "the program failed")
                }
            }
        }
    }

    /// The same by the command that users run.
    func commandExecs(_ runs: Int, in container: String) throws -> [Double] {
        try (0..<runs).map { _ in try engine.run(["container", "exec", container, "true"]) }
    }
}
