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
    let service: String
    let report: Engine.ProjectReport

    /// Runs hooks, each to its end.
    ///
    /// - Parameters:
    ///   - hooks: The hooks.
    ///   - kind: `post_start` or `pre_stop`.
    /// - Throws: ``HookFailure`` where one does not end with 0.
    func run(_ hooks: [Hook], _ kind: String) async throws {
        for hook in hooks { try await run(hook, kind) }
    }

    private func run(_ hook: Hook, _ kind: String) async throws {
        let id = try await engine.createExec(in: container, ExecCreateRequest(running: hook)).id
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
            var failure = HookFailure(kind, of: name, hook, status: status)
            failure.help =
                kind == "pre_stop"
                ? "mend the hook, or stop the container without it: `wharf kill \(service)`"
                : "the container runs without what the hook does: mend the hook, and bring the project up again"
            throw failure
        }
    }
}

/// A hook that did not end with 0.
struct HookFailure: Error, CustomStringConvertible {
    let description: String
    /// What to do about it.
    var help: String?
    /// The container of the hook, by its identifier, whose output nobody has seen yet.
    var container: String?

    /// - Parameters:
    ///   - kind: `pre_start`, `post_start` or `pre_stop`.
    ///   - name: The name of the container or the service that has it.
    ///   - hook: The hook.
    ///   - status: What it ended with.
    init(_ kind: String, of name: String, _ hook: Hook, status: Int) {
        let words = (hook.command ?? []).map { word in
            let isPlain =
                !word.isEmpty
                && word.utf8.allSatisfy { byte in
                    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                        || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
                        || "-_./=:,+@%".utf8.contains(byte)
                }
            return isPlain ? word : "'\(word.replacing("'", with: "'\\''"))'"
        }
        description = "a \(kind) hook of \(name) exited with status \(status): \(words.joined(separator: " "))"
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
