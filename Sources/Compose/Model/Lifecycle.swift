// SPDX-License-Identifier: Apache-2.0

/// A service to be started before another.
package struct Dependency: ComposeObject {
    /// What has to be true of a dependency.
    package enum Condition: String, Codable, Sendable {
        /// It has been started.
        case started = "service_started"
        /// Its health check succeeds.
        case healthy = "service_healthy"
        /// It has exited with status 0.
        case completedSuccessfully = "service_completed_successfully"
    }

    /// What to wait for.
    package var condition = Condition.started
    /// Whether the dependant is restarted when compose restarts or replaces the dependency.
    package var restart = false
    /// Whether the dependant must not start without it.
    package var required = true
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    /// Makes a dependency.
    package init(_ condition: Condition, restart: Bool = false, required: Bool = true) {
        self.condition = condition
        self.restart = restart
        self.required = required
    }

    package static let fields: FieldTable<Dependency> = [
        Field("condition", \.condition, .word(.started), omitted: .never),
        Field("restart", \.restart, .bool),
        Field("required", \.required, .bool, omitted: .never),
    ]
}

/// How to find out whether a container works.
package struct Healthcheck: ComposeObject {
    /// What to run: `NONE`, or `CMD` or `CMD-SHELL` and a command; empty: what the image says.
    package var test: [String] = []
    /// How long one run may take; nil: 30 seconds.
    package var timeout: Duration?
    /// The time between two runs; nil: 30 seconds.
    package var interval: Duration?
    /// How many failures in a row make the container unhealthy; nil: three.
    package var retries: UInt?
    /// How long failures do not count after a start; nil: not at all.
    package var startPeriod: Duration?
    /// The time between two runs during the start period; nil: five seconds.
    package var startInterval: Duration?
    /// Whether the check of the image is switched off.
    package var disable = false
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Healthcheck> = [
        Field("test", \.test, .healthcheckTest),
        Field("timeout", \.timeout, .optional(.duration)),
        Field("interval", \.interval, .optional(.duration)),
        Field("retries", \.retries, .optional(.integer)),
        Field("start_period", \.startPeriod, .optional(.duration)),
        Field("start_interval", \.startInterval, .optional(.duration)),
        Field("disable", \.disable, .bool),
    ]
}

/// A command to run in a container at a moment of its life.
package struct Hook: ComposeObject {
    /// The command.
    package var command: [String]?
    /// The user; nil: that of the container.
    package var user: String?
    /// Whether it has all capabilities.
    package var privileged = false
    /// The working directory; nil: that of the container.
    package var workingDirectory: String?
    /// Variables on top of the container's.
    package var environment: [String: String?] = [:]
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Hook> = [
        Field("command", \.command, .command, omitted: .whenZeroInYAML),
        Field("user", \.user, .text),
        Field("privileged", \.privileged, .bool),
        Field("working_dir", \.workingDirectory, .text),
        Field("environment", \.environment, .environment),
    ]
}

/// A command to run before a service starts, in a container of its own.
package struct StartHook: ComposeObject {
    /// The image of the container; nil: that of the service.
    package var image: String?
    /// What runs in it.
    package var hook = Hook()
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<StartHook> = [
        Field("image", \.image, .text),
        Field("command", \.hook.command, .command, omitted: .whenZeroInYAML),
        Field("user", \.hook.user, .text),
        Field("privileged", \.hook.privileged, .bool),
        Field("working_dir", \.hook.workingDirectory, .text),
        Field("environment", \.hook.environment, .environment),
    ]
}

/// When to pull the image of a service.
package struct PullPolicy: RawRepresentable, Hashable, Sendable, Codable {
    /// The policy as written: a word, or `every_` and a duration.
    package var rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let always = PullPolicy(rawValue: "always")
    package static let never = PullPolicy(rawValue: "never")
    package static let missing = PullPolicy(rawValue: "missing")
    /// The old name of ``missing``, which normalising replaces.
    package static let ifNotPresent = PullPolicy(rawValue: "if_not_present")
    package static let build = PullPolicy(rawValue: "build")
    package static let daily = PullPolicy(rawValue: "daily")
    package static let weekly = PullPolicy(rawValue: "weekly")
}
