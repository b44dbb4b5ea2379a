// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import Glibc
import Terminal

extension ContainerOptions {
    /// The request that the options make.
    ///
    /// - Parameter isAttached: Whether the client stays connected.
    /// - Returns: The request.
    /// - Throws: `UsageError` where options exclude each other, ``CommandFailure`` where a file cannot be read.
    func request(isAttached: Bool) throws -> ContainerCreateRequest {
        try check(isAttached: isAttached)
        setStreams(isAttached: isAttached)
        config.image = image
        config.cmd = arguments.isEmpty ? nil : CommandWords(arguments)
        // An empty word takes the image's entry point away.
        config.entrypoint = entrypoint.map { CommandWords([$0]) }
        let variables = try environment.pairs(failure: .engine) { getenv($0).map { String(cString: $0) } }
        config.env = variables.isEmpty ? nil : variables
        var map: [String: String] = [:]
        for label in try labels.pairs(failure: .engine, { _ in "" }) {
            let parts = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            map[parts[0]] = parts.count == 2 ? parts[1] : ""
        }
        config.labels = map
        config.healthcheck = try health.check()
        setPorts()
        try setDevices()
        try setSecurityOptions()
        setCapabilities()
        host.networkMode = networks.mode
        let endpoints = try networks.endpoints(links: host.links)
        return ContainerCreateRequest(
            config: config,
            hostConfig: host,
            networkingConfig: NetworkingConfig(endpoints)
        )
    }

    private func check(isAttached: Bool) throws(UsageError) {
        if host.autoRemove, !["", "no"].contains(host.restartPolicy.name) {
            throw UsageError("`--rm` and `--restart \(host.restartPolicy.name)` cannot be combined")
        }
        if !isAttached, !attached.isEmpty {
            throw UsageError("`--attach` and `--detach` cannot be combined")
        }
        if host.logConfig.type == "none", host.logConfig.config != nil {
            throw UsageError("`--log-opt` has no meaning with `--log-driver none`")
        }
    }

    /// Which streams the client is connected to.
    private func setStreams(isAttached: Bool) {
        guard isAttached else { return }
        config.attachStdin = config.openStdin || attached.contains("stdin")
        config.attachStdout = attached.isEmpty || attached.contains("stdout")
        config.attachStderr = attached.isEmpty || attached.contains("stderr")
        // The program's input ends with that of this client.
        config.stdinOnce = config.openStdin && config.attachStdin
    }

    /// Gives a terminal its first size, where there is one here to take it from.
    func setConsoleSize() {
        guard config.tty, let size = TerminalSize.current else { return }
        host.consoleSize = [UInt32(size.rows), UInt32(size.columns)]
    }
}

extension NetworkingConfig {
    init(_ endpoints: [String: NetworkEndpoint]) {
        self.init()
        endpointsConfig = endpoints
    }
}
