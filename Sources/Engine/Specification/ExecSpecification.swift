// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux
import OCI
import Runtime

extension ExecCreateRequest {
    /// Refuses what makes no sense, before anything is kept of it.
    ///
    /// - Throws: `badParameter` with everything that is wrong.
    func check() throws(EngineError) {
        var checker = RequestChecker(Machine())
        checker.require(!(cmd?.words.first ?? "").isEmpty, "No exec command specified")
        var config = EngineAPI.ContainerConfig()
        (config.user, config.env, config.workingDir) = (user, env, workingDir)
        config.cmd = cmd.flatMap { $0.words.isEmpty ? nil : $0 } ?? ["-"]
        checker.checkConfig(config)
        if let size = consoleSize, !size.isEmpty {
            checker.require(size.count == 2 && size.allSatisfy { $0 <= 65_535 }, "ConsoleSize is not rows and columns")
        }
        if !checker.problems.isEmpty {
            throw EngineError(.badParameter, checker.problems.joined(separator: "; "))
        }
    }

    /// The process for a container that runs.
    ///
    /// Its capabilities and limits are those of the container's own process; only a privileged one gets more.
    ///
    /// - Parameters:
    ///   - definition: What the container is.
    ///   - container: What it was started with.
    ///   - root: Its root as its processes see it, such as `/proc/PID/root` of its first one.
    /// - Returns: The process.
    /// - Throws: The user or group that does not exist.
    func process(
        in definition: ContainerDefinition,
        _ container: RuntimeSpec,
        root: borrowing Descriptor
    ) throws(EngineError) -> RuntimeSpec.Process {
        let (config, host) = (definition.request.config, definition.request.hostConfig)
        let own = container.process ?? RuntimeSpec.Process()
        var process = RuntimeSpec.Process(args: cmd?.words ?? [])
        let name = user.isEmpty ? config.user : user
        let found = try ContainerUser.resolve(name, host.groupAdd ?? [], in: root)
        process.user = found.user
        process.user.umask = own.user.umask
        process.terminal = tty
        process.consoleSize = RuntimeSpec.ConsoleSize(consoleSize)
        process.cwd = workingDir.isEmpty ? (config.workingDir.isEmpty ? "/" : config.workingDir) : workingDir
        let variables = Environment.applying(env ?? [], to: Environment.variables(of: config, hasTerminal: tty))
        process.env = Environment.completing(variables, home: found.home)
        process.capabilities = privileged ? RuntimeSpec.Capabilities(containing: .all) : own.capabilities
        process.noNewPrivileges = own.noNewPrivileges
        process.rlimits = own.rlimits
        process.oomScoreAdj = own.oomScoreAdj
        return process
    }
}
