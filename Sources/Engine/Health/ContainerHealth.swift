// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// Whether a container works, as far as its probes tell.
struct ContainerHealth: Codable, Equatable, Sendable {
    enum Status: String, Codable, Sendable {
        /// No probe has succeeded since the start, and too few have failed.
        case starting
        case healthy
        case unhealthy
    }

    /// Docker calls a container that has ended `unhealthy`, whatever it was before.
    private(set) var status = Status.starting
    /// How many probes in a row have failed, but for those in the start period.
    private(set) var failingStreak = 0
    /// The last results, the oldest first; those of earlier runs stay.
    private(set) var log: [ContainerState.HealthProbe] = []

    /// How many results are kept.
    private static let logLength = 5

    init() {}

    /// The container starts.
    mutating func begin() {
        (status, failingStreak) = (.starting, 0)
    }

    /// The container has ended.
    mutating func end() {
        status = .unhealthy
    }

    /// Takes note of a result.
    ///
    /// - Parameters:
    ///   - result: The result.
    ///   - check: The check that it is of.
    ///   - age: How long the container had run when the probe was started.
    mutating func add(_ result: ContainerState.HealthProbe, of check: HealthCheck, age: Duration) {
        log = log.suffix(Self.logLength - 1) + [result]
        if result.exitCode == 0 {
            (status, failingStreak) = (.healthy, 0)
            return
        }
        if status == .starting, age < check.startPeriod { return }
        failingStreak += 1
        if failingStreak >= check.retries { status = .unhealthy }
    }

    /// What inspections tell.
    var view: ContainerState.Health {
        var health = ContainerState.Health()
        (health.status, health.failingStreak, health.log) = (status.rawValue, failingStreak, log)
        return health
    }
}

/// What a wait for the health of a container ends with.
package enum HealthOutcome: Equatable, Sendable {
    case healthy
    /// As many probes as its check allows have failed in a row.
    case unhealthy
    /// It does not run, and is not about to run again by itself.
    case notRunning(exitStatus: Int)
    /// It has no check, and so nobody will ever know.
    case withoutCheck
}

extension Engine {
    /// Waits until it is known whether a container works, without asking again and again.
    ///
    /// A container that waits for its restart is waited for as well; one that is paused is as it was. Whoever wants every
    /// change listens to the events `health_status: …` instead.
    ///
    /// - Parameter reference: The container.
    /// - Returns: What is known; at once where that is so already.
    /// - Throws: `notFound` where there is no such container, also where it is removed meanwhile; `CancellationError`.
    package func waitForHealth(of reference: String) async throws -> HealthOutcome {
        try await containers.find(reference).waitForHealth()
    }
}
