// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI

/// Runs the hooks of a container, one after the other.
struct HookRunner {
    let engine: Engine
    /// The identifier of the container.
    let container: String
    /// Its name, for what is told.
    let name: String
    let report: PlanExecutor.Report

    /// Runs hooks, each to its end.
    ///
    /// - Parameter hooks: The hooks.
    /// - Throws: `failed` with the command and its status where one does not end with 0.
    func run(_ hooks: [Hook]) async throws {
        for hook in hooks { try await run(hook) }
    }

    private func run(_ hook: Hook) async throws {
        var request = ExecCreateRequest()
        request.cmd = CommandWords(hook.command ?? [])
        request.user = hook.user ?? ""
        request.privileged = hook.privileged
        request.workingDir = hook.workingDirectory ?? ""
        request.env = hook.environment.sorted { $0.key < $1.key }.map { key, value in
            value.map { "\(key)=\($0)" } ?? key
        }
        (request.attachStdout, request.attachStderr) = (true, true)
        let id = try await engine.createExec(in: container, request).id
        let attachment = try await engine.startExec(id, ExecStartRequest())
        var lines = LineSplitter()
        if let output = attachment?.output {
            for try await piece in output {
                for line in lines.feed(piece.bytes) { await report(.hook(container: name, line: line)) }
            }
        }
        if let line = lines.finish() { await report(.hook(container: name, line: line)) }
        let status = try await engine.inspectExec(id).exitCode ?? 0
        guard status == 0 else {
            let command = (hook.command ?? []).joined(separator: " ")
            throw EngineError(.failed, "a hook of \(name) exited with status \(status): \(command)")
        }
    }
}

/// Cuts bytes into lines.
struct LineSplitter {
    private var rest: [UInt8] = []
    /// A line without an end is given out in pieces of this size.
    private static let limit = 1 << 14

    init() {}

    /// Takes bytes.
    ///
    /// - Returns: The lines that are whole now, without their ends.
    mutating func feed(_ bytes: [UInt8]) -> [String] {
        rest += bytes
        var lines: [String] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(String(decoding: rest[..<end], as: UTF8.self))
            rest.removeFirst(end + 1)
        }
        if rest.count > Self.limit {
            lines.append(String(decoding: rest, as: UTF8.self))
            rest = []
        }
        return lines
    }

    /// What is left at the end; nil for nothing.
    mutating func finish() -> String? {
        defer { rest = [] }
        return rest.isEmpty ? nil : String(decoding: rest, as: UTF8.self)
    }
}
