// SPDX-License-Identifier: Apache-2.0

import EngineAPI

// Networks and ports.
extension RequestChecker {
    /// What the user's own words contradict; the texts are Docker's.
    mutating func checkConflicts(_ request: ContainerCreateRequest) {
        let (config, host) = (request.config, request.hostConfig)
        let mode = NetworkMode(host.networkMode)
        if host.utsMode == "host", !config.hostname.isEmpty {
            problems.append("conflicting options: hostname and the UTS mode")
        }
        if mode != .host, !mode.isContainer { return }
        if !config.macAddress.isEmpty { problems.append("conflicting options: mac-address and the network mode") }
        guard mode.isContainer else { return }
        let conflicts: [(Bool, String)] = [
            (!config.hostname.isEmpty, "hostname and the network mode"),
            (!(host.dns ?? []).isEmpty, "dns and the network mode"),
            (!(host.extraHosts ?? []).isEmpty, "custom host-to-IP mapping and the network mode"),
            (
                !(host.portBindings ?? [:]).isEmpty || host.publishAllPorts,
                "port publishing and the container type network mode"
            ),
            (!(config.exposedPorts ?? [:]).isEmpty, "port exposing and the container type network mode"),
            (
                !(host.links ?? []).isEmpty,
                "container type network can't be used with links. This would result in undefined behavior"
            ),
        ]
        for (isConflict, text) in conflicts where isConflict { problems.append("conflicting options: \(text)") }
    }

    mutating func checkNetworks(_ request: ContainerCreateRequest) {
        let (config, host) = (request.config, request.hostConfig)
        let mode = NetworkMode(host.networkMode)
        switch mode {
        case .none, .host: break
        case .container(let reference):
            require(!reference.isEmpty, "invalid container format container:<name|id>")
        case .network(let name):
            require(
                name.utf8.count <= 256 && !name.contains { $0.isWhitespace || $0 == "/" },
                "invalid network mode: \(name.prefix(64))"
            )
            warnings.append(
                "The network \(name.prefix(64)) is not connected: networks are not supported yet, and the container has "
                    + "only its loopback interface."
            )
        }
        for name in (config.exposedPorts ?? [:]).keys.sorted() where PortName(name) == nil {
            refuse("invalid port specification", name)
        }
        checkPublished(host, mode)
        if host.links?.isEmpty == false { warnings.append("Links are ignored: networks are not supported yet.") }
        if !config.macAddress.isEmpty { warnings.append("MacAddress is ignored: networks are not supported yet.") }
        let others = (request.networkingConfig.endpointsConfig ?? [:]).keys.filter { $0 != host.networkMode }.sorted()
        if !others.isEmpty {
            warnings.append(
                "These networks are not connected, since networks are not supported yet: \(others.joined(separator: ", ").prefix(256))."
            )
        }
    }

    private mutating func checkPublished(_ host: HostConfig, _ mode: NetworkMode) {
        var isPublished = host.publishAllPorts
        for (name, bindings) in (host.portBindings ?? [:]).sorted(by: { $0.key < $1.key }) {
            if PortName(name) == nil { refuse("invalid port specification", name) }
            for binding in (bindings ?? []).compactMap(\.self) {
                isPublished = true
                if !binding.hostPort.isEmpty, PortRange(binding.hostPort[...]) == nil {
                    refuse("invalid port specification", "\"\(binding.hostPort)\"")
                }
                if !binding.hostIP.isEmpty, !NetworkText.isAddress(binding.hostIP) {
                    refuse("invalid IP address", binding.hostIP)
                }
            }
        }
        guard isPublished else { return }
        if mode == .host {
            warnings.append("Published ports are discarded when using host network mode")
        } else if mode != .none {
            warnings.append("Ports are not published: networks are not supported yet.")
        }
    }
}

/// Which network a container has.
enum NetworkMode: Equatable, Sendable {
    case none
    case host
    /// That of another container, as the request names it.
    case container(String)
    /// A network by its name.
    case network(String)

    init(_ text: String) {
        switch text {
        case "none": self = .none
        case "host": self = .host
        case "", "default": self = .network("bridge")
        case _ where text.hasPrefix("container:"): self = .container(String(text.dropFirst("container:".count)))
        default: self = .network(text)
        }
    }

    var isContainer: Bool {
        if case .container = self { return true }
        return false
    }

    /// Whether the container has a network namespace of its own.
    var isPrivate: Bool {
        switch self {
        case .none, .network: true
        case .host, .container: false
        }
    }
}

/// Ports from one number to another.
struct PortRange: Equatable, Sendable {
    var first: Int
    var last: Int

    /// Reads `80` or `80-90`.
    init?(_ text: Substring) {
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map(Self.number)
        guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else { return nil }
        (self.first, self.last) = (first, last)
    }

    private static func number(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(text), number <= 65_535
        else { return nil }
        return number
    }
}

/// A port of a container by its name, such as `80/tcp`; the protocol may be left out.
struct PortName: Equatable, Sendable {
    var ports: PortRange
    var kind: String

    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let ports = PortRange(first) else { return nil }
        kind = parts.count == 2 ? parts[1].lowercased() : "tcp"
        guard ["tcp", "udp", "sctp"].contains(kind) else { return nil }
        self.ports = ports
    }
}
