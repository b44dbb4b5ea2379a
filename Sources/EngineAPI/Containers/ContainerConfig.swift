// SPDX-License-Identifier: Apache-2.0

package import OCI

/// What a container runs, as `Config` of requests and inspections has it.
package struct ContainerConfig: ZeroRepresentable, Sendable {
    @Always package var hostname: String
    @Always package var domainname: String
    /// `user[:group]`, by name or number.
    @Always package var user: String
    @Always package var attachStdin: Bool
    @Always package var attachStdout: Bool
    @Always package var attachStderr: Bool
    /// `port/protocol` names.
    package var exposedPorts: [String: EmptyObject]?
    @Always package var tty: Bool
    @Always package var openStdin: Bool
    @Always package var stdinOnce: Bool
    /// `NAME=value` pairs; in requests `NAME` alone takes the variable away.
    @Nullable package var env: [String]?
    @Nullable package var cmd: CommandWords?
    package var healthcheck: Healthcheck?
    @Omitted package var argsEscaped: Bool
    @Always package var image: String
    /// Paths inside the container.
    @Nullable package var volumes: [String: EmptyObject]?
    @Always package var workingDir: String
    @Nullable package var entrypoint: CommandWords?
    @Omitted package var networkDisabled: Bool
    @Omitted package var macAddress: String
    @Nullable package var onBuild: [String]?
    @Nullable package var labels: [String: String]?
    /// A signal's name or number.
    @Omitted package var stopSignal: String
    /// In seconds.
    package var stopTimeout: Int?
    package var shell: [String]?

    private enum CodingKeys: String, CodingKey {
        case hostname = "Hostname"
        case domainname = "Domainname"
        case user = "User"
        case attachStdin = "AttachStdin"
        case attachStdout = "AttachStdout"
        case attachStderr = "AttachStderr"
        case exposedPorts = "ExposedPorts"
        case tty = "Tty"
        case openStdin = "OpenStdin"
        case stdinOnce = "StdinOnce"
        case env = "Env"
        case cmd = "Cmd"
        case healthcheck = "Healthcheck"
        case argsEscaped = "ArgsEscaped"
        case image = "Image"
        case volumes = "Volumes"
        case workingDir = "WorkingDir"
        case entrypoint = "Entrypoint"
        case networkDisabled = "NetworkDisabled"
        case macAddress = "MacAddress"
        case onBuild = "OnBuild"
        case labels = "Labels"
        case stopSignal = "StopSignal"
        case stopTimeout = "StopTimeout"
        case shell = "Shell"
    }

    package init() {}

    package typealias Healthcheck = OCI.ContainerConfig.Healthcheck

    /// What an image says about its containers.
    package init(_ image: OCI.ContainerConfig) {
        hostname = image.hostname ?? ""
        domainname = image.domainname ?? ""
        user = image.user ?? ""
        attachStdin = image.attachStdin ?? false
        attachStdout = image.attachStdout ?? false
        attachStderr = image.attachStderr ?? false
        exposedPorts = image.exposedPorts?.mapValues { _ in EmptyObject() }
        tty = image.tty ?? false
        openStdin = image.openStdin ?? false
        stdinOnce = image.stdinOnce ?? false
        env = image.env
        cmd = image.cmd.map { CommandWords($0) }
        healthcheck = image.healthcheck
        argsEscaped = image.argsEscaped ?? false
        self.image = image.image ?? ""
        volumes = image.volumes?.mapValues { _ in EmptyObject() }
        workingDir = image.workingDir ?? ""
        entrypoint = image.entrypoint.map { CommandWords($0) }
        networkDisabled = image.networkDisabled ?? false
        macAddress = image.macAddress ?? ""
        onBuild = image.onBuild
        labels = image.labels
        stopSignal = image.stopSignal ?? ""
        stopTimeout = image.stopTimeout
        shell = image.shell
    }
}
