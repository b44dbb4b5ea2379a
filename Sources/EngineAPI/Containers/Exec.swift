// SPDX-License-Identifier: Apache-2.0

/// A further process in a container.
package struct ExecCreateRequest: ZeroRepresentable, Sendable {
    @Always package var user: String
    @Always package var privileged: Bool
    @Always package var tty: Bool
    /// Rows and columns.
    package var consoleSize: [UInt32]?
    @Always package var attachStdin: Bool
    @Always package var attachStderr: Bool
    @Always package var attachStdout: Bool
    @Omitted package var detach: Bool
    @Always package var detachKeys: String
    @Nullable package var env: [String]?
    @Always package var workingDir: String
    @Nullable package var cmd: CommandWords?

    private enum CodingKeys: String, CodingKey {
        case user = "User"
        case privileged = "Privileged"
        case tty = "Tty"
        case consoleSize = "ConsoleSize"
        case attachStdin = "AttachStdin"
        case attachStderr = "AttachStderr"
        case attachStdout = "AttachStdout"
        case detach = "Detach"
        case detachKeys = "DetachKeys"
        case env = "Env"
        case workingDir = "WorkingDir"
        case cmd = "Cmd"
    }

    package init() {}
}

/// The answer to it.
package struct ExecCreateResponse: ZeroRepresentable, Sendable {
    @Always package var id: String

    private enum CodingKeys: String, CodingKey {
        case id = "Id"
    }

    package init() {}
}

/// How it is started.
package struct ExecStartRequest: ZeroRepresentable, Sendable {
    @Always package var detach: Bool
    @Always package var tty: Bool
    /// Rows and columns.
    package var consoleSize: [UInt32]?

    private enum CodingKeys: String, CodingKey {
        case detach = "Detach"
        case tty = "Tty"
        case consoleSize = "ConsoleSize"
    }

    package init() {}
}

/// Everything about it.
package struct ExecInspection: ZeroRepresentable, Sendable {
    @Always package var id: String
    @Always package var running: Bool
    /// Nil while it runs.
    @Nullable package var exitCode: Int?
    @Always package var process: Process
    @Always package var openStdin: Bool
    @Always package var openStderr: Bool
    @Always package var openStdout: Bool
    @Always package var canRemove: Bool
    @Always package var containerID: String
    @Always package var detachKeys: String
    /// As the host numbers it.
    @Always package var pid: Int

    private enum CodingKeys: String, CodingKey {
        case id = "ID"
        case running = "Running"
        case exitCode = "ExitCode"
        case process = "ProcessConfig"
        case openStdin = "OpenStdin"
        case openStderr = "OpenStderr"
        case openStdout = "OpenStdout"
        case canRemove = "CanRemove"
        case containerID = "ContainerID"
        case detachKeys = "DetachKeys"
        case pid = "Pid"
    }

    package init() {}

    /// What runs.
    package struct Process: ZeroRepresentable, Sendable {
        @Always package var tty: Bool
        /// The program.
        @Always package var program: String
        @Always package var arguments: [String]
        package var privileged: Bool?
        @Omitted package var user: String

        private enum CodingKeys: String, CodingKey {
            case tty
            case program = "entrypoint"
            case arguments
            case privileged
            case user
        }

        package init() {}
    }
}
