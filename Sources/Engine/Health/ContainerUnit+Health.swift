// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux
import Runtime
import Store

extension ContainerUnit {
    private var check: HealthCheck? { HealthCheck(definition.request.config) }

    /// How long it had run at an instant.
    private func age(at time: Timestamp) -> Duration {
        .nanoseconds(time.unixNanoseconds - (state.started?.nanoseconds ?? 0))
    }

    // MARK: The course of a run

    /// Has the health of a run begin; whoever calls writes it down.
    func beginHealth() {
        guard check != nil else {
            details.health = nil
            return
        }
        var health = details.health ?? ContainerHealth()
        health.begin()
        details.health = health
    }

    /// Begins to probe: after a start, a pause, or the end of the engine before.
    func watchHealth() {
        guard run != nil, state.phase == .running, details.health != nil, check != nil else { return }
        healthMonitor?.stopped.keep(())
        let monitor = HealthMonitor(after: healthMonitor)
        healthMonitor = monitor
        engine.background.add { [id, weak engine] in
            guard let unit = engine?.containers.unit(id) else { return monitor.finished.keep(()) }
            await monitor.run(unit)
        }
        tellHealth()
    }

    /// Ends the probes before a pause, and waits until none is left.
    ///
    /// A probe that is frozen could neither end nor be ended everywhere.
    func pauseHealth() async throws {
        guard let monitor = healthMonitor else { return }
        monitor.stopped.keep(())
        try await monitor.finished.value()
    }

    /// Ends the probes with the run; whoever calls writes it down.
    func endHealth() {
        healthMonitor?.stopped.keep(())
        details.health?.end()
    }

    /// Goes on with the probes of the engine before.
    func takeOverHealth() async throws {
        guard check != nil, let run else { return }
        try await BlockingCall.run { try HealthProbe.endLeftovers(of: run) }
        // The engine before may have known nothing of checks.
        if details.health == nil { beginHealth() }
        watchHealth()
    }

    // MARK: Probes

    /// The time until the next probe; nil where there is to be none.
    func probeDelay(for monitor: HealthMonitor) -> Duration? {
        guard isCurrent(monitor), let check, let health = details.health else { return nil }
        return check.delay(health.status, age: age(at: .now))
    }

    private func isCurrent(_ monitor: HealthMonitor) -> Bool {
        monitor === healthMonitor && monitor.stopped.current == nil
    }

    /// The next probe, whose end is told to it; nil where there is to be none.
    func beginProbe(for monitor: HealthMonitor) -> HealthProbe? {
        guard isCurrent(monitor), let check, let run, state.phase == .running else { return nil }
        let next = HealthProbe(check, of: self, run, snapshot)
        probe = next
        return next
    }

    /// Takes note of what a probe has found.
    ///
    /// It is written down where the status or the number of failures changes: a container that stays healthy costs no
    /// write. What an engine that takes over does not find is therefore at most the last results.
    func probeEnded(_ result: ContainerState.HealthProbe?, for monitor: HealthMonitor) {
        probe = nil
        guard let result, isCurrent(monitor), let check, let before = details.health else { return }
        var health = before
        health.add(result, of: check, age: age(at: result.start))
        details.health = health
        if health.status != before.status {
            let action = "health_status: \(health.status.rawValue)"
            do {
                try persist(telling: action)
            } catch {
                engine.report("cannot write down the health of the container \(name)", error)
                publish(action)
            }
            tellHealth()
        } else if health.failingStreak != before.failingStreak {
            persistIfPossible()
        }
    }

    // MARK: Waiting

    /// Wakes those who wait for a change of the health.
    func tellHealth() {
        let change = healthChange
        healthChange = Promise()
        change.keep(())
    }

    /// Waits until it is known whether it works.
    func waitForHealth() async throws -> HealthOutcome {
        while true {
            let change = healthChange
            if removal.current != nil { throw EngineError.noSuchContainer(id.description) }
            if check == nil { return .withoutCheck }
            switch state.phase {
            case .running, .paused:
                switch details.health?.status {
                case .healthy: return .healthy
                case .unhealthy: return .unhealthy
                case .starting, nil: break
                }
            case .restarting: break
            case .created, .exited, .removing, .dead:
                return .notRunning(exitStatus: Int(state.exitStatus ?? 0))
            }
            try await change.value()
        }
    }
}
