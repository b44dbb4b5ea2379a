// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI

/// Checks requests before anything comes of them: what makes no sense and what cannot be done is refused by name.
struct RequestChecker {
    let machine: Machine
    /// What stands against the request, in the words of Docker where it has some.
    var problems: [String] = []
    /// What is not done as asked, though the request stands.
    var warnings: [String] = []

    init(_ machine: Machine) {
        self.machine = machine
    }

    /// Checks a request for a new container and brings it into the form that is kept.
    ///
    /// - Parameters:
    ///   - request: The request as it came.
    ///   - image: What the image says.
    ///   - id: The identifier that the container will have; it names the host where the request does not.
    ///   - machine: The machine.
    /// - Returns: The request with every default filled in, and what is not done as asked.
    /// - Throws: `badParameter` with everything that is wrong.
    static func settle(
        _ request: ContainerCreateRequest,
        image: OCI.ContainerConfig,
        id: ObjectID,
        on machine: Machine
    ) throws(EngineError) -> (request: ContainerCreateRequest, warnings: [String]) {
        var checker = RequestChecker(machine)
        var settled = request.normalized()
        // These concern what the user wrote, not what an image adds.
        checker.checkConflicts(settled)
        settled.config = settled.config.merged(with: image)
        checker.checkConfig(settled.config)
        checker.checkHost(settled.hostConfig)
        checker.checkNetworks(settled)
        checker.checkResources(&settled.hostConfig.resources)
        checker.checkFiles(settled.hostConfig.files ?? [])
        _ = RequestedMounts(settled, problems: &checker.problems)
        try checker.finish()
        settled.complete(for: id, on: machine)
        return (settled, checker.warnings)
    }

    /// Checks a change of limits and of the restart policy.
    ///
    /// - Parameters:
    ///   - update: The change; limits that this machine does not have are taken out of it.
    ///   - host: What the container has.
    ///   - machine: The machine.
    /// - Returns: What the container has from now on, and what is not done as asked.
    /// - Throws: `badParameter` with everything that is wrong.
    static func settle(
        _ update: ContainerUpdateRequest,
        of host: HostConfig,
        on machine: Machine
    ) throws(EngineError) -> (host: HostConfig, warnings: [String]) {
        var checker = RequestChecker(machine)
        var result = host
        let (memory, swap) = (update.resources.memory, host.resources.memorySwap)
        if update.resources.memorySwap == 0, swap > 0, memory > swap {
            throw EngineError(
                .badParameter,
                "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time"
            )
        }
        if host.autoRemove, !["", "no"].contains(update.restartPolicy.name) {
            throw EngineError(
                .conflict,
                "Restart policy cannot be updated because AutoRemove is enabled for the container"
            )
        }
        result.resources.apply(update.resources)
        if !update.restartPolicy.name.isEmpty {
            result.restartPolicy = update.restartPolicy
            checker.checkRestartPolicy(result)
        }
        checker.checkResources(&result.resources)
        try checker.finish()
        return (result, checker.warnings)
    }

    private func finish() throws(EngineError) {
        if !problems.isEmpty { throw EngineError(.badParameter, problems.joined(separator: "; ")) }
    }

    mutating func require(_ condition: Bool, _ problem: @autoclosure () -> String) {
        if !condition { problems.append(problem()) }
    }

    /// Notes a problem with a text of the request, which may be of any length.
    mutating func refuse(_ problem: String, _ text: String) {
        problems.append("\(problem): \(text.prefix(256))")
    }
}

// MARK: What the container runs

extension RequestChecker {
    /// What execve(2) takes as one text (`MAX_ARG_STRLEN`), and a bound on their number far above any in use.
    private static let longestText = 131_071
    private static let mostTexts = 32_768

    mutating func checkConfig(_ config: EngineAPI.ContainerConfig) {
        require(!config.commandLine.isEmpty, "no command specified")
        checkTexts(config.commandLine, "Cmd")
        checkTexts(config.env ?? [], "Env")
        for variable in config.env ?? [] where variable.isEmpty || variable.hasPrefix("=") {
            refuse("invalid environment variable", variable)
        }
        if !config.workingDir.isEmpty, !config.workingDir.hasPrefix("/") {
            problems.append(
                "the working directory '\(config.workingDir.prefix(256))' is invalid, it needs to be an absolute path"
            )
        }
        require(config.workingDir.utf8.count < 4096, "the working directory is longer than Linux takes")
        checkText(config.workingDir, "WorkingDir")
        checkUser(config.user)
        // sethostname(2) takes 64 bytes, and so does setdomainname(2).
        for (field, name) in [("Hostname", config.hostname), ("Domainname", config.domainname)] {
            checkText(name, field)
            require(
                name.utf8.count <= 64 && !name.contains { $0.isWhitespace || $0 == "/" },
                "invalid \(field.lowercased()): \(name.prefix(80))"
            )
        }
        if !config.stopSignal.isEmpty {
            do { _ = try SignalName.number(config.stopSignal) } catch { problems.append(error.message) }
        }
        if let timeout = config.stopTimeout, timeout < -1 {
            problems.append("invalid stop timeout: \(timeout): give seconds, or -1 to wait without end")
        }
        if let healthcheck = config.healthcheck { checkHealth(healthcheck) }
        if config.onBuild?.isEmpty == false { warnings.append("OnBuild has no meaning for a container.") }
    }

    private mutating func checkTexts(_ texts: [String], _ field: String) {
        require(texts.count <= Self.mostTexts, "\(field) has more than \(Self.mostTexts) entries")
        for text in texts { checkText(text, field) }
    }

    mutating func checkText(_ text: String, _ field: String) {
        require(!text.utf8.contains(0), "\(field) has a zero byte in `\(text.prefix(64))`")
        require(
            text.utf8.count <= Self.longestText,
            "\(field) has an entry of \(text.utf8.count) bytes, and Linux takes \(Self.longestText)"
        )
    }

    /// The form only: whether there is such a user is for the image's files to say.
    private mutating func checkUser(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let isValid = parts.count <= 2 && text.utf8.count <= 256 && !text.contains { $0.isWhitespace || $0 == "/" }
        guard isValid, !text.utf8.contains(0) else { return refuse("invalid user, which is user[:group]", text) }
        for part in parts where !part.isEmpty {
            let isSigned = part.first == "-" || part.first == "+"
            let digits = part.dropFirst(isSigned ? 1 : 0)
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { continue }
            // Larger numbers are negative to some programs, and root to others (CVE-2024-40635).
            require(
                !isSigned && UInt32(digits).map { $0 <= UInt32(Int32.max) } == true,
                "uids and gids must be in range 0-2147483647: `\(part.prefix(32))`"
            )
        }
    }

    private mutating func checkHealth(_ check: EngineAPI.ContainerConfig.Healthcheck) {
        let times = [
            ("Interval", check.interval), ("Timeout", check.timeout), ("StartPeriod", check.startPeriod),
            ("StartInterval", check.startInterval),
        ]
        for (name, time) in times where (time ?? .zero) != .zero && (time ?? .zero) < .milliseconds(1) {
            problems.append("\(name) in Healthcheck cannot be less than 1ms")
        }
        require(check.retries ?? 0 >= 0, "Retries in Healthcheck cannot be negative")
        guard let kind = check.test?.first else { return }
        switch kind {
        case "NONE": break
        case "CMD", "CMD-SHELL": require(check.test?.count ?? 0 > 1, "Test in Healthcheck has no command after \(kind)")
        default: refuse("Unknown health check type (expected NONE, CMD or CMD-SHELL)", kind)
        }
    }
}
