// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import FoundationEssentials
import OCI

/// Changes of an image's config in the form of instructions of a Dockerfile, as `docker import` and `docker commit` take
/// them.
struct ImageChanges {
    /// What containers of the image run with.
    private(set) var config: OCI.ContainerConfig
    /// Whether a `CMD` was among the instructions, which an `ENTRYPOINT` then leaves.
    private var hasCommand = false

    /// No client has use for more text than this.
    private static let sizeLimit = 1 << 20

    init(_ config: OCI.ContainerConfig = OCI.ContainerConfig()) {
        self.config = config
    }

    /// Applies instructions.
    ///
    /// - Parameter changes: Lines; each text may have several.
    /// - Throws: `badParameter` with the instruction that is not understood.
    mutating func apply(_ changes: [String]) throws(EngineError) {
        if changes.reduce(0, { $0 + $1.utf8.count }) > Self.sizeLimit {
            throw EngineError(.badParameter, "the changes have more than \(Self.sizeLimit) bytes")
        }
        for line in Self.lines(changes) {
            do {
                try apply(line)
            } catch {
                throw EngineError(error.code, "change `\(line.prefix(128))`: \(error.message)")
            }
        }
    }

    /// The lines with those that continue them, without comments and empty ones.
    private static func lines(_ changes: [String]) -> [String] {
        var lines: [String] = []
        for change in changes {
            var continued = ""
            for line in change.split(whereSeparator: \.isNewline) {
                let text = line.trimmed
                if text.hasPrefix("#") || text.isEmpty { continue }
                if text.hasSuffix("\\") {
                    continued += text.dropLast()
                } else {
                    lines.append(String((continued + text)[...].trimmed))
                    continued = ""
                }
            }
            if !continued[...].trimmed.isEmpty { lines.append(String(continued[...].trimmed)) }
        }
        return lines
    }

    private mutating func apply(_ line: String) throws(EngineError) {
        let name = line.prefix { !$0.isWhitespace }.lowercased()
        let rest = line.drop { !$0.isWhitespace }.trimmed
        guard Self.names.contains(name) else {
            throw EngineError(.badParameter, "\(name.uppercased()) is not a valid change command")
        }
        if rest.isEmpty { throw EngineError(.badParameter, "\(name.uppercased()) requires an argument") }
        switch name {
        case "cmd":
            config.cmd = Self.command(rest)
            hasCommand = true
        case "entrypoint":
            config.entrypoint = Self.command(rest)
            if !hasCommand { config.cmd = nil }
        case "env": for (name, value) in try pairs(rest) { setVariable(name, value) }
        case "label":
            for (name, value) in try pairs(rest) { config.labels = (config.labels ?? [:]).setting(name, value) }
        case "expose": try expose(rest)
        case "volume": try addVolumes(rest)
        case "user": config.user = try single(rest)
        case "workdir": changeDirectory(try expand(rest))
        case "stopsignal": try setStopSignal(single(rest))
        case "onbuild": try addTrigger(rest)
        default: config.healthcheck = try HealthcheckInstruction(rest).healthcheck
        }
    }

    private static let names: Set<String> = [
        "cmd", "entrypoint", "env", "expose", "healthcheck", "label", "onbuild", "stopsignal", "user", "volume",
        "workdir",
    ]

    /// The words of a JSON list, or the text for a shell.
    static func command(_ text: Substring) -> [String] {
        jsonList(text) ?? ["/bin/sh", "-c", String(text)]
    }

    static func jsonList(_ text: Substring) -> [String]? {
        guard text.hasPrefix("[") else { return nil }
        return try? JSONDecoder().decode([String].self, from: Data(text.utf8))
    }

    // MARK: Variables

    private var words: DockerfileWords {
        var variables: [String: String] = [:]
        for pair in config.env ?? [] {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            variables[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        return DockerfileWords(variables: variables)
    }

    private func expand(_ text: some StringProtocol) throws(EngineError) -> String { try words.expand(text) }

    private func single(_ text: Substring) throws(EngineError) -> String {
        let words = DockerfileWords.split(text)
        guard words.count == 1 else { throw EngineError(.badParameter, "exactly one argument is needed") }
        return try expand(words[0])
    }

    private mutating func setVariable(_ name: String, _ value: String) {
        var list = config.env ?? []
        if let place = list.firstIndex(where: { $0.hasPrefix("\(name)=") }) {
            list[place] = "\(name)=\(value)"
        } else {
            list.append("\(name)=\(value)")
        }
        config.env = list
    }

    /// Reads `name=value …`, or the old form `name value`.
    private func pairs(_ text: Substring) throws(EngineError) -> [(String, String)] {
        let words = DockerfileWords.split(text)
        // All of one instruction see the variables as they were before it.
        if let first = words.first, !first.contains("=") {
            guard words.count > 1 else {
                throw EngineError(.badParameter, "`\(first)` has no value; write `\(first)=value`")
            }
            return [(try expand(first), try expand(text.dropFirst(first.count).trimmed))]
        }
        var pairs: [(String, String)] = []
        for word in words {
            guard let sign = word.firstIndex(of: "=") else {
                throw EngineError(.badParameter, "`\(word)` is not of the form name=value")
            }
            let name = try expand(word[..<sign])
            if name.isEmpty { throw EngineError(.badParameter, "the name in `\(word)` is empty") }
            pairs.append((name, try expand(word[word.index(after: sign)...])))
        }
        return pairs
    }

    // MARK: Other instructions

    private mutating func expose(_ text: Substring) throws(EngineError) {
        var ports = config.exposedPorts ?? [:]
        for word in DockerfileWords.split(text) {
            let word = try expand(word)
            let parts = word.split(separator: "/", omittingEmptySubsequences: false)
            let kind = parts.count > 1 ? parts[1].lowercased() : "tcp"
            let range = (parts.first ?? "").split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
            guard parts.count <= 2, ["tcp", "udp", "sctp"].contains(kind), (1...2).contains(range.count),
                let first = range[0], let last = range[range.count - 1], first > 0, first <= last
            else {
                throw EngineError(.badParameter, "invalid containerPort: `\(word)`; write 80, 53/udp or 7000-7010/tcp")
            }
            for port in first...last { ports["\(port)/\(kind)"] = OCI.ContainerConfig.Empty() }
        }
        config.exposedPorts = ports
    }

    private mutating func addVolumes(_ text: Substring) throws(EngineError) {
        var volumes = config.volumes ?? [:]
        for word in Self.jsonList(text) ?? DockerfileWords.split(text) {
            let path = try expand(word)
            if path[...].trimmed.isEmpty {
                throw EngineError(.badParameter, "VOLUME specified can not be an empty string")
            }
            volumes[path] = OCI.ContainerConfig.Empty()
        }
        config.volumes = volumes
    }

    /// A relative path starts at the directory so far.
    private mutating func changeDirectory(_ path: String) {
        var names = path.hasPrefix("/") ? [] : (config.workingDir ?? "").split(separator: "/")
        for name in path.split(separator: "/") where name != "." {
            if name == ".." { _ = names.popLast() } else { names.append(name) }
        }
        config.workingDir = "/" + names.joined(separator: "/")
    }

    private mutating func setStopSignal(_ text: String) throws(EngineError) {
        let name = text.uppercased()
        let isName = name.utf8.allSatisfy {
            (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || "+-".utf8.contains($0)
        }
        let number = Int(name)
        guard !name.isEmpty, isName,
            number.map({ (1...64).contains($0) }) ?? (name.utf8.first.map { $0 > 0x40 } == true)
        else {
            throw EngineError(.badParameter, "invalid signal: `\(text)`")
        }
        config.stopSignal = text
    }

    private mutating func addTrigger(_ text: Substring) throws(EngineError) {
        let name = text.prefix { !$0.isWhitespace }.uppercased()
        if name == "ONBUILD" {
            throw EngineError(.badParameter, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
        }
        if name == "FROM" || name == "MAINTAINER" {
            throw EngineError(.badParameter, "\(name) isn't allowed as an ONBUILD trigger")
        }
        config.onBuild = (config.onBuild ?? []) + [String(text)]
    }
}

/// The instruction `HEALTHCHECK`: `NONE`, or options and `CMD` with a command.
struct HealthcheckInstruction {
    private(set) var healthcheck = OCI.ContainerConfig.Healthcheck()

    init(_ text: Substring) throws(EngineError) {
        var rest = text
        while rest.hasPrefix("--") {
            let option = rest.prefix { !$0.isWhitespace }
            rest = rest.dropFirst(option.count).trimmed
            try apply(option)
        }
        let kind = rest.prefix { !$0.isWhitespace }.uppercased()
        let command = rest.drop { !$0.isWhitespace }.trimmed
        switch kind {
        case "NONE":
            guard command.isEmpty else { throw EngineError(.badParameter, "HEALTHCHECK NONE takes no arguments") }
            healthcheck.test = ["NONE"]
        case "CMD":
            if command.isEmpty { throw EngineError(.badParameter, "Missing command after HEALTHCHECK CMD") }
            healthcheck.test = ImageChanges.jsonList(command).map { ["CMD"] + $0 } ?? ["CMD-SHELL", String(command)]
        default:
            throw EngineError(.badParameter, "Unknown type \"\(kind)\" in HEALTHCHECK (try CMD)")
        }
    }

    private mutating func apply(_ option: Substring) throws(EngineError) {
        let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count > 1 ? parts[1] : ""
        switch parts[0] {
        case "--interval": healthcheck.interval = try duration(value, option)
        case "--timeout": healthcheck.timeout = try duration(value, option)
        case "--start-period": healthcheck.startPeriod = try duration(value, option)
        case "--start-interval": healthcheck.startInterval = try duration(value, option)
        case "--retries":
            guard let count = Int(value), count >= 0 else {
                throw EngineError(.badParameter, "`\(option)`: the number of retries is none, or negative")
            }
            healthcheck.retries = count
        default: throw EngineError(.badParameter, "Unknown flag: `\(option)`")
        }
    }

    private func duration(_ text: Substring, _ option: Substring) throws(EngineError) -> Duration {
        guard let nanoseconds = GoDuration(String(text))?.nanoseconds, nanoseconds == 0 || nanoseconds >= 1_000_000
        else {
            throw EngineError(.badParameter, "`\(option)`: write a time of at least 1ms such as 30s or 1m30s")
        }
        return .nanoseconds(nanoseconds)
    }
}

extension Substring {
    /// Without blanks at its ends.
    fileprivate var trimmed: Substring {
        var text = drop { $0.isWhitespace }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

extension [String: String] {
    fileprivate func setting(_ key: String, _ value: String) -> Self {
        var copy = self
        copy[key] = value
        return copy
    }
}
