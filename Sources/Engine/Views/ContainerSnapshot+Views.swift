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
        result.exitCode = Int(state.exitStatus ?? 0)
        result.error = details.error
        result.startedAt = state.started.map { Timestamp($0) } ?? .never
        result.finishedAt = state.finished.map { Timestamp($0) } ?? .never
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
        case .running: return "Up \(since(state.started))"
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
        result.resolvConfPath = directory + "/resolv.conf"
        result.hostnamePath = directory + "/hostname"
        result.hostsPath = directory + "/hosts"
        result.logPath = request.hostConfig.logConfig.type == "none" ? "" : directory + "/log"
        result.name = name.slashed
        result.restartCount = state.restartCount
        result.driver = Self.driver
        result.platform = definition.platform
        result.execIDs = execs.isEmpty ? nil : execs.map(\.description)
        result.hostConfig = request.hostConfig
        result.graphDriver.name = Self.driver
        result.graphDriver.data = ["UpperDir": directory + "/upper", "WorkDir": directory + "/work"]
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
    func summary(now: Timestamp) -> ContainerSummary {
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
        result.labels = request.config.labels ?? [:]
        result.state = ContainerState.Status(rawValue: state.phase.rawValue) ?? .dead
        result.status = status(now: now)
        result.hostConfig.networkMode = request.hostConfig.networkMode
        result.hostConfig.annotations = request.hostConfig.annotations
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

    /// The networks, as far as there are any yet: `none` and `host` have no addresses.
    var networkSettings: NetworkSettings {
        var settings = NetworkSettings()
        let mode = request.hostConfig.networkMode
        let wished = request.networkingConfig.endpointsConfig?[mode]
        guard let id = Self.networkIDs[mode] else { return settings }
        var endpoint = NetworkEndpoint()
        endpoint.networkID = id
        endpoint.aliases = wished?.aliases
        endpoint.links = wished?.links
        settings.networks = [mode: endpoint]
        if mode == "bridge", isRunning {
            for name in (request.config.exposedPorts ?? [:]).keys { settings.ports.updateValue(nil, forKey: name) }
        }
        return settings
    }

    /// The networks that are there without being made, with identifiers that are the same in every engine.
    static let networkIDs = [
        "none": "6e6f6e65" + String(repeating: "0", count: 56),
        "host": "686f7374" + String(repeating: "0", count: 56),
        "bridge": "627269646765" + String(repeating: "0", count: 52),
    ]

    /// The ports that the container exposes; none is published yet.
    private var ports: [ContainerSummary.Port] {
        guard isRunning, case .network = NetworkMode(request.hostConfig.networkMode) else { return [] }
        var found: [ContainerSummary.Port] = []
        for name in (request.config.exposedPorts ?? [:]).keys.compactMap({ PortName($0) }) {
            for number in (name.ports.first...name.ports.last).prefix(Self.mostPorts - found.count) {
                var port = ContainerSummary.Port()
                (port.privatePort, port.type) = (number, name.kind)
                found.append(port)
            }
        }
        return found.sorted { ($0.privatePort, $0.type) < ($1.privatePort, $1.type) }
    }

    /// An image may expose ranges without end; nobody reads a longer list.
    private static let mostPorts = 1024
}
