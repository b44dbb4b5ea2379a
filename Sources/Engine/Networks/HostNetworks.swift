// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Netlink
import Networks
import Synchronization

/// The networks of the engine as they are on the host: bridges, the firewall's rules, addresses, published ports and names.
///
/// Its calls wait for the kernel, each for a short time, and take turns. What it knows is in memory only: an engine that takes
/// over tells it again what the records say.
final class HostNetworks: Sendable {
    /// A network and who is in it.
    struct Network {
        var id: ObjectID
        var name: String
        var created: Timestamp
        var definition: NetworkDefinition
        /// The addresses of each family.
        var leases: [AddressLeases]
        /// The containers that have addresses in it.
        var members: Set<ObjectID> = []
        /// The addresses that containers had when they last left, the latest at the end.
        private(set) var former: [(container: ObjectID, addresses: [IPAddress])] = []
        var names = NameTable()
        /// Whether its bridge and its rules are there.
        var isUp = false
        /// Whether it is being removed, so that nobody may come.
        var isRemoving = false
        /// What keeps the namespaces of containers that have ended since it was said that it is to be removed soon; nil where
        /// that was not said.
        var leftBehind: [SharedDNSSockets]?

        /// Whether it is a bridge of the host, whose rules are in the table.
        var isUpBridge: Bool { isUp && definition.presence == .bridge }

        /// How many containers are remembered that are not in it any more.
        private static let formerCount = 1024

        /// Takes addresses back, which the container gets again when it comes back while they are free: who has looked its
        /// name up before still reaches it.
        mutating func release(_ addresses: [IPAddress], of container: ObjectID) {
            members.remove(container)
            for address in addresses {
                for index in leases.indices { leases[index].release(address) }
            }
            former.removeAll { $0.container == container }
            former.append((container, addresses))
            if former.count > Self.formerCount { former.removeFirst() }
        }
    }

    /// A container with networks, from before its start until after its end.
    struct Member {
        var name: String
        var endpoints: [ContainerEndpoint]
        /// The ports of the host that it has.
        var held = HeldMappings()
        /// What the firewall has of it.
        var published: [PublishedPort] = []
        /// Names that it alone has for other containers, with the names of these.
        var links: [DNSName: DNSName] = [:]
        /// Whom it has asked for names that are not ours; none: whom the host asks.
        var servers: [IPAddress] = []
        /// Whether its own program is to serve names, on the port where it is answered.
        var servesNames = false
        /// Where it is answered when it asks for names.
        var nameSockets: SharedDNSSockets?
        /// The network that it is to begin in; nil where it makes its own, or has begun.
        var slot: NetworkSlot?
        /// What the proxy has of it.
        var served: PortProxy.Token?
        var isConnected = false
    }

    /// Everything that changes, under one lock.
    struct State {
        var networks: [ObjectID: Network] = [:]
        var members: [ObjectID: Member] = [:]
        var route: NetlinkSocket?
        var bridges: Bridges?
        var firewall: Firewall?
        var names: DNSServer?
        var proxy: PortProxy?
        /// The addresses of containers that have ended, whose connections the kernel is to forget.
        var ended: [IPAddress] = []
        /// The size of packets on the way to the world when it was last asked for; 0 for none.
        var uplinkMTU: UInt32?
        /// What the host did not forward before there were networks.
        var guarded: IPVersions = []
        /// Whether the engine has ended, so that nothing is opened any more.
        var isClosed = false
    }

    /// Tells of what somebody else does to the networks; kept when there is the first one.
    let watch = Promise<NetworkWatch>()
    /// Writes down what the host did not forward before, before that is changed.
    let noteGuard: @Sendable (IPVersions) throws -> Void

    let state = Mutex(State())
    /// The network namespace in which all of it is; nil for that of the process.
    let host: SharedDescriptor?
    /// The name of the table of nftables.
    let tableName: String

    var hostNumber: Int32? { host?.number }

    /// - Parameters:
    ///   - tableName: The name of the table of nftables, another one for each engine.
    ///   - host: The network namespace of the host; nil for that of the process.
    ///   - noteGuard: Writes down what the host did not forward before.
    init(
        tableName: String,
        in host: SharedDescriptor?,
        noteGuard: @escaping @Sendable (IPVersions) throws -> Void
    ) {
        self.tableName = tableName
        self.host = host
        self.noteGuard = noteGuard
    }

    // MARK: Looking

    /// All networks but those that are being removed, by their names.
    var all: [Network] {
        state.withLock { $0.networks.values.filter { !$0.isRemoving }.sorted { $0.name < $1.name } }
    }

    /// The network that a text stands for.
    ///
    /// - Parameter reference: Its identifier, its name, or the start of the identifier.
    /// - Returns: The network.
    /// - Throws: `notFound`, or `badParameter` where several identifiers start so.
    func find(_ reference: String) throws(EngineError) -> Network {
        let result = state.withLock { state in Result { () throws(EngineError) in try state.find(reference) } }
        return try result.get()
    }

    /// The containers of a network with what they have in it, by their names.
    func members(of network: ObjectID) -> [(id: ObjectID, name: String, endpoint: ContainerEndpoint)] {
        state.withLock { state in
            state.members.flatMap { id, member in
                member.endpoints.filter { $0.network == network.description }.map { (id, member.name, $0) }
            }
        }.sorted { $0.name < $1.name }
    }

    // MARK: Networks

    /// Takes a network up that the records have, or are to have.
    ///
    /// - Throws: `conflict` where the name is taken, or `failed` where its addresses make no sense.
    func add(
        _ id: ObjectID,
        _ name: String,
        _ created: Timestamp,
        _ definition: NetworkDefinition
    ) throws(EngineError) {
        let leases: [AddressLeases]
        do {
            leases = try definition.leases()
        } catch {
            throw EngineError(.failed, "the network \(name) cannot be used: \(error)")
        }
        let isTaken = state.withLock { state in
            if state.networks.values.contains(where: { $0.name == name }) { return true }
            state.networks[id] = Network(id: id, name: name, created: created, definition: definition, leases: leases)
            return false
        }
        if isTaken { throw EngineError(.conflict, "network with name \(name) already exists") }
    }

    /// Forgets a network; nothing of it is on the host any more.
    func forget(_ id: ObjectID) {
        // What containers have left behind in it is closed without the lock.
        _ = state.withLock { $0.networks.removeValue(forKey: id) }
    }

    /// Has the bridge and the rules of a network there.
    func bringUp(_ id: ObjectID) throws {
        try state.withLock { try bringUp(id, &$0) }
    }

    func bringUp(_ id: ObjectID, _ state: inout State) throws {
        guard let network = state.networks[id], !network.isUp else { return }
        switch network.definition.presence {
        case .nothing: return
        case .bridge:
            let bridges = try bridges(&state)
            let firewall = try firewall(&state)
            try enableForwarding(ipv6: network.definition.hasIPv6, firewall, &state)
            // It may have changed since the last network.
            state.uplinkMTU = nil
            try makeBridge(of: network, &state)
            do {
                try firewall.add(network.definition.firewalled)
            } catch {
                if network.definition.makesInterface != false { try? bridges.remove(network.definition.interface) }
                throw error
            }
            try watch(firewall)
        case .parent:
            let parents = try ParentLinks(inNetworkOf: hostNumber)
            if network.definition.standsAlone {
                try parents.prepareAlone(network.definition.interface)
            } else {
                try parents.prepare(network.definition.interface)
            }
        }
        state.networks[id]?.isUp = true
    }

    /// Has the host pass on what goes to containers and comes from them, and nothing that it did not pass on before.
    private func enableForwarding(ipv6: Bool, _ firewall: Firewall, _ state: inout State) throws {
        let missing = try Forwarding.missing(inNetworkOf: hostNumber, ipv6: ipv6)
        if missing.isEmpty { return }
        let guarded = state.guarded.union(missing)
        try noteGuard(guarded)
        try firewall.guardForwarding(of: guarded)
        state.guarded = guarded
        let own = Set(state.networks.values.map(\.definition.interface))
        try Forwarding.enable(inNetworkOf: hostNumber, ipv6: ipv6, except: own)
    }

    /// Begins to hear of what others do to bridges and rules.
    private func watch(_ firewall: Firewall) throws {
        guard watch.current == nil else { return }
        watch.keep(try NetworkWatch(inNetworkOf: hostNumber, ignoring: [firewall.port]))
    }

    // MARK: At the start of an engine

    /// Looks which networks are there already, and has those that containers use as they are to be.
    ///
    /// - Parameter guarded: What the host did not forward before there were networks.
    /// - Throws: What the kernel refused.
    func takeOver(guarded: IPVersions) throws {
        try state.withLock { state in
            state.guarded = guarded
            guard !state.networks.isEmpty else { return }
            let links = Set(try route(&state).links().map(\.name))
            for (id, network) in state.networks where network.definition.presence == .bridge {
                state.networks[id]?.isUp = links.contains(network.definition.interface)
            }
            let used = state.networks.values.filter { !$0.members.isEmpty }
            if used.isEmpty { return }
            // What is missing, or was changed, is made good.
            for network in used where network.definition.presence == .bridge {
                try repairBridge(of: network, &state)
                state.networks[network.id]?.isUp = true
            }
            try watch(try firewall(&state))
        }
    }

    /// Makes the bridge of a network, or has one that is there as it is to be.
    private func makeBridge(of network: Network, _ state: inout State) throws {
        let mtu = try network.definition.mtu ?? uplinkMTU(&state)
        try bridges(&state).make(
            BridgeSettings(
                network.definition.interface,
                gateways: network.definition.gateways,
                mtu: mtu,
                hardwareAddress: Self.bridgeAddress(network.id)
            )
        )
    }

    /// Makes the bridge of a network again, with the ends of its containers.
    func repairBridge(of network: Network, _ state: inout State) throws {
        try makeBridge(of: network, &state)
        let bridges = try bridges(&state)
        for member in state.members.values {
            for endpoint in member.endpoints where endpoint.network == network.id.description {
                try bridges.attach(
                    endpoint.hostInterface,
                    to: network.definition.interface,
                    isIsolated: network.definition.isolatesContainers
                )
            }
        }
    }

    /// Makes good what somebody else has taken from networks that containers use: bridges, and with them the connections of
    /// containers; and the firewall's table where the kernel lets others change it.
    ///
    /// - Returns: The names of the networks that were mended.
    /// - Throws: What the kernel refused.
    func repair() throws -> [String] {
        try state.withLock { state in
            let links = try route(&state).links()
            var mended: [String] = []
            for network in state.networks.values where network.isUpBridge {
                let bridge = links.first { $0.name == network.definition.interface }
                let own = state.members.values.flatMap(\.endpoints).filter { $0.network == network.id.description }
                let isWhole = own.allSatisfy { endpoint in
                    links.first { $0.name == endpoint.hostInterface }.map { $0.master == bridge?.index } ?? true
                }
                if bridge?.isUp == true, isWhole { continue }
                try repairBridge(of: network, &state)
                mended.append(network.name)
            }
            return mended.sorted()
        }
    }

    /// Makes the table anew where somebody else has emptied it or taken it away, which only an older kernel lets them.
    func repairRules(_ table: Table) throws {
        try state.withLock { state in
            guard table.name == tableName, state.firewall != nil else { return }
            let present = Set(try Firewall.bridges(ofTablesNamed: tableName, inNetworkOf: hostNumber))
            let own = state.networks.values.filter { $0.isUpBridge }
            if own.allSatisfy({ present.contains($0.definition.interface) }) { return }
            state.firewall = nil
            _ = try firewall(&state)
        }
    }

    /// Whether an interface is one of those that are mended.
    func isBridge(_ name: String) -> Bool {
        state.withLock { state in
            state.networks.values.contains {
                $0.isUpBridge && $0.definition.interface == name
            }
        }
    }

    /// Has the firewalls of others let containers through, as far as they have a place for that.
    func passForeignFirewalls() throws {
        let bridges = state.withLock { state in
            state.networks.values.filter { $0.isUpBridge }.map(\.definition.interface)
        }
        if !bridges.isEmpty { try ForeignFirewall(inNetworkOf: hostNumber).allow(bridges.sorted()) }
    }

    // MARK: At the end of an engine

    /// Lets go of all that only one engine can have, and leaves the networks as they are.
    ///
    /// That is the table of nftables, the ports of the host, and the sockets by which containers ask for names. When this
    /// returns the next engine can have them, and nothing here takes them again.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.names?.stop()
            state.names = nil
            state.proxy?.stop()
            state.proxy = nil
            state.firewall = nil
            for id in state.members.keys {
                state.members[id]?.held.ports = []
                state.members[id]?.nameSockets = nil
            }
        }
    }

    // MARK: Parts

    func route(_ state: inout State) throws -> NetlinkSocket {
        if let route = state.route { return route }
        let opened = try NetlinkSocket(.route, inNetworkOf: hostNumber)
        state.route = opened
        return opened
    }

    func bridges(_ state: inout State) throws -> Bridges {
        if let bridges = state.bridges { return bridges }
        let opened = try Bridges(inNetworkOf: hostNumber)
        state.bridges = opened
        return opened
    }

    /// The firewall; the first call gives the table everything that is there.
    func firewall(_ state: inout State) throws -> Firewall {
        if let firewall = state.firewall { return firewall }
        try state.checkIsOpen()
        let networks = state.networks.values.filter { $0.isUpBridge }
        let ports = state.members.values.flatMap(\.published)
        let guarded = state.guarded
        // Another process has the table as long as its socket is open (nft(8), flag `owner`).
        let opened = try Self.afterEngineBefore(whileRefusedBy: EPERM) {
            try Firewall(
                named: tableName,
                networks.map(\.definition.firewalled),
                ports,
                inNetworkOf: hostNumber,
                guardsForwarding: guarded
            )
        }
        state.firewall = opened
        return opened
    }

    /// Opens what the engine before may have for a moment yet: it is on its way out, or a process that it has begun has not come
    /// to run its program and has all that was open.
    static func afterEngineBefore<Opened: ~Copyable>(
        whileRefusedBy number: Int32,
        _ open: () throws -> Opened
    ) throws -> Opened {
        var attempts = 40
        while true {
            do {
                return try open()
            } catch {
                attempts -= 1
                let refusal = (error as? NetlinkError)?.number ?? (error as? SystemError)?.number
                guard attempts > 0, refusal == number else { throw error }
                poll(nil, 0, 25)
            }
        }
    }

    func proxy(_ state: inout State) throws -> PortProxy {
        if let proxy = state.proxy { return proxy }
        try state.checkIsOpen()
        let opened = try PortProxy(inNetworkOf: hostNumber)
        state.proxy = opened
        return opened
    }

    func nameServer(_ state: inout State) throws -> DNSServer {
        if let names = state.names { return names }
        try state.checkIsOpen()
        let opened = try DNSServer()
        for network in state.networks.values where !network.members.isEmpty {
            opened.define(network.id.description, network.names)
        }
        state.names = opened
        return opened
    }

    /// The names of the host's interfaces.
    func interfaces() throws -> Set<String> {
        try state.withLock { Set(try route(&$0).links().map(\.name)) }
    }

    /// What the host reaches, which new networks keep away from: its routes and addresses, and the subnets of all networks.
    func reachedPrefixes() throws -> [IPPrefix] {
        try state.withLock { state in
            let networks = state.networks.values.filter { $0.definition.presence != .nothing }
            return try ReachedPrefixes.of(route(&state)) + networks.flatMap(\.definition.prefixes)
        }
    }

    /// The size of packets on the way to the world; nil where there is no such way.
    func uplinkMTU(_ state: inout State) throws -> UInt32? {
        if let known = state.uplinkMTU { return known == 0 ? nil : known }
        let found = try findUplinkMTU(&state)
        state.uplinkMTU = found ?? 0
        return found
    }

    private func findUplinkMTU(_ state: inout State) throws -> UInt32? {
        let socket = try route(&state)
        let ways = try socket.routes().filter { $0.destination.length == 0 && $0.interface != nil }
        let best = ways.min {
            ($0.destination.address.isV4 ? 0 : 1, $0.metric ?? 0) < (
                $1.destination.address.isV4 ? 0 : 1, $1.metric ?? 0
            )
        }
        guard let index = best?.interface else { return nil }
        // A bridge takes no larger packets than Ethernet's unless it is told to, and loopback is no measure.
        return try socket.link(index).map { min($0.mtu, 65_535) }
    }

    /// The address of a bridge, the same each time that it is made: administered locally (IEEE 802, section 8.4).
    private static func bridgeAddress(_ id: ObjectID) -> HardwareAddress {
        let digits = Array(id.description.utf8.prefix(10))
        let bytes = stride(from: 0, to: 10, by: 2).map { place in
            UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16) ?? 0
        }
        return HardwareAddress([0x02] + bytes)
    }
}

/// A port of the host that several may hold on to.
final class SharedHeldPort: Sendable {
    let port: HeldPort

    init(_ port: consuming HeldPort) {
        self.port = port
    }
}

extension HostNetworks.State {
    func checkIsOpen() throws(EngineError) {
        if isClosed { throw EngineError(.failed, "the engine has ended; the next one connects the container again") }
    }

    /// The network that a text stands for, of those that stay.
    func find(_ reference: String) throws(EngineError) -> HostNetworks.Network {
        if let id = ObjectID(reference), let network = networks[id], !network.isRemoving { return network }
        let present = networks.values.filter { !$0.isRemoving }
        if let network = present.first(where: { $0.name == reference }) { return network }
        let found = ObjectID.isPrefix(reference) ? present.filter { $0.id.description.hasPrefix(reference) } : []
        guard let network = found.first else { throw EngineError(.notFound, "network \(reference) not found") }
        if found.count > 1 {
            throw EngineError(.badParameter, "network \(reference) is ambiguous (\(found.count) matches found on ID)")
        }
        return network
    }
}
