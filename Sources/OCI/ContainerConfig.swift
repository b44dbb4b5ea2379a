// SPDX-License-Identifier: Apache-2.0

/// What a container of an image runs with unless it is told otherwise.
///
/// A list that is nil is inherited by what is built on top; an empty one is not.
package struct ContainerConfig: Codable, Equatable, Sendable {
    /// `user[:group]`, by name or number.
    package var user: String?
    /// `port/protocol` names.
    package var exposedPorts: [String: Empty]?
    /// `NAME=value` pairs.
    package var env: [String]?
    package var entrypoint: [String]?
    package var cmd: [String]?
    /// Paths inside the container.
    package var volumes: [String: Empty]?
    package var workingDir: String?
    package var labels: [String: String]?
    /// A signal's name or number.
    package var stopSignal: String?
    package var argsEscaped: Bool?
    package var healthcheck: Healthcheck?
    /// What runs the shell form of instructions.
    package var shell: [String]?
    /// Instructions for a build on top of the image.
    package var onBuild: [String]?
    /// How many seconds a container has between the stop signal and its end.
    package var stopTimeout: Int?
    package var hostname: String?
    package var domainname: String?
    package var macAddress: String?
    package var networkDisabled: Bool?
    package var tty: Bool?
    package var openStdin: Bool?
    package var stdinOnce: Bool?
    package var attachStdin: Bool?
    package var attachStdout: Bool?
    package var attachStderr: Bool?
    package var image: String?

    private enum CodingKeys: String, CodingKey {
        case user = "User"
        case exposedPorts = "ExposedPorts"
        case env = "Env"
        case entrypoint = "Entrypoint"
        case cmd = "Cmd"
        case volumes = "Volumes"
        case workingDir = "WorkingDir"
        case labels = "Labels"
        case stopSignal = "StopSignal"
        case argsEscaped = "ArgsEscaped"
        case healthcheck = "Healthcheck"
        case shell = "Shell"
        case onBuild = "OnBuild"
        case stopTimeout = "StopTimeout"
        case hostname = "Hostname"
        case domainname = "Domainname"
        case macAddress = "MacAddress"
        case networkDisabled = "NetworkDisabled"
        case tty = "Tty"
        case openStdin = "OpenStdin"
        case stdinOnce = "StdinOnce"
        case attachStdin = "AttachStdin"
        case attachStdout = "AttachStdout"
        case attachStderr = "AttachStderr"
        case image = "Image"
    }

    package init() {}

    /// The value of a set that is written as an object.
    package struct Empty: Codable, Hashable, Sendable {
        package init() {}
    }

    /// How the engine finds out whether a container works.
    package struct Healthcheck: Codable, Equatable, Sendable {
        /// `NONE`, or `CMD` and a program with its arguments, or `CMD-SHELL` and a text; empty is inherited.
        package var test: [String]?
        package var interval: Duration?
        package var timeout: Duration?
        package var startPeriod: Duration?
        package var startInterval: Duration?
        package var retries: Int?

        private enum CodingKeys: String, CodingKey {
            case test = "Test"
            case interval = "Interval"
            case timeout = "Timeout"
            case startPeriod = "StartPeriod"
            case startInterval = "StartInterval"
            case retries = "Retries"
        }

        package init() {}

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            func duration(_ key: CodingKeys) throws -> Duration? {
                try container.decodeIfPresent(Int64.self, forKey: key).map { .nanoseconds($0) }
            }
            test = try container.decodeIfPresent([String].self, forKey: .test)
            interval = try duration(.interval)
            timeout = try duration(.timeout)
            startPeriod = try duration(.startPeriod)
            startInterval = try duration(.startInterval)
            retries = try container.decodeIfPresent(Int.self, forKey: .retries)
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            func nanoseconds(_ duration: Duration?) -> Int64? {
                duration.map { $0.components.seconds * 1_000_000_000 + $0.components.attoseconds / 1_000_000_000 }
            }
            try container.encodeIfPresent(test, forKey: .test)
            try container.encodeIfPresent(nanoseconds(interval), forKey: .interval)
            try container.encodeIfPresent(nanoseconds(timeout), forKey: .timeout)
            try container.encodeIfPresent(nanoseconds(startPeriod), forKey: .startPeriod)
            try container.encodeIfPresent(nanoseconds(startInterval), forKey: .startInterval)
            try container.encodeIfPresent(retries, forKey: .retries)
        }
    }
}
