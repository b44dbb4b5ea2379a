// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Netlink
import Networks
import Synchronization

/// A container that is to be in networks.
struct NetworkedContainer: Sendable {
    var id: ObjectID
    var name: String
    /// What it is called besides its name and its identifier.
    var hostname: String
    var networks: [AttachedNetwork]
    var ports: [PortWish]
    /// Whom to ask for names that are not ours; none: whom the host asks.
    var servers: [IPAddress]
    /// Whether its own program is to serve names, on the port where it is answered.
    var servesNames: Bool
}

extension HostNetworks.Member {
    fileprivate init(_ container: NetworkedContainer, _ endpoints: [ContainerEndpoint]) {
        name = container.name
        self.endpoints = endpoints
        servers = container.servers
        servesNames = container.servesNames
        for text in container.networks.flatMap({ $0.wishes.links ?? [] }) {
            // `container`, or `container:name`.
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            guard let other = parts.first.flatMap({ DNSName($0.drop { $0 == "/" }) }),
                let alias = parts.last.flatMap({ DNSName($0.drop { $0 == "/" }) })
            else { continue }
            links[alias] = other
        }
    }
}

extension HostNetworks {
    // MARK: Before a start

    /// Gives a container addresses and ports; ``release(_:)`` takes them back.
    ///
    /// - Parameters:
    ///   - container: The container.
    ///   - slots: Where its network may come from; nil where it is to be made with its first process.
    /// - Returns: What it has in its networks, and its published ports.
    /// - Throws: `notFound` for a network, `forbidden` for an address, or a port that is in use; it has nothing then.
    func prepare(
        _ container: NetworkedContainer,
        _ slots: NetworkSlots? = nil
    ) throws -> (endpoints: [ContainerEndpoint], mappings: [PortMapping]) {
        let endpoints = try state.withLock { state in
            var endpoints: [ContainerEndpoint] = []
            do {
                for network in container.networks {
                    endpoints.append(try lease(network, for: container, beside: endpoints, &state))
                }
            } catch {
                release(endpoints, of: container.id, &state)
                throw error
            }
            endpoints = state.choosingGateways(endpoints)
            // The interface of a slot becomes that of the first network.
            let slot = endpoints.first.flatMap { state.isAtBridge($0) ? slots?.take() : nil }
            if let slot {
                endpoints[0].id = slot.endpoint.description
                endpoints[0].hostInterface = slot.network.hostName
            }
            state.members[container.id] = Member(container, endpoints)
            state.members[container.id]?.slot = slot?.network
            return endpoints
        }
        do {
            let held = try hold(container.ports, for: container, endpoints)
            state.withLock { $0.members[container.id]?.held = held }
            return (endpoints, held.mappings.runs)
        } catch {
            _ = release(container.id)
            throw error
        }
    }

    /// Leases addresses in one network.
    func lease(
        _ attached: AttachedNetwork,
        for container: NetworkedContainer,
        beside others: [ContainerEndpoint],
        _ state: inout State
    ) throws -> ContainerEndpoint {
        let network = try state.find(attached.reference)
        if network.definition.presence == .nothing { throw network.refusal(toTake: container.name) }
        try bringUp(network.id, &state)
        let wishes = attached.wishes
        var leases = network.leases
        var addresses: [IPPrefix] = []
        let former = network.former.last { $0.container == container.id }?.addresses ?? []
        for index in leases.indices {
            let isV4 = leases[index].subnet.address.isV4
            let wanted = (isV4 ? wishes.ipamConfig?.ipv4Address : wishes.ipamConfig?.ipv6Address) ?? ""
            let address = try Self.lease(wanted, or: former, from: &leases[index], of: network)
            addresses += IPPrefix(address, length: leases[index].subnet.length).map { [$0] } ?? []
        }
        for text in [wishes.ipamConfig?.ipv4Address, wishes.ipamConfig?.ipv6Address].compactMap(\.self)
        where !text.isEmpty && !addresses.contains(where: { $0.address == IPAddress(text) }) {
            throw EngineError(
                .badParameter,
                "invalid endpoint settings: the address \(text.prefix(64)) is of a family that the network \(network.name) "
                    + "does not have"
            )
        }
        state.networks[network.id]?.leases = leases
        state.networks[network.id]?.members.insert(container.id)
        // It may get the address of one that has left its namespace behind.
        _ = state.keepsOn(network.id)
        var generator = SystemRandomNumberGenerator()
        let id = ObjectID(using: &generator)
        let own = addresses.first { $0.address.isV4 } ?? addresses.first
        return ContainerEndpoint(
            network: network.id.description,
            networkName: network.name,
            id: id.description,
            interface: Self.interface(wishes, network.definition, beside: others),
            hostInterface: Self.hostInterface(of: id),
            addresses: addresses.map(\.description),
            linkLocalAddresses: (wishes.ipamConfig?.linkLocalIPs ?? []).compactMap(\.self),
            macAddress: wishes.macAddress.isEmpty
                ? own.map { HardwareAddress(for: $0.address).description } ?? "" : wishes.macAddress.lowercased(),
            gateways: network.definition.gateways.map(\.address.description),
            defaultGateways: [],
            gatewayPriority: wishes.gatewayPriority,
            names: Self.names(of: container, wishes),
            settings: wishes.interfaceSettings.isEmpty ? nil : wishes.interfaceSettings
        )
    }

    private static func lease(
        _ wanted: String,
        or former: [IPAddress],
        from leases: inout AddressLeases,
        of network: Network
    ) throws -> IPAddress {
        do throws(AddressError) {
            if wanted.isEmpty { return try leases.lease(preferring: former) }
            guard let address = IPAddress(wanted) else {
                throw AddressError(.invalid, "use address \(wanted)", reason: "it is none")
            }
            try leases.lease(address)
            return address
        } catch {
            switch error.code {
            case .taken:
                throw EngineError(.forbidden, "Address already in use: network \(network.name): \(error)")
            case .exhausted:
                throw EngineError(
                    .forbidden,
                    "no available addresses on this network's address pools: \(network.name) (\(network.id)): \(error)"
                )
            default: throw EngineError(.badParameter, "invalid endpoint settings: network \(network.name): \(error)")
            }
        }
    }

    /// The name of an interface: that which is asked for, or the next of the network's own.
    private static func interface(
        _ wishes: NetworkEndpoint,
        _ network: NetworkDefinition,
        beside others: [ContainerEndpoint]
    ) -> String {
        let wanted = wishes.driverOpts?[NetworkDefinition.Option.interfaceName] ?? ""
        if !wanted.isEmpty { return wanted }
        let taken = Set(others.map(\.interface))
        let free = (0...taken.count).lazy.map { "\(network.interfacePrefix)\($0)" }.first { !taken.contains($0) }
        return free ?? network.interfacePrefix
    }

    /// The names that the others of a network find a container by.
    static func names(of container: NetworkedContainer, _ wishes: NetworkEndpoint) -> [String] {
        names(container.name, container.id, hostname: container.hostname, wishes)
    }

    /// The same by the parts of a container that matter.
    static func names(_ name: String, _ id: ObjectID, hostname: String, _ wishes: NetworkEndpoint) -> [String] {
        var names: [String] = []
        let all = [name] + (wishes.aliases ?? []) + [id.short, hostname]
        for name in all where !name.isEmpty && !names.contains(name) { names.append(name) }
        return names
    }

    /// Says which addresses and names a container has that runs already.
    ///
    /// - Parameters:
    ///   - container: The container.
    ///   - endpoints: What its record says that it has.
    ///   - mappings: Its published ports.
    ///   - kept: The sockets that the supervisor has held for it, by their places.
    /// - Returns: What it has, and what of it is not as it should be.
    func adopt(
        _ container: NetworkedContainer,
        _ endpoints: [ContainerEndpoint],
        _ mappings: [PortMapping],
        _ kept: [Int: SharedDescriptor]
    ) -> AdoptedNetworks {
        var adopted = AdoptedNetworks()
        let (held, losses) = holdAgain(mappings.singles, of: container.name, among: kept)
        adopted.failures = losses
        var names: SharedDNSSockets?
        do { names = try nameSockets(among: kept) } catch { adopted.failures.append(error) }
        adopted.mappings = losses.isEmpty ? mappings : held.mappings.runs
        state.withLock { state in
            adopted.failures += state.lease(again: endpoints, for: container.id)
            var member = Member(container, endpoints)
            member.held = held
            member.nameSockets = names
            member.published = held.mappings.published(to: endpoints.publishedAddresses)
            member.isConnected = true
            state.members[container.id] = member
        }
        return adopted
    }

    // MARK: At a start

    /// Makes a slot.
    func makeSlot() throws -> NetworkSlots.Slot {
        let (bridges, mtu) = try state.withLock { state in
            try state.checkIsOpen()
            return (try self.bridges(&state), try uplinkMTU(&state))
        }
        var generator = SystemRandomNumberGenerator()
        let id = ObjectID(using: &generator)
        let slot = try bridges.prepareSlot(hostName: Self.hostInterface(of: id), mtu: mtu)
        return NetworkSlots.Slot(endpoint: id, network: slot)
    }

    /// The network that a container was given when it was prepared, for one start; nil where the launch makes it.
    func takeSlot(of id: ObjectID) -> NetworkSlot? { state.withLock { $0.members[id]?.slot.take() } }

    /// Connects a container that is about to run its program.
    ///
    /// - Parameters:
    ///   - id: The container, which was prepared.
    ///   - process: The number of the pidfd of its first process.
    ///   - slot: The slot whose network the process is in; nil where its network is new.
    /// - Throws: What the kernel refused; the container is not connected then.
    func connect(_ id: ObjectID, _ process: Int32, in slot: NetworkSlot? = nil) throws {
        guard let member = state.withLock({ $0.members[id] }) else { return }
        // The start before may have come as far as this.
        if member.isConnected { state.withLock { disconnect(id, &$0) } }
        let sockets = SharedDNSSockets(try Self.openNames(process, slot, isAside: member.servesNames))
        for (place, endpoint) in member.endpoints.enumerated() {
            try connect(endpoint, process, place == 0 ? slot : nil)
        }
        let answers = try state.withLock { state -> (server: DNSServer, view: DNSView)? in
            guard var member = state.members[id] else { return nil }
            member.isConnected = true
            member.nameSockets = sockets
            member.published = member.held.mappings.published(to: member.endpoints.publishedAddresses)
            let server = try nameServer(&state)
            // A firewall that is made only now has all that members have.
            if let firewall = state.firewall {
                if !member.published.isEmpty { try firewall.publish(member.published) }
            } else if state.networks.values.contains(where: { $0.isUpBridge }) {
                state.members[id]?.published = member.published
                _ = try firewall(&state)
            }
            member.served = try serve(member, &state)
            state.members[id] = member
            for endpoint in member.endpoints { state.addNames(of: endpoint) }
            return (server, state.view(of: member))
        }
        guard let answers else { return }
        answers.server.serve(id.description, on: sockets, answers.view)
        try forgetConnections(of: member.held.mappings)
    }

    /// Makes the interface of a container in one network, with the settings that it is to have.
    func connect(_ endpoint: ContainerEndpoint, _ process: Int32, _ slot: NetworkSlot? = nil) throws {
        try makeInterface(endpoint, process, slot)
        do {
            try InterfaceSetting.apply(endpoint.interfaceSettings, to: endpoint.interface, inNetworkOf: process)
        } catch {
            // Why it has no settings is what is told; an interface that is left goes with the container's network.
            try? disconnect(endpoint, process)
            throw error
        }
    }

    /// Takes the interface of a container in one network away.
    func disconnect(_ endpoint: ContainerEndpoint, _ process: Int32) throws {
        let network = ObjectID(endpoint.network).flatMap { id in state.withLock { $0.networks[id] } }
        if network?.definition.sharing != nil {
            try ParentLinks(inNetworkOf: hostNumber).disconnect(process, endpoint.interface)
        } else {
            try state.withLock { try self.bridges(&$0) }.disconnect(endpoint.hostInterface)
        }
    }

    private func makeInterface(_ endpoint: ContainerEndpoint, _ process: Int32, _ slot: NetworkSlot?) throws {
        guard let id = ObjectID(endpoint.network), let network = state.withLock({ $0.networks[id] }) else {
            throw EngineError(.notFound, "network \(endpoint.networkName) not found")
        }
        let bridges = try state.withLock { try self.bridges(&$0) }
        let mtu = try network.definition.mtu ?? state.withLock { try uplinkMTU(&$0) }
        let locals = endpoint.linkLocalAddresses.compactMap { text in
            IPAddress(text).flatMap { IPPrefix($0, length: $0.isV4 ? 16 : 64) }
        }
        let settings = EndpointSettings(
            endpoint.interface,
            hostName: endpoint.hostInterface,
            addresses: endpoint.prefixes + locals,
            hardwareAddress: HardwareAddress(endpoint.macAddress),
            mtu: mtu,
            gateways: endpoint.defaultGateways.compactMap { IPAddress($0) },
            isIsolated: network.definition.isolatesContainers
        )
        let interface = network.definition.interface
        if let sharing = network.definition.sharing {
            var settings = settings
            // It has that of its parent.
            if case .ipvlan = sharing { settings.hardwareAddress = nil }
            return try ParentLinks(inNetworkOf: hostNumber).connect(process, to: interface, as: sharing, settings)
        }
        do throws(NetlinkError) {
            if let slot { return try bridges.connect(slot, to: interface, settings) }
            return try bridges.connect(process, to: interface, settings)
        } catch {
            switch error.number {
            case ENODEV:
                // Somebody has removed the bridge.
                try state.withLock { try repairBridge(of: network, &$0) }
            case EEXIST:
                // A start that failed may have left its end, until the kernel comes to clear the namespace away.
                try bridges.disconnect(endpoint.hostInterface)
            default: throw error
            }
        }
        try bridges.connect(process, to: interface, settings)
    }

    /// Has a container that runs already connected as it is to be: the engine before may have been killed while it came into a
    /// network or left one.
    ///
    /// - Parameters:
    ///   - id: The container.
    ///   - process: The number of the pidfd of its first process.
    /// - Throws: What the kernel refused.
    func mend(_ id: ObjectID, _ process: Int32) throws {
        let endpoints = state.withLock { $0.members[id]?.endpoints ?? [] }
        let inside = try NetlinkSocket(.route, inNetworkOf: process)
        let present = Set(try inside.addresses().map(\.prefix))
        let bridges = try state.withLock { try self.bridges(&$0) }
        for endpoint in endpoints {
            if endpoint.prefixes.allSatisfy({ present.contains($0) }) {
                let settings = endpoint.interfaceSettings
                try InterfaceSetting.apply(settings, to: endpoint.interface, inNetworkOf: process)
                continue
            }
            try bridges.disconnect(endpoint.hostInterface)
            try connect(endpoint, process)
        }
        guard endpoints.count > 1 || endpoints.allSatisfy(\.defaultGateways.isEmpty) else { return }
        for endpoint in endpoints {
            let stale = endpoint.gateways.filter { !endpoint.defaultGateways.contains($0) }.compactMap { IPAddress($0) }
            try bridges.removeGateways(stale, from: endpoint.interface, inNetworkOf: process)
        }
        for endpoint in endpoints {
            let gateways = endpoint.defaultGateways.compactMap { IPAddress($0) }
            try bridges.addGateways(gateways, to: endpoint.interface, inNetworkOf: process)
        }
    }

    /// Removes the ends of containers that are in a network no longer.
    func removeStrayEnds() throws {
        try state.withLock { state in
            let links = try route(&state).links()
            let masters = links.filter { link in
                state.networks.values.contains {
                    $0.definition.interface == link.name && $0.definition.presence == .bridge
                }
            }.map(\.index)
            let known = Set(state.members.values.flatMap(\.endpoints).map(\.hostInterface))
            for link in links where link.kind == "veth" && !known.contains(link.name) {
                guard let master = link.master, masters.contains(master), link.name.hasPrefix(Self.endPrefix) else {
                    continue
                }
                try bridges(&state).disconnect(link.name)
            }
        }
    }

    /// How the names of the ends of containers on the host begin.
    static let endPrefix = "wv-"

    private static func hostInterface(of endpoint: ObjectID) -> String { "\(endPrefix)\(endpoint.short)" }

    private static func openNames(_ process: Int32, _ slot: NetworkSlot?, isAside: Bool) throws -> DNSSockets {
        if let opened = slot?.takeNames(), !isAside { return opened }
        if isAside { return try DNSSockets.openAside(inNetworkOf: process) }
        return try DNSSockets.open(inNetworkOf: process)
    }

    /// Answers a container that runs already: the engine before did so.
    func serveNames(of id: ObjectID, _ process: Int32) throws {
        guard let member = state.withLock({ $0.members[id] }) else { return }
        let sockets =
            try member.nameSockets
            ?? SharedDNSSockets(
                Self.afterEngineBefore(whileRefusedBy: EADDRINUSE) {
                    try Self.openNames(process, nil, isAside: member.servesNames)
                }
            )
        let answers = try state.withLock { state -> (server: DNSServer, view: DNSView)? in
            guard let member = state.members[id] else { return nil }
            for endpoint in member.endpoints { state.addNames(of: endpoint) }
            let served = try serve(member, &state)
            state.members[id]?.served = served
            state.members[id]?.nameSockets = sockets
            return (try nameServer(&state), state.view(of: member))
        }
        guard let answers else { return }
        answers.server.serve(id.description, on: sockets, answers.view)
    }

    // MARK: At an end

    /// Takes back what a container had: its names and ports at once, its interfaces with its namespace.
    ///
    /// The kernel's memory of its connections is for ``forgetEndedConnections()``.
    ///
    /// - Returns: What it had; empty where it had nothing.
    @discardableResult
    func release(_ id: ObjectID) -> [ContainerEndpoint] {
        state.withLock { state in
            guard state.members[id] != nil else { return [] }
            disconnect(id, &state)
            let member = state.members.removeValue(forKey: id)
            release(member?.endpoints ?? [], of: id, &state)
            return member?.endpoints ?? []
        }
    }

    /// Takes a container's names and published ports back.
    private func disconnect(_ id: ObjectID, _ state: inout State) {
        guard let member = state.members[id], member.isConnected else { return }
        state.names?.end(id.description)
        for endpoint in member.endpoints { state.removeNames(of: endpoint) }
        state.members[id]?.published = []
        state.members[id]?.served = nil
        if let sockets = member.nameSockets { state.leaveBehind(sockets, of: member.endpoints) }
        state.members[id]?.nameSockets = nil
        state.members[id]?.isConnected = false
        unpublish(member.published, &state)
        if let token = member.served { state.proxy?.end(token) }
    }

    /// Takes addresses back.
    func release(_ endpoints: [ContainerEndpoint], of id: ObjectID, _ state: inout State) {
        for endpoint in endpoints {
            guard let network = ObjectID(endpoint.network) else { continue }
            state.networks[network]?.release(endpoint.prefixes.map(\.address), of: id)
        }
    }
}

extension Sequence<ContainerEndpoint> {
    /// The addresses that published ports lead to: those by which the container goes out to the world.
    var publishedAddresses: [IPAddress] {
        [true, false].compactMap { isV4 in
            let way = first { $0.defaultGateways.contains { IPAddress($0)?.isV4 == isV4 } }
            return way?.address(isV4: isV4)?.address
        }
    }
}

extension HostNetworks.State {
    /// Has a container have the addresses again that it has.
    ///
    /// - Returns: Why it has not all of them.
    fileprivate mutating func lease(again endpoints: [ContainerEndpoint], for container: ObjectID) -> [any Error] {
        var failures: [any Error] = []
        for endpoint in endpoints {
            guard let id = ObjectID(endpoint.network), var network = networks[id] else {
                failures.append(EngineError(.notFound, "network \(endpoint.networkName) not found"))
                continue
            }
            for prefix in endpoint.prefixes {
                for index in network.leases.indices where network.leases[index].subnet.contains(prefix.address) {
                    do { try network.leases[index].lease(prefix.address) } catch { failures.append(error) }
                }
            }
            network.members.insert(container)
            networks[id] = network
        }
        return failures
    }

    /// Whether an endpoint is at a bridge of the host.
    fileprivate func isAtBridge(_ endpoint: ContainerEndpoint) -> Bool {
        ObjectID(endpoint.network).flatMap { networks[$0] }?.definition.presence == .bridge
    }

    /// Chooses by which of its networks a container goes out to the world, one for each family.
    ///
    /// It is the one with the highest priority, and of several the first by name: Docker's rule. An internal network is none.
    func choosingGateways(_ endpoints: [ContainerEndpoint]) -> [ContainerEndpoint] {
        var result = endpoints
        for index in result.indices { result[index].defaultGateways = [] }
        for isV4 in [true, false] {
            let ways = result.indices.filter { index in
                let isInternal = ObjectID(result[index].network).flatMap { networks[$0] }?.definition.isInternal ?? true
                return !isInternal && result[index].address(isV4: isV4) != nil
                    && result[index].gateway(isV4: isV4) != nil
            }
            let best = ways.min { left, right in
                let (left, right) = (result[left], result[right])
                return (-left.gatewayPriority, left.networkName) < (-right.gatewayPriority, right.networkName)
            }
            guard let best, let gateway = result[best].gateway(isV4: isV4) else { continue }
            result[best].defaultGateways.append(gateway.description)
        }
        return result
    }
}
