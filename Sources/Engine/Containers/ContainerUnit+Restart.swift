// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Runtime
import Store

extension ContainerUnit {
    /// Stops it where it runs, and starts it.
    func restart(timeout: Int?, signal: String?) async throws {
        do {
            try await stop(timeout: timeout, signal: signal)
        } catch let error as EngineError where error.code == .notModified {}
        // One that removes itself at its end is gone by now.
        try await start()
        publish("restart")
        engine.restartDependants(of: snapshot)
    }

    /// Has it started again after a pause, unless somebody calls that off.
    ///
    /// - Parameters:
    ///   - delay: The pause.
    ///   - inOrder: Whether it waits for what its service depends on.
    func scheduleRestart(after delay: Duration, inOrder: Bool = false) {
        let call = Promise<Void>()
        restartCall = call
        let membership = inOrder ? definition.membership : nil
        engine.background.add { [id, weak engine] in
            if let membership { await engine?.waitForDependencies(of: membership) }
            let isCalledOff = (try? await call.value(within: delay)) != nil
            guard !Task.isCancelled else { return }
            await engine?.containers.unit(id)?.restartDue(call, isCalledOff: isCalledOff)
        }
    }

    /// Has a restart that is due not happen.
    ///
    /// - Returns: Whether there was one.
    func callOffRestart() async throws -> Bool {
        guard state.phase == .restarting else { return false }
        return try await gate.run {
            guard state.phase == .restarting, let call = restartCall else { return false }
            restartCall = nil
            call.keep(())
            details.wasStopped = true
            state.phase = .exited
            try persist()
            publish("stop")
            tellHealth()
            return true
        }
    }

    private func restartDue(_ call: Promise<Void>, isCalledOff: Bool) async {
        do {
            try await gate.run {
                guard !isCalledOff, state.phase == .restarting, restartCall === call else { return }
                restartCall = nil
                state.restartCount += 1
                try await launch()
                engine.restartDependants(of: snapshot)
            }
        } catch {
            engine.report("cannot start the container \(name) again", error)
        }
    }
}
