// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI

/// How a container is found to work: its `Healthcheck` with Docker's values where it says nothing.
struct HealthCheck: Equatable, Sendable {
    /// The program of a probe with its arguments.
    var command: [String]
    /// The time from the end of a probe to the start of the next one.
    var interval = Duration.seconds(30)
    /// How long a probe may take.
    var timeout = Duration.seconds(30)
    /// The time since the start in which failures do not count until the first success.
    var startPeriod = Duration.zero
    /// The interval in that time.
    var startInterval = Duration.seconds(5)
    /// How many failures in a row make a container unhealthy.
    var retries = 3

    /// No wait is longer: clocks do not add up to more than a few hundred years.
    private static let longest = Duration.seconds(365 * 24 * 3600)

    /// The check of a container; nil where it has none.
    ///
    /// - Parameter config: The configuration of the container, completed by that of its image.
    init?(_ config: EngineAPI.ContainerConfig) {
        guard let healthcheck = config.healthcheck, let kind = healthcheck.test?.first else { return nil }
        let words = Array(healthcheck.test?.dropFirst() ?? [])
        switch kind {
        case "CMD": command = words
        case "CMD-SHELL":
            let shell = config.shell ?? []
            command = (shell.isEmpty ? ["/bin/sh", "-c"] : shell) + words
        default: return nil
        }
        if words.isEmpty { return nil }
        func length(_ given: Duration?, _ standard: Duration) -> Duration {
            guard let given, given != .zero else { return standard }
            return min(given, Self.longest)
        }
        interval = length(healthcheck.interval, interval)
        timeout = length(healthcheck.timeout, timeout)
        startPeriod = length(healthcheck.startPeriod, startPeriod)
        startInterval = length(healthcheck.startInterval, startInterval)
        if let given = healthcheck.retries, given > 0 { retries = given }
    }

    /// The time until the next probe.
    ///
    /// - Parameters:
    ///   - status: What is known of the container.
    ///   - age: How long it has run.
    /// - Returns: The time.
    func delay(_ status: ContainerHealth.Status, age: Duration) -> Duration {
        status == .starting && age < startPeriod ? startInterval : interval
    }
}
