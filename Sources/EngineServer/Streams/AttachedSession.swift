// SPDX-License-Identifier: Apache-2.0

import Engine
import EngineAPI

/// A connection that carries the standard streams of a process in both directions.
struct AttachedSession: Sendable {
    let attachment: Attachment
    let source: RequestSource
    let writer: ResponseWriter
    let keys: DetachKeys

    /// How a direction has ended.
    private enum End: Sendable {
        /// The process has ended, or its output.
        case output
        /// The client has nothing more to say.
        case input
        case detached
    }

    /// Carries bytes until the output ends, the client detaches, or the task is cancelled because the client has gone.
    ///
    /// An end of the client's input is passed on to the process, and its output goes on. Each direction holds one piece: it
    /// is taken when the one before it has been written.
    func run() async throws {
        do {
            let isDetached = try await carry() == .detached
            await attachment.detach(isDetached)
        } catch {
            await attachment.detach(false)
            throw error
        }
    }

    /// Carries until there is nothing to carry any more.
    ///
    /// - Returns: What ended it; nil where nothing did.
    private func carry() async throws -> End? {
        try await withThrowingTaskGroup(of: End.self) { group in
            defer { group.cancelAll() }
            if let output = attachment.output { group.addTask { try await carryOutput(output) } }
            group.addTask { try await carryInput() }
            while let end = try await group.next() {
                // Without output nothing is left to carry when the input has ended.
                if end != .input || attachment.output == nil { return end }
            }
            return nil
        }
    }

    private func carryOutput(_ output: OutputStream) async throws -> End {
        for try await piece in output {
            if attachment.hasTerminal {
                try await writer.write(raw: piece.bytes)
            } else {
                try await writer.write(raw: StreamFrames.encode(piece.bytes, of: piece.stream))
            }
        }
        return .output
    }

    private func carryInput() async throws -> End {
        var keys = keys
        var sink = attachment.input
        while let bytes = try await source.raw() {
            // What nobody takes is read all the same, so that the client does not wait for ever.
            guard let open = sink else { continue }
            let (passed, isDetached) = attachment.hasTerminal ? keys.feed(bytes) : (bytes, false)
            if !(await write(passed, to: open)) { sink = nil }
            if isDetached { return .detached }
        }
        try Task.checkCancellation()
        if let sink {
            _ = await write(keys.finish(), to: sink)
            await sink.close()
        }
        return .input
    }

    /// Writes to the process; false where it takes nothing any more, which its output may outlive.
    private func write(_ bytes: [UInt8], to sink: any InputSink) async -> Bool {
        if bytes.isEmpty { return true }
        do {
            try await sink.write(bytes)
            return true
        } catch {
            return false
        }
    }
}

extension Request {
    /// What the connection is when it is handed over for streams.
    func streamType(hasTerminal: Bool) -> String {
        // Clients before version 1.42 know one name for both.
        hasTerminal || head.version < APIVersion(1, 42)
            ? "application/vnd.docker.raw-stream" : "application/vnd.docker.multiplexed-stream"
    }
}
