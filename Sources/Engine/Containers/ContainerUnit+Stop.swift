// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import OCI
import Runtime
import Store

extension ContainerUnit {
    /// How long a container may take to stop where nobody says otherwise.
    private static let defaultGrace = 10

    /// How long one may take to be gone that was killed, before whoever has killed it hears that it was.
    private static let killTime: Duration = .seconds(10)

    // MARK: Signals

    /// Sends a signal; one that kills is waited for, so that what was killed can be removed.
    func kill(_ text: String?) async throws {
        let signal = try text.map { text throws(EngineError) in try SignalName.number(text) } ?? SIGKILL
        guard let run, isRunning else { throw EngineError.notRunning(id.description) }
        let isStop = try signal == SIGKILL || signal == stopSignal(nil)
        if isStop {
            details.wasStopped = true
            persistIfPossible()
        }
        let exit = nextExit
        try await send(signal, to: run)
        if signal == SIGKILL { _ = try await exit.value(within: Self.killTime) }
    }

    /// Sends a signal, to a container that is paused as well where that is to end it.
    func send(_ signal: Int32, to run: ContainerRun, _ attributes: [String: String] = [:]) async throws {
        try run.process.signal(signal)
        publish("kill", ["signal": String(signal)].merging(attributes) { $1 })
        if state.phase == .paused, signal == SIGKILL {
            try await BlockingCall.run { try run.resources.thaw() }
        }
    }

    private func stopSignal(_ text: String?) throws(EngineError) -> Int32 {
        let own = definition.request.config.stopSignal
        if let text, !text.isEmpty { return try SignalName.number(text) }
        return own.isEmpty ? SIGTERM : try SignalName.number(own)
    }

    // MARK: Stopping

    /// Stops it.
    ///
    /// - Parameters:
    ///   - timeout: The time of grace in seconds, negative for any; nil takes the container's own.
    ///   - signal: The signal; nil takes the container's own.
    /// - Throws: `notModified` where it does not run.
    func stop(timeout: Int?, signal: String?) async throws {
        let signal = try stopSignal(signal)
        if try await callOffRestart() { return }
        guard let run, isRunning else {
            throw EngineError(.notModified, "the container \(name) is already stopped")
        }
        details.wasStopped = true
        persistIfPossible()
        try await end(run, by: signal, grace: timeout ?? definition.request.config.stopTimeout ?? Self.defaultGrace)
        publish("stop")
    }

    /// Has a run end: by a signal, and by `SIGKILL` once its time is over.
    func end(_ run: ContainerRun, by signal: Int32, grace: Int) async throws {
        let exit = nextExit
        if state.phase == .paused { try await resume(run) }
        if run.reaches(signal) {
            try await send(signal, to: run)
            let time: Duration? = grace < 0 ? nil : .seconds(grace)
            if try await exit.value(within: time) != nil { return }
            try await send(SIGKILL, to: run)
        } else {
            let name = SignalName.name(of: signal)
            let reason = "its first process neither handles nor blocks \(name), so the kernel would drop the signal"
            try await send(SIGKILL, to: run, ["reason": reason])
        }
        _ = try await exit.value()
    }

    /// Ends it together with an engine whose own processes its processes are; no restart follows.
    func endWithEngine() async {
        do {
            _ = try await callOffRestart()
            guard let run, isRunning else { return }
            details.wasStopped = true
            let exit = nextExit
            try await send(SIGKILL, to: run)
            _ = try await exit.value()
        } catch {
            engine.report("cannot end the container \(name)", error)
        }
    }

    // MARK: Pausing

    func pause() async throws {
        try await gate.run {
            guard let run, isRunning else { throw EngineError.notRunning(id.description) }
            if state.phase == .paused {
                throw EngineError(.conflict, "Container \(id) is already paused")
            }
            do {
                try await pauseHealth()
                try await BlockingCall.run { try run.resources.freeze() }
            } catch {
                watchHealth()
                throw error
            }
            state.phase = .paused
            try persist()
            publish("pause")
        }
    }

    func unpause() async throws {
        try await gate.run {
            guard let run, state.phase == .paused else {
                throw EngineError(.conflict, "Container \(id) is not paused")
            }
            try await resume(run)
            try persist()
            publish("unpause")
        }
    }

    /// Lets a paused run go on.
    ///
    /// It may end with that: what killed it while it was frozen is delivered now.
    private func resume(_ run: ContainerRun) async throws {
        try await BlockingCall.run { try run.resources.thaw() }
        guard state.phase == .paused else { return }
        state.phase = .running
        watchHealth()
    }
}
