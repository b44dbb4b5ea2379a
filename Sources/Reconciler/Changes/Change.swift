// SPDX-License-Identifier: Apache-2.0

/// A value of a service that is not what its container was made with.
package struct Change: Equatable, Sendable {
    /// What has to be done for it, from little to much.
    package enum Effect: Int, Comparable, Sendable {
        /// Nothing but to remember the new value: it does not concern the container.
        case note
        /// The container takes it while it is.
        case adjust
        /// Another container.
        case replace

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    package var effect: Effect
    /// What tells of it.
    package var cause: Cause
    /// The key of the service that has changed; empty where it is none.
    package var key: String

    package init(_ effect: Effect, _ cause: Cause, key: String = "") {
        self.effect = effect
        self.cause = cause
        self.key = key
    }
}

extension Change.Effect {
    /// What a change of a key leads to.
    ///
    /// - Parameter path: The keys from the service on: `["deploy", "resources", "limits", "memory"]`.
    init(ofKeys path: some Sequence<String>) {
        let path = Array(path)
        let key = path.first ?? ""
        if key.hasPrefix("x-") || Self.noted.contains(key) {
            self = .note
        } else if key == "deploy" {
            self = Self.ofDeploy(path.dropFirst())
        } else if key == "blkio_config" {
            self = path.dropFirst().first == "weight" ? .adjust : .replace
        } else {
            self = Self.adjusted.contains(key) ? .adjust : .replace
        }
    }

    /// What the engine and the commands act on, and no container.
    private static let noted: Set<String> = [
        "attach", "build", "depends_on", "develop", "post_start", "pre_start", "pre_stop", "profiles", "pull_policy",
        "scale",
    ]

    /// What the runtime changes while the container runs.
    private static let adjusted: Set<String> = [
        "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "cpu_shares", "cpus", "cpuset", "mem_limit",
        "mem_reservation", "memswap_limit", "pids_limit", "restart", "stop_grace_period", "stop_signal",
    ]

    private static func ofDeploy(_ path: ArraySlice<String>) -> Self {
        switch path.first {
        case "restart_policy": .adjust
        case "resources":
            // Devices come with a container.
            path.contains("devices") ? .replace : .adjust
        default: .note
        }
    }
}
