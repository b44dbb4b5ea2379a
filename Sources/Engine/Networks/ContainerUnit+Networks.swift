// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import JSONTree
import Linux
import Netlink
import Networks
import Runtime
import Store

extension ContainerDefinition {
    /// The networks that it is to be in.
    var allNetworks: [AttachedNetwork] { networks ?? AttachedNetwork.all(of: request) }
}

extension AttachedNetwork {
    /// The networks of a request: that of its mode first, the others by name.
    static func all(of request: ContainerCreateRequest) -> [AttachedNetwork] {
        guard case .network(let name) = NetworkMode(request.hostConfig.networkMode) else { return [] }
        let wishes = request.networkingConfig.endpointsConfig ?? [:]
        let others = wishes.keys.filter { $0 != name && $0 != "default" }.sorted()
        var own = wishes[name] ?? NetworkEndpoint()
        if own.macAddress.isEmpty { own.macAddress = request.config.macAddress }
        // The links of clients before networks had names.
        let links = (request.hostConfig.links ?? []).filter { own.links?.contains($0) != true }
        if !links.isEmpty { own.links = (own.links ?? []) + links }
        return [AttachedNetwork(reference: name, wishes: own)]
            + others.map { AttachedNetwork(reference: $0, wishes: wishes[$0] ?? NetworkEndpoint()) }
    }
}

extension ContainerUnit {
    private var mode: NetworkMode { NetworkMode(definition.request.hostConfig.networkMode) }

    /// What the host's networks are told of the container.
    private var networked: NetworkedContainer {
        let (config, host) = (definition.request.config, definition.request.hostConfig)
        return NetworkedContainer(
            id: id,
            name: name.description,
            hostname: config.hostname == id.short ? "" : config.hostname,
            networks: definition.allNetworks,
            ports: PortWish.all(of: definition.request),
            servers: (host.dns ?? []).compactMap { IPAddress($0) },
            servesNames: Self.isNamePort(among: (config.exposedPorts ?? [:]).keys)
                || Self.isNamePort(among: (host.portBindings ?? [:]).keys)
        )
    }

    /// Whether a port is among those of a container at which the engine answers it.
    private static func isNamePort(among names: some Sequence<String>) -> Bool {
        names.compactMap { PortName($0) }.contains { ($0.ports.first...$0.ports.last).contains(Int(DNSSockets.port)) }
    }

    // MARK: Runs

    /// Gives it addresses and ports for its next run.
    ///
    /// - Throws: Why it gets none; it has nothing then.
    func prepareNetworks() async throws {
        guard case .network = mode else { return }
        let container = networked
        if container.networks.contains(where: { $0.reference == Engine.standardNetworkName }) {
            try await engine.obtainStandardNetwork()
        }
        do {
            let (networks, slots) = (engine.networks, engine.slots)
            let prepared = try await BlockingCall.run { try networks.prepare(container, slots) }
            details.endpoints = prepared.endpoints
            details.ports = prepared.mappings
        } catch {
            throw EngineError(network: error, "connect the container \(name) with its networks")
        }
    }

    /// Gives back what it had in its networks; whoever sees that it has ended finds names gone and ports free.
    func releaseNetworks() async {
        guard details.endpoints != nil else { return }
        details.endpoints = nil
        details.ports = nil
        let (networks, id) = (engine.networks, id)
        do {
            let endpoints = try await BlockingCall.run { networks.release(id) }
            engine.tellNetworks("disconnect", of: id, endpoints)
            engine.forgetConnections(to: endpoints)
        } catch {
            engine.report("cannot take the container \(name) out of its networks", error)
        }
    }

    // MARK: Taking over

    /// Says what it has in its networks, where it runs.
    func adoptNetworks() async {
        guard isRunning, let run, let endpoints = details.endpoints else { return }
        let (networks, container, ports) = (engine.networks, networked, details.ports ?? [])
        let supervisor = engine.supervisor
        do {
            let adopted = try await BlockingCall.run {
                try networks.adopt(container, endpoints, ports, supervisor.current.heldSockets(of: run.process.name))
            }
            for failure in adopted.failures {
                engine.report("cannot take over all of the networks of the container \(name)", failure)
            }
            if adopted.mappings != ports {
                details.ports = adopted.mappings
                try persist()
            }
        } catch {
            engine.report("cannot take over the networks of the container \(name)", error)
        }
    }

    /// Has it connected as it is to be, and answered when it asks for names, where it runs.
    func restoreNetworks() async {
        guard isRunning, let run, details.endpoints != nil else { return }
        let (networks, id) = (engine.networks, id)
        do {
            try await BlockingCall.run {
                try networks.mend(id, run.process.pidfd.number)
                try networks.serveNames(of: id, run.process.pidfd.number)
            }
            await keepSockets(of: run)
        } catch {
            engine.report("cannot connect the container \(name) with its networks again", error)
        }
    }

    // MARK: Changes

    /// Has the others of its networks find it by the name that it has now, where it runs.
    func renameInNetworks() {
        guard details.endpoints != nil else { return }
        details.endpoints = engine.networks.rename(networked)
        do {
            try persist()
        } catch {
            engine.report("cannot write down what the networks call the container \(name)", error)
        }
    }

    /// Has it in a network from now on, or from its next start on.
    func connect(to network: HostNetworks.Network, _ wishes: NetworkEndpoint) async throws {
        try RequestChecker.check(wishes, network.name)
        if network.definition.presence == .nothing { throw network.refusal(toTake: "\(name)") }
        try await gate.run {
            switch mode {
            case .network: break
            case .none:
                throw EngineError(
                    .forbidden,
                    "container cannot be connected to multiple networks with one of the networks in private (none) mode"
                )
            case .host, .container:
                throw EngineError(
                    .forbidden,
                    "container sharing network namespace with another container or host cannot be connected to any "
                        + "other network"
                )
            }
            if state.phase == .removing || state.phase == .dead {
                throw EngineError(
                    .conflict,
                    "Container \(name) is marked for removal and cannot be connected to the network"
                )
            }
            var changed = definition
            var attached = definition.allNetworks
            if attached.contains(where: { network.isMeant(by: $0.reference) }) {
                throw EngineError(.forbidden, "endpoint with name \(name) already exists in network \(network.name)")
            }
            let added = AttachedNetwork(reference: network.name, wishes: wishes)
            attached.append(added)
            changed.networks = attached
            if let run, isRunning {
                try await join(added, run)
            } else {
                try record(changed, details)
                engine.emit("network", "connect", id: network.id.description, attributes: attributes(of: network))
            }
            try setNetworks(changed)
        }
    }

    private func join(_ added: AttachedNetwork, _ run: ContainerRun) async throws {
        let (networks, container, store, id) = (engine.networks, networked, engine.store, id.description)
        let (state, details, definition) = (state, details, definition)
        let (endpoints, ports): ([ContainerEndpoint], [PortMapping])
        do {
            (endpoints, ports) = try await BlockingCall.run {
                var joined: ([ContainerEndpoint], [PortMapping]) = ([], [])
                try networks.join(added, container, run.process.pidfd.number) { endpoints, ports in
                    joined = (endpoints, ports)
                    var written = (state, details, definition)
                    (written.1.endpoints, written.1.ports) = (endpoints, ports)
                    written.2.networks = container.networks + [added]
                    try Self.write(written, of: id, to: store)
                }
                return joined
            }
        } catch {
            // What was written down is taken back.
            try? Self.write((state, details, definition), of: id, to: store)
            throw EngineError(network: error, "connect the container \(name) with the network \(added.reference)")
        }
        (self.details.endpoints, self.details.ports) = (endpoints, ports)
        await keepSockets(of: run)
        let before = Set((details.endpoints ?? []).map(\.id))
        engine.tellNetworks("connect", of: self.id, endpoints.filter { !before.contains($0.id) })
    }

    /// Takes it out of a network.
    func disconnect(from network: HostNetworks.Network) async throws {
        try await gate.run {
            var attached = definition.allNetworks
            guard let place = attached.firstIndex(where: { network.isMeant(by: $0.reference) }) else {
                throw EngineError(.conflict, "container \(id) is not connected to network \(network.name)")
            }
            attached.remove(at: place)
            var changed = definition
            changed.networks = attached
            let endpoint = details.endpoints?.first { $0.network == network.id.description }
            if let run, isRunning, let endpoint {
                try await leave(endpoint, run, changed)
                engine.tellNetworks("disconnect", of: id, [endpoint])
            } else {
                try record(changed, details)
                engine.emit("network", "disconnect", id: network.id.description, attributes: attributes(of: network))
            }
            try setNetworks(changed)
        }
    }

    private func leave(_ endpoint: ContainerEndpoint, _ run: ContainerRun, _ changed: ContainerDefinition) async throws
    {
        let (networks, store, id, name) = (engine.networks, engine.store, id, name)
        let (state, details) = (state, details)
        do {
            (self.details.endpoints, self.details.ports) = try await BlockingCall.run {
                var left: ([ContainerEndpoint], [PortMapping]) = ([], [])
                try networks.leave(endpoint, id, run.process.pidfd.number) { endpoints, ports in
                    left = (endpoints, ports)
                    var written = details
                    (written.endpoints, written.ports) = (endpoints, ports)
                    try Self.write((state, written, changed), of: id.description, to: store)
                }
                return left
            }
        } catch {
            throw EngineError(network: error, "take the container \(name) out of the network \(endpoint.networkName)")
        }
        await keepSockets(of: run)
    }

    private func attributes(of network: HostNetworks.Network) -> [String: String] {
        ["container": id.description, "name": network.name, "type": network.definition.driver.rawValue]
    }

    private func record(_ changed: ContainerDefinition, _ details: ContainerDetails) throws {
        try Self.write((state, details, changed), of: id.description, to: engine.store)
    }

    /// Writes everything down that a change of networks changes, in one step.
    private static func write(
        _ changed: (state: ContainerRecord.State, details: ContainerDetails, definition: ContainerDefinition),
        of id: String,
        to store: Store
    ) throws {
        var state = changed.state
        state.details = try JSON.encode(changed.details)
        let bytes = try JSON.encode(changed.definition)
        try store.write(.machine) { [state] writer in
            try writer.setConfiguration(of: id, to: bytes)
            try writer.setState(of: id, to: state)
        }
    }
}

extension HostNetworks.Network {
    /// Whether a reference of a container means this network.
    func isMeant(by reference: String) -> Bool {
        reference == name || reference == id.description
            || reference.utf8.count >= 12 && ObjectID.isPrefix(reference) && id.description.hasPrefix(reference)
    }
}

extension Engine {
    /// Has a container in a network from now on, or from its next start on.
    package func connectNetwork(_ reference: String, _ request: NetworkConnectRequest) async throws {
        let unit = try containers.find(request.container)
        try await unit.connect(to: network(reference, of: unit, "connect"), request.endpoint ?? NetworkEndpoint())
    }

    /// Takes a container out of a network.
    package func disconnectNetwork(_ reference: String, _ request: NetworkDisconnectRequest) async throws {
        let unit = try containers.find(request.container)
        try await unit.disconnect(from: network(reference, of: unit, "disconnect"))
    }

    /// The network that a container is to come into or to leave.
    private func network(
        _ reference: String,
        of unit: ContainerUnit,
        _ action: String
    ) async throws -> HostNetworks.Network {
        if let fixed = NetworkInspection.builtin.first(where: { $0.name == reference || $0.id == reference }) {
            throw EngineError(
                .forbidden,
                "cannot \(action) container \(await unit.name): \(fixed.name) is a network that a container has from its "
                    + "creation or never"
            )
        }
        if reference == Self.standardNetworkName || reference == Self.standardNetworkID.description {
            try await obtainStandardNetwork()
        }
        return try networks.find(reference)
    }
}
