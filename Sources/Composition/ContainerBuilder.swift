// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import OCI

/// Makes the request for one container of a service, key after key.
struct ContainerBuilder {
    let composer: ProjectComposer
    /// The name of the service.
    let name: String
    /// The service, its references resolved.
    let service: Service
    /// Which of the containers, from 1.
    let number: Int
    private(set) var config = EngineAPI.ContainerConfig()
    var host = HostConfig()
    var endpoints: [String: NetworkEndpoint]?
    /// What has no effect, each with its key and the reason.
    private(set) var warnings: [String] = []
    /// What cannot be done, each with its key and the reason.
    private(set) var problems: [String] = []

    init(composer: ProjectComposer, name: String, service: Service, number: Int) {
        self.composer = composer
        self.name = name
        self.service = service
        self.number = number
    }

    var project: Project { composer.project }

    var request: ContainerCreateRequest {
        var networking = NetworkingConfig()
        networking.endpointsConfig = endpoints
        return ContainerCreateRequest(config: config, hostConfig: host, networkingConfig: networking)
    }

    mutating func warn(_ text: String) { warnings.append("service `\(name)`: \(text)") }

    mutating func refuse(_ text: String) { problems.append(text) }

    /// Fills the request.
    mutating func build(imageID: String) {
        for remark in ServiceKey.remarks(on: service) {
            switch remark {
            case .warning(let text): warn(text)
            case .refusal(let text): refuse(text)
            }
        }
        setProcess()
        config.labels = labels(imageID: imageID)
        config.healthcheck = service.healthcheck.map(Self.check)
        setLife()
        setNamespaces()
        setSecurity()
        setResources()
        setNetworks()
        setPorts()
        setMounts()
        setFiles()
        setEngineSocket()
    }

    // MARK: The process

    private mutating func setProcess() {
        config.image = composer.imageName(of: name)
        config.hostname = service.hostname ?? ""
        config.domainname = service.domainName ?? ""
        config.user = service.user ?? ""
        config.workingDir = service.workingDirectory ?? ""
        config.cmd = service.command.map { CommandWords($0) }
        config.entrypoint = service.entrypoint.map { CommandWords($0) }
        let variables = service.environment.map { name, value in value.map { "\(name)=\($0)" } ?? name }.sorted()
        config.env = variables.isEmpty ? nil : variables
        config.tty = service.tty
        // A terminal has its size from whoever attaches to it.
        host.consoleSize = [0, 0]
        config.openStdin = service.stdinOpen
        (config.attachStdout, config.attachStderr) = (true, true)
        host.groupAdd = Self.list(service.groupAdd)
        host.usesInit = service.initProcess
        host.annotations = service.annotations.isEmpty ? nil : service.annotations
    }

    /// The user's labels and those by which tools find the containers of a project.
    private func labels(imageID: String) -> [String: String] {
        let dependencies = service.dependsOn.sorted { $0.key < $1.key }.map { name, dependency in
            "\(name):\(dependency.condition.rawValue):\(dependency.restart)"
        }
        var own = [
            ProjectLabel.project: project.name,
            ProjectLabel.service: name,
            ProjectLabel.number: String(number),
            ProjectLabel.oneOff: "False",
            ProjectLabel.configHash: ProjectComposer.hash(of: service),
            ProjectLabel.image: imageID,
            ProjectLabel.dependsOn: dependencies.joined(separator: ","),
            ProjectLabel.workingDirectory: project.workingDirectory,
            ProjectLabel.configFiles: project.files.joined(separator: ","),
            ProjectLabel.version: ProductVersion.number,
        ]
        if !composer.surroundings.environmentFiles.isEmpty {
            own[ProjectLabel.environmentFile] = composer.surroundings.environmentFiles.joined(separator: ",")
        }
        return service.labels.merging(own) { $1 }
    }

    /// The check of a request.
    private static func check(_ check: Compose.Healthcheck) -> OCI.ContainerConfig.Healthcheck {
        var result = OCI.ContainerConfig.Healthcheck()
        result.test = check.disable ? ["NONE"] : list(check.test)
        result.interval = check.interval
        result.timeout = check.timeout
        result.startPeriod = check.startPeriod
        result.startInterval = check.startInterval
        result.retries = check.retries.map { Int(clamping: $0) }
        return result
    }

    // MARK: Its life

    private mutating func setLife() {
        config.stopSignal = service.stopSignal ?? ""
        config.stopTimeout = service.stopGracePeriod.map(Self.seconds)
        host.restartPolicy = restartPolicy()
        host.logConfig.type = service.logging?.driver ?? ""
        host.logConfig.config = service.logging.flatMap { $0.options.isEmpty ? nil : $0.options }
        host.runtime = service.runtime ?? ""
    }

    /// Whole seconds; a part of one counts as one, so that half a second is not none.
    private static func seconds(_ duration: Duration) -> Int {
        let (seconds, rest) = duration.components
        return Int(clamping: seconds) + (rest > 0 ? 1 : 0)
    }

    private mutating func restartPolicy() -> EngineAPI.RestartPolicy {
        var policy = EngineAPI.RestartPolicy()
        if let wanted = service.deploy?.restartPolicy {
            // The specification's default.
            policy.name = Self.policyName(wanted.condition ?? "any")
            policy.maximumRetryCount = wanted.maxAttempts.map { Int(clamping: $0) } ?? 0
            if policy.maximumRetryCount > 0, policy.name != "on-failure" {
                warn(
                    "`deploy.restart_policy.max_attempts` has no effect: attempts are counted where `condition` is "
                        + "`on-failure`"
                )
                policy.maximumRetryCount = 0
            }
        } else if let text = service.restart {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            policy.name = Self.policyName(parts[0])
            if parts.count == 2 {
                guard let count = Int(parts[1]), count >= 0 else {
                    refuse("`restart` is `\(text)`, of which `\(parts[1])` is no number of attempts; use on-failure:3")
                    return policy
                }
                policy.maximumRetryCount = count
            }
        }
        return policy
    }

    /// The name that the engine has for a condition.
    private static func policyName(_ condition: String) -> String {
        switch condition {
        case "none": "no"
        case "any": "always"
        default: condition
        }
    }

    // MARK: Walls

    private mutating func setNamespaces() {
        host.ipcMode = service.ipc ?? ""
        host.pidMode = service.pid ?? ""
        host.cgroupnsMode = service.cgroup?.rawValue ?? ""
        host.usernsMode = service.userNamespaceMode ?? ""
        host.utsMode = service.uts ?? ""
        if let mode = service.uts, mode.hasPrefix("service:") || mode.hasPrefix("container:") {
            refuse("`uts` is `\(mode)`, but the name of the host is shared with `host` only")
        }
        host.sysctls = service.sysctls.isEmpty ? nil : service.sysctls
    }

    private mutating func setSecurity() {
        host.privileged = service.privileged
        host.readonlyRootfs = service.readOnly
        host.capAdd = Self.list(service.capAdd)
        host.capDrop = Self.list(service.capDrop)
        var options: [String] = []
        for text in service.securityOptions {
            switch SecurityOption(text) {
            case nil: refuse("`security_opt` has `\(text)`, which is not NAME=VALUE or no-new-privileges")
            case .unmasked: (host.maskedPaths, host.readonlyPaths) = ([], [])
            case .other(let option): options.append(option)
            case .seccomp(let file):
                if let profile = profile(file) { options.append("seccomp=" + profile) }
            }
        }
        host.securityOpt = Self.list(options)
    }

    /// The text of a profile of seccomp.
    private mutating func profile(_ file: String) -> String? {
        let path = FilePath.isAbsolute(file) ? file : FilePath.clean(project.workingDirectory + "/" + file)
        do {
            switch SecurityOption.profile(try composer.surroundings.readFile(path)) {
            case nil: refuse("`security_opt` names the seccomp profile `\(path)`, which is not UTF-8")
            // The engine takes nothing for its own profile.
            case "": refuse("`security_opt` names the seccomp profile `\(path)`, which is empty; it must be JSON")
            case let text: return text
            }
        } catch {
            refuse("`security_opt` names the seccomp profile `\(path)`, which cannot be read: \(error)")
        }
        return nil
    }

    // MARK: Further parts

    /// Makes a port one that other containers may reach.
    mutating func expose(_ port: String) {
        config.exposedPorts = (config.exposedPorts ?? [:]).merging([port: EmptyObject()]) { $1 }
    }

    /// Sets what only a container without networks of its own has in its configuration.
    mutating func disableNetwork() { config.networkDisabled = true }

    /// A list of the request, which has null for an empty one.
    static func list<Element>(_ items: [Element]) -> [Element]? { items.isEmpty ? nil : items }
}
