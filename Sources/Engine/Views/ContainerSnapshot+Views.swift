// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Store

extension ContainerSnapshot {
    private var request: ContainerCreateRequest { definition.request }

    /// Whether its first process runs, or will run again by itself: Docker counts a container that waits for its restart.
    var isRunning: Bool { [.running, .paused, .restarting].contains(state.phase) }

    /// The state as inspections tell it.
    var containerState: ContainerState {
        var result = ContainerState()
        result.status = ContainerState.Status(rawValue: state.phase.rawValue) ?? .dead
        result.running = isRunning
        result.paused = state.phase == .paused
        result.restarting = state.phase == .restarting
        result.oomKilled = details.wasOutOfMemory
        result.dead = state.phase == .dead
        result.pid = isRunning && state.phase != .restarting ? Int(state.pid ?? 0) : 0
        // That of the last run says nothing while another one lasts.
        result.exitCode = [.running, .paused].contains(state.phase) ? 0 : Int(state.exitStatus ?? 0)
        result.error = details.error
        result.startedAt = state.started.map { Timestamp($0) } ?? .never
        result.finishedAt = state.finished.map { Timestamp($0) } ?? .never
        result.health = health?.view
        return result
    }

    /// The state in words for people, with the time that it has lasted.
    func status(now: Timestamp) -> String {
        func since(_ time: UnixTime?) -> String {
            HumanDuration.words(from: time.map { Timestamp($0) } ?? .never, to: now)
        }
        switch state.phase {
        case .paused: return "Up \(since(state.started)) (Paused)"
        case .restarting: return "Restarting (\(state.exitStatus ?? 0)) \(since(state.finished)) ago"
        case .running:
            let up = "Up \(since(state.started))"
            guard let status = health?.status else { return up }
            return status == .starting ? "\(up) (health: starting)" : "\(up) (\(status.rawValue))"
        case .removing: return "Removal In Progress"
        case .dead: return "Dead"
        case .created, .exited:
            guard state.started != nil else { return "Created" }
            guard state.finished != nil else { return "" }
            return "Exited (\(state.exitStatus ?? 0)) \(since(state.finished)) ago"
        }
    }

    /// Everything about the container.
    func inspection() -> ContainerInspection {
        var result = ContainerInspection()
        result.id = id.description
        result.created = created
        let command = request.config.commandLine
        result.path = command.first ?? ""
        result.args = Array(command.dropFirst())
        result.state = containerState
        result.image = definition.image
        result.resolvConfPath = folder.path + "/resolv.conf"
        result.hostnamePath = folder.path + "/hostname"
        result.hostsPath = folder.path + "/hosts"
        result.logPath = request.hostConfig.logConfig.type == "none" ? "" : folder.log
        result.name = name.slashed
        result.restartCount = state.restartCount
        result.driver = Self.driver
        result.platform = definition.platform
        result.execIDs = execs.isEmpty ? nil : execs.map(\.description)
        result.hostConfig = request.hostConfig
        result.graphDriver.name = Self.driver
        result.graphDriver.data = ["UpperDir": folder.upper, "WorkDir": folder.work]
        result.sizeRw = sizes?.written
        result.sizeRootFS = sizes?.root
        result.mounts = mountPoints
        result.config = request.config
        result.networkSettings = networkSettings
        return result
    }

    /// The mounts as inspections tell them.
    var mountPoints: [MountPoint] { definition.allMounts.compactMap { $0.point(volumes: volumesFolder) } }

    /// How Docker calls root file systems of layers.
    private static let driver = "overlay2"

    /// The container in a list.
    func summary(now: Timestamp, isBrief: Bool = false) -> ContainerSummary {
        var result = ContainerSummary()
        result.id = id.description
        result.names = [name.slashed]
        result.image = request.config.image
        result.imageID = definition.image
        result.command = commandText
        result.created = created.seconds
        result.ports = ports
        result.sizeRw = sizes?.written ?? 0
        result.sizeRootFS = sizes?.root ?? 0
        let labels = request.config.labels ?? [:]
        result.labels = isBrief ? labels.filter { ProjectLabel.places.contains($0.key) } : labels
        result.state = ContainerState.Status(rawValue: state.phase.rawValue) ?? .dead
        result.status = status(now: now)
        result.hostConfig.networkMode = request.hostConfig.networkMode
        result.hostConfig.annotations = request.hostConfig.annotations
        if isBrief { return result }
        result.networkSettings.networks = networkSettings.networks
        result.mounts = mountPoints
        return result
    }

    /// The command line as Docker shows it: words with a space in quotes.
    private var commandText: String {
        let words = request.config.commandLine
        let arguments = words.dropFirst().map { $0.contains(" ") ? "'\($0)'" : $0 }
        return (words.prefix(1) + arguments).joined(separator: " ")
    }

    // MARK: Networks

    /// The networks: what is asked for, and what it has while it runs.
    var networkSettings: NetworkSettings {
        var settings = NetworkSettings()
        let mode = NetworkMode(request.hostConfig.networkMode)
        if let fixed = NetworkInspection.builtin.first(where: { $0.name == request.hostConfig.networkMode }) {
            var endpoint = NetworkEndpoint()
            endpoint.networkID = fixed.id
            settings.networks = [fixed.name: endpoint]
            return settings
        }
        guard case .network = mode else { return settings }
        var endpoints = details.endpoints ?? []
        for attached in definition.allNetworks {
            var shown = attached.wishes
            let place = endpoints.firstIndex {
                $0.networkName == attached.reference || $0.network.hasPrefix(attached.reference)
            }
            if let endpoint = place.map({ endpoints.remove(at: $0) }) {
                endpoint.fill(&shown)
                settings.networks[endpoint.networkName] = shown
            } else {
                // As Docker has it, the names stay from one run to the next.
                if state.started != nil {
                    shown.dnsNames = HostNetworks.names(
                        name.description,
                        id,
                        hostname: request.config.hostname,
                        attached.wishes
                    )
                }
                settings.networks[attached.reference] = shown
            }
        }
        if let standard = details.endpoints?.first(where: { $0.networkName == Engine.standardNetworkName }) {
            settings.fill(standard)
        }
        guard isRunning else { return settings }
        for name in (request.config.exposedPorts ?? [:]).keys { settings.ports.updateValue(nil, forKey: name) }
        for mapping in mappings {
            let bindings = mapping.shownHostAddresses.map { address in
                var binding = PortBinding()
                (binding.hostIP, binding.hostPort) = (address, String(mapping.hostPort))
                return binding
            }
            settings.ports[mapping.name] = ((settings.ports[mapping.name] ?? nil) ?? []) + bindings
        }
        return settings
    }

    /// The ports that are published, one by one.
    var mappings: [PortMapping] { (details.ports ?? []).singles }

    /// The ports that the container exposes, and where they are published.
    private var ports: [ContainerSummary.Port] {
        guard isRunning, case .network = NetworkMode(request.hostConfig.networkMode) else { return [] }
        var found: [ContainerSummary.Port] = []
        for mapping in mappings {
            for address in mapping.shownHostAddresses {
                var port = ContainerSummary.Port()
                (port.privatePort, port.type) = (Int(mapping.port), mapping.kind)
                (port.publicPort, port.ip) = (Int(mapping.hostPort), address)
                found.append(port)
            }
        }
        let published = Set(mappings.map(\.name))
        for name in (request.config.exposedPorts ?? [:]).keys.compactMap({ PortName($0) }) {
            for number in (name.ports.first...name.ports.last).prefix(max(0, Self.mostPorts - found.count)) {
                if published.contains("\(number)/\(name.kind)") { continue }
                var port = ContainerSummary.Port()
                (port.privatePort, port.type) = (number, name.kind)
                found.append(port)
            }
        }
        return found.sorted { ($0.privatePort, $0.type, $0.ip) < ($1.privatePort, $1.type, $1.ip) }
    }

    /// An image may expose ranges without end; nobody reads a longer list.
    private static let mostPorts = 1024
}

extension NetworkSettings {
    /// Has the flat fields tell the network that every engine has, for old clients.
    fileprivate mutating func fill(_ endpoint: ContainerEndpoint) {
        var shown = NetworkEndpoint()
        endpoint.fill(&shown)
        (endpointID, macAddress) = (shown.endpointID, shown.macAddress)
        (ipAddress, ipPrefixLength, gateway) = (shown.ipAddress, shown.ipPrefixLength, shown.gateway)
        (globalIPv6Address, globalIPv6PrefixLength) = (shown.globalIPv6Address, shown.globalIPv6PrefixLength)
        ipv6Gateway = shown.ipv6Gateway
    }
}
