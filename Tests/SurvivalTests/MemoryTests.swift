// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import TestSupport
import Testing

/// What an engine must not pay for what its clients and its containers do (CVE-2022-23471, CVE-2022-31030).
@Suite struct `The memory of an engine` {
    private static let mebibyte = Int64(1 << 20)

    @Test func `does not grow with programs whose clients vanish`() async throws {
        try await SurvivingEngine.with { engine in
            try await BlockingCall.run {
                let id = try engine.run(["sleep", "1000"], named: "base")
                // The first ones fill what is kept for those that follow.
                try Self.vanish(200, engine, id)
                let before = try engine.client.status()
                let descriptors = try Self.settled(engine, id, [])
                try Self.vanish(800, engine, id)
                let left = try Self.settled(engine, id, descriptors)
                let after = try engine.client.status()
                #expect(after.pid == before.pid)
                #expect(after.memory - before.memory < 8 * Self.mebibyte, "\(before.memory), then \(after.memory)")
                #expect(left == descriptors)
                #expect(try engine.client.inspectContainer(id).execIDs ?? [] == [])
            }
        }
    }

    /// Starts programs that read their input, goes away from each, and waits for the ends of all.
    private static func vanish(_ count: Int, _ engine: SurvivingEngine, _ container: String) throws {
        var request = ExecCreateRequest()
        request.cmd = CommandWords(["cat"])
        (request.attachStdin, request.attachStdout) = (true, true)
        for _ in 0..<count {
            let exec = try engine.client.createExec(in: container, request).id
            // The connection is closed at the end of this statement.
            _ = try engine.client.startExec(exec, ExecStartRequest()).socket.number
            while try engine.client.inspectExec(exec).running {}
        }
    }

    /// What the engine has open when it has noticed that all its clients have gone: asked for again and again, at most
    /// twenty thousand times.
    private static func settled(_ engine: SurvivingEngine, _ id: String, _ wanted: [String]) throws -> [String] {
        var found: [String] = []
        for _ in 0..<20_000 {
            let execs = try engine.client.inspectContainer(id).execIDs ?? []
            found = SurvivingEngine.descriptors(of: try engine.client.status().pid)
            if found == wanted, execs.isEmpty { break }
        }
        return found
    }

    @Test func `does not grow with what a program writes`() async throws {
        try await SurvivingEngine.with { engine in
            try await BlockingCall.run {
                let id = try engine.run(["sleep", "1000"], named: "base")
                // The first one fills what is kept for those that follow.
                #expect(try Self.read(16, engine, id) == 16 * Self.mebibyte)
                let status = try engine.client.status()
                #expect(try Self.read(1024, engine, id) == 1024 * Self.mebibyte)
                let after = try engine.client.status()
                let peak = try #require(try Self.peak(of: status.pid))
                #expect(after.memory - status.memory < 8 * Self.mebibyte, "\(status.memory), then \(after.memory)")
                #expect(peak - status.memory < 16 * Self.mebibyte, "\(status.memory), up to \(peak)")
                try engine.client.killContainer(id)
            }
        }
    }

    /// Has a program write, and reads all of it.
    ///
    /// - Returns: How many bytes came.
    private static func read(_ mebibytes: Int, _ engine: SurvivingEngine, _ container: String) throws -> Int64 {
        var request = ExecCreateRequest()
        request.cmd = CommandWords(["dd", "if=/dev/zero", "bs=1M", "count=\(mebibytes)"])
        (request.attachStdout, request.tty) = (true, false)
        let stream = try engine.client.startExec(
            engine.client.createExec(in: container, request).id,
            ExecStartRequest()
        )
        var (decoder, count) = (StreamFrameDecoder(), Int64(0))
        try decoder.feed(stream.early) { count += Int64($1.count) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let length = Glibc.read(stream.socket.number, &buffer, buffer.count)
            if length < 0 { throw SystemError("read", errno) }
            if length == 0 { break }
            try decoder.feed(Array(buffer.prefix(length))) { count += Int64($1.count) }
        }
        try decoder.finish()
        return count
    }

    /// The most memory that a process ever had, in bytes (`VmHWM` of proc_pid_status(5)).
    private static func peak(of process: Int32) throws -> Int64? {
        let lines = try readText("/proc/\(process)/status").split(separator: "\n")
        let digits = lines.first { $0.hasPrefix("VmHWM:") }?.filter(\.isNumber)
        return digits.flatMap { Int64($0) }.map { $0 * 1024 }
    }
}
