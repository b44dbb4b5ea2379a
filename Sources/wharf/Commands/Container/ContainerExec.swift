// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Terminal

/// A further program in a container that runs, with its streams here or in the background.
struct ContainerExec {
    let client: EngineClient
    let container: String
    /// The program; what follows from the other properties is filled in.
    var request: ExecCreateRequest
    var isDetached = false
    /// Whether standard input is connected.
    var isInteractive = false
    /// Nil for the engine's.
    var detachKeys: DetachKeys?

    /// Runs the program, and ends with its exit status where its streams are here.
    ///
    /// - Throws: ``CommandFailure`` with the exit status where that is not 0, or why there is none.
    func run() throws {
        var request = request
        request.detach = isDetached
        request.detachKeys = detachKeys?.text ?? ""
        if !isDetached {
            (request.attachStdin, request.attachStdout, request.attachStderr) = (isInteractive, true, true)
            if isInteractive, request.tty { try StandardInput.checkTerminal() }
            if request.tty, let size = TerminalSize.current {
                request.consoleSize = [UInt32(size.rows), UInt32(size.columns)]
            }
        }
        do {
            let id = try client.createExec(in: container, request).id
            var start = ExecStartRequest()
            (start.detach, start.tty, start.consoleSize) = (isDetached, request.tty, request.consoleSize)
            if isDetached {
                try client.startDetachedExec(id, start)
            } else {
                try attach(id, start)
            }
        } catch let error as EngineError {
            throw CommandFailure(of: error, isRun: false)
        }
    }

    private func attach(_ id: String, _ start: ExecStartRequest) throws {
        let session = TerminalSession(
            hasTerminal: request.tty,
            takesInput: isInteractive,
            keys: detachKeys ?? .standard
        )
        session.resize = { try? client.resizeExec(id, rows: $0.rows, columns: $0.columns) }
        let stream = try client.startExec(id, start)
        try session.begin()
        defer { session.end() }
        let end = try session.copy(stream)
        session.end()
        guard let status = try Self.status(of: id, client, isDetached: end == .detached) else { return }
        if status != 0 { throw CommandFailure(code: Int32(truncatingIfNeeded: status)) }
    }

    /// The exit status of a program whose streams have ended.
    ///
    /// - Parameters:
    ///   - id: The program.
    ///   - client: The client.
    ///   - isDetached: Whether it may go on without us.
    /// - Returns: The status; nil where it goes on.
    /// - Throws: ``CommandFailure`` where there is none, and what the client throws.
    static func status(of id: String, _ client: EngineClient, isDetached: Bool) throws -> Int? {
        // Its streams may end before its end is on record.
        for pause: UInt32 in [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1000] {
            usleep(pause * 1000)
            let found = try client.inspectExec(id)
            if let status = found.exitCode, !found.running { return status }
            if isDetached { return nil }
        }
        throw CommandFailure(
            message: "the program has closed its streams and still runs in the container; its exit status is not known"
        )
    }
}
