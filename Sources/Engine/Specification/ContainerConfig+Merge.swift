// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI

extension EngineAPI.ContainerConfig {
    /// This configuration of a user, completed by what its image says, by the rules of Docker.
    ///
    /// An entry point of the user drops the command of the image, since it was meant for another program. Lists by name
    /// (variables, labels, ports, volumes) are joined, and the user's entries win. A variable without a value stays in
    /// the list: it takes away that of the image when the process gets its environment.
    ///
    /// - Parameter image: What the image says.
    /// - Returns: The configuration that the container is made from.
    func merged(with image: OCI.ContainerConfig) -> Self {
        let base = Self(image)
        var result = self
        if user.isEmpty { result.user = base.user }
        if workingDir.isEmpty { result.workingDir = base.workingDir }
        if stopSignal.isEmpty { result.stopSignal = base.stopSignal }
        result.env = Self.joined(env, base.env)
        result.labels = (base.labels ?? [:]).merging(labels ?? [:]) { _, own in own }
        result.exposedPorts = Self.joined(exposedPorts, base.exposedPorts)
        result.volumes = Self.joined(volumes, base.volumes)
        result.mergeCommand(base)
        // What the shell form of the image's check is meant for.
        if shell?.isEmpty ?? true { result.shell = base.shell }
        result.healthcheck = Self.joined(healthcheck, base.healthcheck)
        return result
    }

    private mutating func mergeCommand(_ base: Self) {
        if entrypoint?.words.isEmpty ?? true {
            if cmd?.words.isEmpty ?? true {
                cmd = base.cmd
                argsEscaped = base.argsEscaped
            }
            // An empty list, other than none at all, takes the image's away.
            if entrypoint == nil { entrypoint = base.entrypoint }
        }
        // The command line has no other way to say it.
        if entrypoint?.words == [""] { entrypoint = nil }
    }

    private static func joined(_ own: [String]?, _ base: [String]?) -> [String]? {
        guard let own, !own.isEmpty else { return base }
        let names = Set(own.map(Environment.name))
        return own + (base ?? []).filter { !names.contains(Environment.name(of: $0)) }
    }

    private static func joined(_ own: [String: EmptyObject]?, _ base: [String: EmptyObject]?) -> [String: EmptyObject]?
    {
        guard let own, !own.isEmpty else { return base }
        return own.merging(base ?? [:]) { own, _ in own }
    }

    private static func joined(_ own: Healthcheck?, _ base: Healthcheck?) -> Healthcheck? {
        guard var own, let base else { return own ?? base }
        func isUnset(_ duration: Duration?) -> Bool { duration ?? .zero == .zero }
        if own.test?.isEmpty ?? true { own.test = base.test }
        if isUnset(own.interval) { own.interval = base.interval }
        if isUnset(own.timeout) { own.timeout = base.timeout }
        if isUnset(own.startPeriod) { own.startPeriod = base.startPeriod }
        if isUnset(own.startInterval) { own.startInterval = base.startInterval }
        if own.retries ?? 0 == 0 { own.retries = base.retries }
        return own
    }

    /// The program with its arguments.
    var commandLine: [String] { (entrypoint?.words ?? []) + (cmd?.words ?? []) }
}

/// The variables of a process, as `NAME=value` texts.
enum Environment {
    /// Where programs are looked for unless a container says otherwise.
    static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// The name in a text with or without a value.
    static func name(of variable: String) -> String {
        String(variable.prefix { $0 != "=" })
    }

    /// Adds variables to others: one of the same name takes the place of the earlier one, and a name alone takes it away.
    ///
    /// - Parameters:
    ///   - changes: The variables to add.
    ///   - variables: The variables before.
    /// - Returns: The variables after.
    static func applying(_ changes: [String], to variables: [String]) -> [String] {
        var result: [String?] = variables
        var places: [String: Int] = [:]
        for (index, variable) in variables.enumerated() { places[name(of: variable)] = index }
        for change in changes {
            let name = name(of: change)
            guard change.contains("=") else {
                if let place = places.removeValue(forKey: name) { result[place] = nil }
                continue
            }
            if let place = places[name] {
                result[place] = change
            } else {
                places[name] = result.count
                result.append(change)
            }
        }
        return result.compactMap(\.self)
    }

    /// The variables of a container's process, but for `HOME`.
    ///
    /// - Parameters:
    ///   - config: What the container runs.
    ///   - hasTerminal: Whether the process has a terminal.
    /// - Returns: What every process gets, and over it what the container says.
    static func variables(of config: EngineAPI.ContainerConfig, hasTerminal: Bool) -> [String] {
        var standard = ["PATH=\(searchPath)", "HOSTNAME=\(config.hostname)"]
        if hasTerminal { standard.append("TERM=xterm") }
        return applying(config.env ?? [], to: standard)
    }

    /// Gives `HOME` where nothing else has; an empty one is none.
    static func completing(_ variables: [String], home: String) -> [String] {
        if variables.contains(where: { $0.hasPrefix("HOME=") && $0 != "HOME=" }) { return variables }
        return variables.filter { $0 != "HOME=" } + ["HOME=\(home)"]
    }
}
