// SPDX-License-Identifier: Apache-2.0

/// What a container is doing.
package struct ContainerState: ZeroRepresentable, Sendable {
    package var status: Status = Status.created
    @Always package var running: Bool
    @Always package var paused: Bool
    @Always package var restarting: Bool
    @Always package var oomKilled: Bool
    @Always package var dead: Bool
    /// 0 where nothing runs.
    @Always package var pid: Int
    @Always package var exitCode: Int
    /// Why the last start failed.
    @Always package var error: String
    @Always package var startedAt: Timestamp
    @Always package var finishedAt: Timestamp
    package var health: Health?

    private enum CodingKeys: String, CodingKey {
        case status = "Status"
        case running = "Running"
        case paused = "Paused"
        case restarting = "Restarting"
        case oomKilled = "OOMKilled"
        case dead = "Dead"
        case pid = "Pid"
        case exitCode = "ExitCode"
        case error = "Error"
        case startedAt = "StartedAt"
        case finishedAt = "FinishedAt"
        case health = "Health"
    }

    package init() {}

    /// The state in one word.
    package enum Status: String, Codable, CaseIterable, Sendable {
        case created
        case running
        case paused
        case restarting
        case removing
        case exited
        case dead
    }

    /// Whether a container works, as far as its checks tell.
    package struct Health: ZeroRepresentable, Sendable {
        /// `none`, `starting`, `healthy` or `unhealthy`.
        @Always package var status: String
        @Always package var failingStreak: Int
        /// The last ones, oldest first.
        @Nullable package var log: [HealthProbe]?

        private enum CodingKeys: String, CodingKey {
            case status = "Status"
            case failingStreak = "FailingStreak"
            case log = "Log"
        }

        package init() {}
    }

    /// One run of a check.
    package struct HealthProbe: Codable, Equatable, Sendable {
        package var start: Timestamp
        package var end: Timestamp
        package var exitCode: Int
        package var output: String

        private enum CodingKeys: String, CodingKey {
            case start = "Start"
            case end = "End"
            case exitCode = "ExitCode"
            case output = "Output"
        }

        package init(start: Timestamp, end: Timestamp, exitCode: Int, output: String) {
            self.start = start
            self.end = end
            self.exitCode = exitCode
            self.output = output
        }
    }
}
