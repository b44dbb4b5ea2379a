// SPDX-License-Identifier: Apache-2.0

package import OCI

/// What instructions make of the config of an image: those of a stage, and those of `commit --change`.
package struct ConfigChanges: Sendable {
    /// What containers of the image run with.
    package private(set) var config: ContainerConfig
    /// Whether a `CMD` was among the instructions, which an `ENTRYPOINT` then leaves.
    private var hasCommand = false
    /// What the last ENV has set.
    private(set) var assigned: [(name: String, value: String)] = []
    /// How many ports were exposed, those that were before included.
    private var exposedPorts = 0

    package init(_ config: ContainerConfig = ContainerConfig()) {
        self.config = config
    }

    /// The instructions that change nothing else.
    package static let keywords: Set<Keyword> = [
        .cmd, .entrypoint, .env, .expose, .healthcheck, .label, .onbuild, .shell, .stopsignal, .user, .volume, .workdir,
    ]

    /// Applies an instruction that sees the variables of the config alone.
    ///
    /// - Parameter instruction: One of ``keywords``; others change nothing here.
    /// - Throws: ``BuildProblem`` where it makes no sense.
    package mutating func apply(_ instruction: Instruction) throws(BuildProblem) {
        var filling = Filling(Expander(), variables)
        _ = try apply(instruction.content, &filling)
    }

    /// The variables of the config.
    var variables: [String: String] {
        var variables: [String: String] = [:]
        for pair in config.env ?? [] {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            variables[String(parts.first ?? "")] = parts.count > 1 ? String(parts[1]) : ""
        }
        return variables
    }

    /// Forgets the triggers, which have been carried out.
    mutating func dropTriggers() -> [String] {
        defer { config.onBuild = nil }
        return config.onBuild ?? []
    }

    /// Begins a stage upon the image: its commands are not those of the stage.
    mutating func beginStage() { hasCommand = false }

    /// Applies an instruction.
    ///
    /// - Parameters:
    ///   - content: The instruction.
    ///   - filling: Fills in its variables.
    /// - Returns: What the history of the image says about it.
    /// - Throws: ``BuildProblem`` where it makes no sense.
    mutating func apply(_ content: Instruction.Content, _ filling: inout Filling) throws(BuildProblem) -> String {
        switch content {
        case .cmd(let command):
            config.cmd = command.words(shell: config.shell)
            hasCommand = true
            return "CMD " + Self.list(config.cmd ?? [])
        case .entrypoint(let command):
            let words = command.words(shell: config.shell)
            config.entrypoint = words.isEmpty ? nil : words
            if !hasCommand { config.cmd = nil }
            return "ENTRYPOINT " + Self.list(words)
        case .env(let assignments): return try set(assignments, &filling)
        case .label(let assignments): return try label(assignments, &filling)
        case .expose(let words): return try expose(words, &filling)
        case .volume(let words): return try addVolumes(words, &filling)
        case .user(let word):
            // With all that stands on the line: whether there is such a user is seen when something runs.
            config.user = try filling.text(word).trimmed
            return "USER \(config.user ?? "")"
        case .workdir(let word):
            config.workingDir = try filling.text(word).path(from: config.workingDir ?? "")
            return "WORKDIR \(config.workingDir ?? "")"
        case .stopsignal(let word):
            config.stopSignal = try signal(word, &filling)
            return "STOPSIGNAL \(config.stopSignal ?? "")"
        case .onbuild(let trigger):
            config.onBuild = (config.onBuild ?? []) + [trigger.text]
            return "ONBUILD \(trigger.text)"
        case .healthcheck(let healthcheck):
            config.healthcheck = healthcheck
            return "HEALTHCHECK " + Self.list(healthcheck.test ?? [])
        case .shell(let words):
            config.shell = words
            return "SHELL " + Self.list(words)
        case .add, .arg, .copy, .from, .maintainer, .run: return ""
        }
    }

    /// A list as histories have it.
    private static func list(_ words: [String]) -> String {
        "[" + words.map { "\"\($0)\"" }.joined(separator: " ") + "]"
    }

    private mutating func set(_ assignments: Assignments, _ filling: inout Filling) throws(BuildProblem) -> String {
        assigned = []
        for pair in assignments.pairs {
            let name = try filling.text(pair.name)
            if name.isEmpty { throw BuildProblem("the name of a variable is empty", at: pair.name.place) }
            assigned.append((name, try filling.text(pair.value, at: pair.name.place)))
        }
        let pairs = assigned.map { "\($0.name)=\($0.value)" }
        var list = config.env ?? []
        list.setVariables(pairs)
        if list.count > Limits.variables { throw BuildProblem("there are more than \(Limits.variables) variables") }
        config.env = list
        return "ENV " + pairs.joined(separator: " ")
    }

    private mutating func label(_ assignments: Assignments, _ filling: inout Filling) throws(BuildProblem) -> String {
        var labels = config.labels ?? [:]
        var texts: [String] = []
        for pair in assignments.pairs {
            let name = try filling.text(pair.name)
            let value = try filling.text(pair.value, at: pair.name.place)
            labels[name] = value
            texts.append("\(name)=\(value)")
        }
        config.labels = labels
        return "LABEL " + texts.joined(separator: " ")
    }

    private mutating func expose(_ words: [Word], _ filling: inout Filling) throws(BuildProblem) -> String {
        var ports = config.exposedPorts ?? [:]
        var texts: [String] = []
        for word in words {
            for text in try filling.words(word) {
                guard let exposed = ExposedPorts(text) else {
                    throw BuildProblem(
                        "invalid containerPort: `\(text.shown)`; write 80, 53/udp or 7000-7010/tcp",
                        at: word.place
                    )
                }
                exposedPorts += exposed.ports.count
                if exposedPorts > Limits.ports {
                    throw BuildProblem("more than \(Limits.ports) ports are exposed", at: word.place)
                }
                for port in exposed.ports {
                    ports["\(port)/\(exposed.transport.lowercased())"] = ContainerConfig.Empty()
                }
                texts.append(text)
            }
        }
        config.exposedPorts = ports
        return "EXPOSE " + texts.joined(separator: " ")
    }

    private mutating func addVolumes(_ words: [Word], _ filling: inout Filling) throws(BuildProblem) -> String {
        var volumes = config.volumes ?? [:]
        var paths: [String] = []
        for word in words {
            let path = try filling.text(word)
            if path.trimmed.isEmpty {
                throw BuildProblem("VOLUME specified can not be an empty string", at: word.place)
            }
            volumes[path] = ContainerConfig.Empty()
            paths.append(path)
        }
        config.volumes = volumes
        return "VOLUME [" + paths.joined(separator: " ") + "]"
    }

    /// A signal's name or number, as it is written.
    private func signal(_ word: Word, _ filling: inout Filling) throws(BuildProblem) -> String {
        let text = try filling.text(word).trimmed
        guard SignalName.knownNumber(text) != nil else {
            throw BuildProblem("invalid signal: `\(text.shown)`", at: word.place)
        }
        return text
    }
}

/// One word of `EXPOSE`: ports of a container, and perhaps what does not belong there.
struct ExposedPorts {
    var ports: ClosedRange<UInt16>
    /// The protocol as it is written.
    var transport: String
    /// Whether there is an address or a port of the host before them.
    var namesHost: Bool

    /// Reads `[[address:]port:]port[-port][/protocol]`; nil comes back for anything else.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        transport = parts.count > 1 && !parts[1].isEmpty ? String(parts[1]) : "tcp"
        let places = parts[0].split(separator: ":", omittingEmptySubsequences: false)
        namesHost = places.count > 1
        let range = (places.last ?? "").split(separator: "-", omittingEmptySubsequences: false).map { word in
            // A sign is none of a port.
            word.first == "+" ? nil : UInt16(word)
        }
        guard ["tcp", "udp", "sctp"].contains(transport.lowercased()), (1...2).contains(range.count),
            let first = range[0], let last = range[range.count - 1], first > 0, first <= last
        else { return nil }
        ports = first...last
    }
}
