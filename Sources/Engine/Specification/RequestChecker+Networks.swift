// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Netlink
import Networks

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
        }
        for name in (config.exposedPorts ?? [:]).keys.sorted() where PortName(name) == nil {
            refuse("invalid port specification", name)
        }
        checkPublished(host, mode)
        let wishes = request.networkingConfig.endpointsConfig ?? [:]
        require(wishes.count <= Self.mostNetworks, "a container can be in at most \(Self.mostNetworks) networks")
        for (name, wish) in wishes.sorted(by: { $0.key < $1.key }) {
            do { try Self.check(wish, name) } catch { problems.append(error.message) }
        }
        if !config.macAddress.isEmpty, HardwareAddress(config.macAddress) == nil {
            refuse("invalid MAC address", config.macAddress)
        }
        for link in host.links ?? [] where link.isEmpty || link.utf8.count > 512 {
            refuse("bad format for links", link)
        }
        for server in host.dns ?? [] where !NetworkText.isAddress(server) {
            refuse("invalid IP address for DNS", server)
        }
        let others = wishes.keys.filter { $0 != host.networkMode }.sorted()
        if case .network = mode {
        } else if !others.isEmpty {
            problems.append(
                "conflicting options: a container in the network mode \(host.networkMode.prefix(64)) cannot be in other "
                    + "networks: \(others.joined(separator: ", ").prefix(256))"
            )
        }
    }

    /// As many interfaces as anybody has needed, and far fewer than would keep a start from ending.
    private static let mostNetworks = 128
    private static let mostNames = 1024

    /// Checks what is asked for in one network.
    ///
    /// - Parameters:
    ///   - wish: What is asked for.
    ///   - network: The network.
    /// - Throws: `badParameter` with what makes no sense.
    static func check(_ wish: NetworkEndpoint, _ network: String) throws(EngineError) {
        var problems: [String] = []
        func isFamily(_ text: String, isV4: Bool) -> Bool { IPAddress(text).map { $0.isV4 == isV4 } ?? false }
        let four = wish.ipamConfig?.ipv4Address ?? ""
        let six = wish.ipamConfig?.ipv6Address ?? ""
        if !four.isEmpty, !isFamily(four, isV4: true) { problems.append("invalid IPv4 address: \(four.prefix(64))") }
        if !six.isEmpty, !isFamily(six, isV4: false) { problems.append("invalid IPv6 address: \(six.prefix(64))") }
        let isOfEngine = NetworkChecker.reserved.contains(network) || NetworkMode(network).isContainer
        if isOfEngine, !four.isEmpty || !six.isEmpty {
            problems.append("user specified IP address is supported on user defined networks only")
        }
        for text in wish.ipamConfig?.linkLocalIPs ?? [] where IPAddress(text) == nil {
            problems.append("invalid link-local IP address: \(text.prefix(64))")
        }
        if !wish.macAddress.isEmpty, HardwareAddress(wish.macAddress) == nil {
            problems.append("invalid MAC address: \(wish.macAddress.prefix(64))")
        }
        if (wish.aliases ?? []).count + (wish.links ?? []).count > mostNames {
            problems.append("it has more than \(mostNames) aliases and links")
        }
        for name in wish.aliases ?? [] where DNSName(name) == nil {
            problems.append("invalid alias: `\(name.prefix(64))` is no name of the domain name system")
        }
        if let name = wish.driverOpts?[NetworkDefinition.Option.interfaceName], !name.isEmpty {
            do { try NetworkChecker.check(interface: name) } catch { problems.append(error.message) }
        }
        for text in wish.interfaceSettings where InterfaceSetting(text) == nil {
            // The words of Docker.
            problems.append(
                "unrecognised network interface sysctl '\(text.prefix(128))'; represent 'net.X.Y.ethN.Z=V' as "
                    + "'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'"
            )
        }
        if problems.isEmpty { return }
        throw EngineError(
            .badParameter,
            "invalid config for network \(network.prefix(64)): invalid endpoint settings: "
                + problems.joined(separator: "; ")
        )
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
