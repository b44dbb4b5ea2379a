// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Terminal

/// A container whose streams are those of this command, until it ends or the user detaches.
struct AttachedContainer {
    let client: EngineClient
    let id: String
    let hasTerminal: Bool
    let attach: AttachQuery

    /// Connects, starts the container, copies its streams and ends with its exit status.
    ///
    /// The order is that of Docker's clients, with which nothing is missed: connect, begin to wait, start.
    ///
    /// - Parameters:
    ///   - waitCondition: What the end is: `next-exit`, `removed`, or `not-running` for one that runs already.
    ///   - keys: The keys that detach.
    ///   - forwardsSignals: Whether the container gets the signals that this command gets.
    ///   - start: Starts the container.
    /// - Throws: ``CommandFailure`` with the container's exit status where that is not 0.
    func run(
        waitCondition: String,
        keys: DetachKeys,
        forwardsSignals: Bool,
        start: () throws -> Void
    ) throws {
        let stream = try asRun { try client.attach(to: id, attach) }
        var wait = try asRun { try client.beginWait(for: id, condition: waitCondition) }
        let session = TerminalSession(hasTerminal: hasTerminal, takesInput: attach.input, keys: keys)
        session.forward = forwardsSignals ? { try? client.killContainer(id, signal: $0) } : nil
        session.resize = { try? client.resizeContainer(id, rows: $0.rows, columns: $0.columns) }
        try session.begin()
        defer { session.end() }
        try start()
        let end = try session.copy(stream)
        session.end()
        if end == .detached, try isRunning() { return }
        let status = try status(&wait)
        if status != 0 { throw CommandFailure(code: status) }
    }

    /// Does something whose failure is not the container's.
    private func asRun<Value: ~Copyable>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw CommandFailure(of: error, isRun: true)
        }
    }

    private func isRunning() throws -> Bool {
        do {
            return try client.inspectContainer(id).state.running
        } catch let error as EngineError where error.code == .notFound {
            return false
        }
    }

    /// The exit status, asked for once more where the engine ended while it was waited for: containers outlive it.
    private func status(_ wait: inout Response) throws -> Int32 {
        let answer: ContainerWaitResponse
        do {
            answer = try ContainerWaitResponse(from: &wait)
        } catch {
            guard error.code == .truncated else { throw error }
            answer = try asRun { try client.waitForContainer(id) }
        }
        if let failure = answer.error, !failure.message.isEmpty {
            throw CommandFailure(message: failure.message, status: .engine)
        }
        return Int32(truncatingIfNeeded: answer.statusCode)
    }
}
