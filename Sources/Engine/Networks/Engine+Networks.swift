// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import JSONTree
import Linux
import Netlink
import Networks
import Store
import Synchronization

extension Engine {
    /// The networks, by their names.
    ///
    /// - Parameter filters: `name` as a part of it, `id` as its start, `label`, `driver`, `scope`, `type` and `dangling`.
    /// - Returns: Those that fit, without their containers.
    /// - Throws: `badParameter` for other filters.
    package func listNetworks(_ filters: Filters) async throws -> [NetworkInspection] {
        let query = try NetworkQuery(filters)
        let all = NetworkInspection.builtin + [standardNetwork] + userNetworks.map(\.inspection)
        return all.filter { network in
            query.accepts(network, isUsed: ObjectID(network.id).map { isInUse($0) } ?? false)
        }.sorted { $0.name < $1.name }
    }

    /// A network with the containers that run in it.
    ///
    /// - Parameter reference: Its identifier, its name, or the start of the identifier.
    /// - Returns: The network.
    /// - Throws: `notFound`, or `badParameter` where several identifiers start so.
    package func inspectNetwork(_ reference: String) async throws -> NetworkInspection {
        var found = try findNetwork(reference)
        guard let id = ObjectID(found.id) else { return found }
        for (container, name, endpoint) in networks.members(of: id) {
            found.containers[container.description] = endpoint.member(named: name)
        }
        return found
    }

    private func findNetwork(_ reference: String) throws(EngineError) -> NetworkInspection {
        let fixed = NetworkInspection.builtin + [standardNetwork]
        if let found = fixed.first(where: { $0.name == reference || $0.id == reference }) { return found }
        let matches = ObjectID.isPrefix(reference) ? fixed.filter { $0.id.hasPrefix(reference) } : []
        if let found = matches.first, matches.count == 1, (try? networks.find(reference)) == nil { return found }
        return try networks.find(reference).inspection
    }

    /// Makes a network.
    ///
    /// - Throws: `badParameter` with the field, or `conflict` where the name or the subnet is taken.
    package func createNetwork(_ request: NetworkCreateRequest) async throws -> NetworkCreateResponse {
        var generator = SystemRandomNumberGenerator()
        let id = ObjectID(using: &generator)
        try await networkGate.run {
            // What it is made of stays as long as the gate is held.
            let (complete, configuration) = try completed(request)
            var definition = try NetworkChecker.settle(complete, id: id)
            definition.configuration = configuration
            try await make(id, request.name, definition)
        }
        var response = NetworkCreateResponse()
        response.id = id.description
        return response
    }

    /// Makes a network; the caller has the gate.
    private func make(_ id: ObjectID, _ name: String, _ wanted: NetworkDefinition) async throws {
        var definition = wanted
        if wanted.isConfiguration != true {
            definition = try await choosingSubnets(of: wanted, name)
            try await checkInterface(of: &definition, name)
        }
        let created = Timestamp.now
        // The records have it as one that is to go until it is there, so that an engine after this one takes it back.
        let record = NetworkRecord(
            id: id.description,
            name: name,
            created: UnixTime(created),
            configuration: try JSON.encode(definition),
            isRemoving: true
        )
        try networks.add(id, name, created, definition)
        do {
            try store.write(.process) { try $0.add(record) }
            let networks = networks
            try await BlockingCall.run { try networks.bringUp(id) }
            await passForeignFirewalls()
            try tellNetwork("create", id, name, definition) { try $0.setIsRemoving(false, ofNetwork: id.description) }
        } catch {
            try? await BlockingCall.run { [networks] in try networks.takeDown(id) }
            networks.forget(id)
            try? store.write(.process) { try $0.removeNetwork(id.description) }
            throw EngineError(network: error, "make the network \(name)")
        }
    }

    /// Finds out whether the interface of a network is there already: then it stays when the network goes.
    private func checkInterface(of definition: inout NetworkDefinition, _ name: String) async throws {
        let (interface, isBridge) = (definition.interface, definition.driver == .bridge)
        let isNamed = !isBridge || definition.options[NetworkDefinition.Option.bridgeName]?.isEmpty == false
        guard isNamed else { return }
        let other = networks.all.first { other in
            other.definition.presence != .nothing && other.definition.interface == interface
                && (isBridge || other.definition.driver == .bridge)
        }
        if let other {
            throw EngineError(
                .forbidden,
                "cannot make the network \(name): the interface \(interface) belongs to the network \(other.name) already; name "
                    + "another one"
            )
        }
        let links = try await BlockingCall.run { [networks] in try networks.interfaces() }
        definition.makesInterface = !links.contains(interface)
    }

    /// Removes a network.
    ///
    /// - Throws: `notFound`, or `forbidden` where containers are in it, or where every engine has it.
    package func removeNetwork(_ reference: String) async throws {
        try await networkGate.run { try await remove(removableNetwork(reference)) }
    }

    /// Removes a network, and returns as soon as nobody can find or use it any more: its interface goes while nobody waits.
    ///
    /// The kernel needs most of a millisecond for each container that was at a bridge. Whoever makes or removes another network
    /// has to wait for that.
    ///
    /// - Throws: `notFound`, or `forbidden` where containers are in it, or where every engine has it.
    func removeNetworkFromSight(_ reference: String) async throws {
        let withdrawal = Promise<Result<Void, any Error>>()
        background.add { [self] in
            do {
                try await networkGate.run {
                    let network = try removableNetwork(reference)
                    try await withdraw(network)
                    withdrawal.keep(.success(()))
                    try await finishRemoval(of: network)
                }
            } catch {
                if withdrawal.current != nil { report("cannot remove what is left of the network \(reference)", error) }
                withdrawal.keep(.failure(error))
            }
        }
        try await withdrawal.value().get()
    }

    /// The network that a text stands for, where it may be removed.
    private func removableNetwork(_ reference: String) throws -> HostNetworks.Network {
        if NetworkChecker.reserved.contains(reference), reference != "default" {
            throw EngineError(.forbidden, "\(reference) is a pre-defined network and cannot be removed")
        }
        let network = try networks.find(reference)
        if network.id == Self.standardNetworkID {
            throw EngineError(.forbidden, "\(network.name) is a pre-defined network and cannot be removed")
        }
        try checkIsNoSource(network)
        return network
    }

    /// Removes a network; the caller has the gate.
    private func remove(_ network: HostNetworks.Network) async throws {
        try await withdraw(network)
        try await finishRemoval(of: network)
    }

    /// Has nobody find or use a network any more.
    private func withdraw(_ network: HostNetworks.Network) async throws {
        try networks.beginRemoval(of: network.id)
        try await orKeeping(network) {
            try store.write(.process) { try $0.setIsRemoving(true, ofNetwork: network.id.description) }
            try await BlockingCall.run { [networks] in try networks.withdraw(network.id) }
        }
    }

    /// Removes what is left of a network on the host, and its record.
    private func finishRemoval(of network: HostNetworks.Network) async throws {
        try await orKeeping(network) {
            try await BlockingCall.run { [networks] in try networks.removeInterface(of: network.id) }
            try tellNetwork("destroy", network.id, network.name, network.definition) {
                try $0.removeNetwork(network.id.description)
            }
            networks.forget(network.id)
        }
    }

    /// Has a network stay where it cannot be removed: it goes when the engine starts the next time, or when somebody asks again.
    private func orKeeping(_ network: HostNetworks.Network, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            networks.cancelRemoval(of: network.id)
            throw EngineError(network: error, "remove the network \(network.name)")
        }
    }

    /// Removes the networks that no container uses; the filters are `until` and `label`.
    package func pruneNetworks(_ filters: Filters) async throws -> NetworksPruned {
        let query = try PruneQuery(filters, now: .now)
        var answer = NetworksPruned()
        var deleted: [String] = []
        try await networkGate.run {
            for network in userNetworks where !isInUse(network.id) && network.definition.isConfiguration != true {
                guard query.accepts(created: network.created, labels: network.definition.labels) else { continue }
                do {
                    try await remove(network)
                } catch let error as EngineError where error.code == .forbidden || error.code == .notFound {
                    // A container came into it in the meantime.
                    continue
                }
                deleted.append(network.name)
            }
        }
        if !deleted.isEmpty { answer.networksDeleted = deleted }
        emit("network", "prune", id: "", attributes: ["reclaimed": "0"])
        return answer
    }

    // MARK: Subnets

    /// Gives a network the subnets that it was not given, and checks those that it was.
    private func choosingSubnets(of wanted: NetworkDefinition, _ name: String) async throws -> NetworkDefinition {
        let networks = networks
        var taken = try await BlockingCall.run { try networks.reachedPrefixes() }
        let others = networks.all.filter { $0.definition.presence != .nothing }.map {
            (name: $0.name, prefixes: $0.definition.prefixes)
        }
        for prefix in wanted.prefixes {
            if let other = others.first(where: { $0.prefixes.contains { $0.overlaps(prefix) } }) {
                throw EngineError(
                    .forbidden,
                    "cannot make the network \(name): Pool overlaps with other one on this address space: \(prefix) shares "
                        + "addresses with the network \(other.name); choose another subnet"
                )
            }
        }
        taken += wanted.prefixes
        var definition = wanted
        for isV4 in [true, false] where isV4 ? wanted.hasIPv4 : wanted.hasIPv6 {
            if wanted.prefixes.contains(where: { $0.address.isV4 == isV4 }) { continue }
            do {
                let pool = isV4 ? subnets : .uniqueLocal(try siteIdentifier())
                let subnet = try pool.subnet(avoiding: taken)
                taken.append(subnet)
                definition.subnets.append(
                    NetworkDefinition.Subnet(
                        prefix: subnet.description,
                        range: nil,
                        gateway: try AddressLeases(subnet: subnet).gateway.description,
                        auxiliary: nil,
                        isChosen: true
                    )
                )
            } catch let error as AddressError {
                throw EngineError(.failed, "cannot make the network \(name): \(error)")
            }
        }
        return definition
    }

    /// The random number of the engine's addresses of IPv6, the same for all its networks (RFC 4193, section 3.2.2).
    private func siteIdentifier() throws -> UInt64 {
        let key = "ipv6-site"
        return try store.write(.process) { writer in
            if let text = try writer.reader.setting(key), let number = UInt64(text, radix: 16) { return number }
            let number = UInt64.random(in: 0..<(1 << 40))
            try writer.setSetting(key, to: String(number, radix: 16))
            return number
        }
    }

    // MARK: The network of every engine

    /// The identifier of the network of containers that name none: the same in every engine, the letters of its name.
    static let standardNetworkID: ObjectID = {
        let text = "627269646765" + String(repeating: "0", count: 52)
        guard let id = ObjectID(text) else { preconditionFailure("\(text) is no identifier") }
        return id
    }()

    static let standardNetworkName = "bridge"

    /// How the network of every engine is told, whether it was needed yet or not.
    private var standardNetwork: NetworkInspection {
        if let network = try? networks.find(Self.standardNetworkID.description) { return network.inspection }
        var inspection = NetworkInspection()
        inspection.name = Self.standardNetworkName
        inspection.id = Self.standardNetworkID.description
        inspection.driver = "bridge"
        inspection.created = started
        return inspection
    }

    /// Has the network of containers that name none.
    func obtainStandardNetwork() async throws {
        let id = Self.standardNetworkID
        if (try? networks.find(id.description)) != nil { return }
        try await networkGate.run {
            if (try? networks.find(id.description)) != nil { return }
            var definition = NetworkDefinition()
            // Another one for each engine of the machine.
            definition.interface = "wh-\(Self.groupName(of: location.data).prefix(12))"
            try await make(id, Self.standardNetworkName, definition)
        }
    }

    private var userNetworks: [HostNetworks.Network] { networks.all.filter { $0.id != Self.standardNetworkID } }

    /// Whether a container that runs is in a network.
    private func isInUse(_ id: ObjectID) -> Bool { !networks.members(of: id).isEmpty }

    // MARK: Others on the host

    /// Under which key the records have what the host did not forward before there were networks.
    static let guardKey = "forwarding-guard"

    private func passForeignFirewalls() async {
        do {
            try await BlockingCall.run { [networks] in try networks.passForeignFirewalls() }
        } catch {
            report("cannot have another firewall let containers through; `wharf doctor` says more", error)
        }
    }

    /// Has the kernel forget the connections of a container that has ended, with those of others that end at about this time.
    ///
    /// Nobody waits for that: the addresses rest for a while, and published ports are seen to when they are published.
    func forgetConnections(to endpoints: [ContainerEndpoint]) {
        guard networks.noteEnded(endpoints) else { return }
        background.add { [weak self, networks] in
            // The kernel goes through a table of all connections for it.
            try? await Task.sleep(for: .seconds(1))
            do {
                try await BlockingCall.run { try networks.forgetEndedConnections() }
            } catch {
                self?.report("cannot have the kernel forget the connections of containers that have ended", error)
            }
        }
    }

    /// Makes good what others do to bridges and rules, as soon as they have done it.
    func watchNetworks() async {
        guard let watch = try? await networks.watch.value() else { return }
        for await change in watch.changes {
            if Task.isCancelled { return }
            switch change {
            case .linkGone(let name): if networks.isBridge(name) { await repairNetworks() }
            case .table(let table):
                do {
                    try await BlockingCall.run { [networks] in try networks.repairRules(table) }
                } catch {
                    report("cannot make the rules of networks anew", error)
                }
                await passForeignFirewalls()
            case .unknown: await repairNetworks()
            }
        }
    }

    private func repairNetworks() async {
        do {
            let mended = try await BlockingCall.run { [networks] in try networks.repair() }
            for name in mended { note("the bridge of the network \(name) was taken away; it is there again") }
        } catch {
            report("cannot mend the bridges of networks", error)
        }
    }

    // MARK: Telling

    /// Tells of a change of a network, with the change of the records: either both are done or neither.
    private func tellNetwork(
        _ action: String,
        _ id: ObjectID,
        _ name: String,
        _ definition: NetworkDefinition,
        _ change: (StoreWriter) throws -> Void
    ) throws {
        let attributes = ["name": name, "type": definition.driverName]
        // It outlives the machine: whoever has made it counts on it.
        try hub.publish(
            "network",
            action,
            id: id.description,
            attributes: attributes,
            durability: id == Self.standardNetworkID ? .process : .machine,
            with: change
        )
    }

    /// Tells that a container came into networks, or has left them.
    func tellNetworks(_ action: String, of id: ObjectID, _ endpoints: [ContainerEndpoint]) {
        for endpoint in endpoints {
            let driver = ObjectID(endpoint.network).flatMap { try? networks.find($0.description) }?.definition.driver
            emit(
                "network",
                action,
                id: endpoint.network,
                attributes: [
                    "container": id.description, "name": endpoint.networkName, "type": (driver ?? .bridge).rawValue,
                ]
            )
        }
    }

    // MARK: At the start

    /// Takes the records of networks up; one that cannot be read is told of and left as it is, with its bridge.
    ///
    /// - Returns: Those that are to be removed.
    func registerNetworks() throws -> [ObjectID] {
        let listing = try store.read { try $0.networks() }
        for record in listing.unreadable {
            report("cannot take over a network", StoreError(.unreadableRecord, "\(record)"))
        }
        var leaving: [ObjectID] = []
        for record in listing.records {
            do {
                guard let id = ObjectID(record.id) else { throw EngineError(.failed, "its identifier is malformed") }
                let definition = try JSON.decode(NetworkDefinition.self, from: record.configuration)
                if definition.presence != .nothing { try NetworkChecker.check(interface: definition.interface) }
                try networks.add(id, record.name, Timestamp(record.created), definition)
                if record.isRemoving { leaving.append(id) }
            } catch {
                report("cannot take over the network \(record.name), whose record is left as it is", error)
            }
        }
        return leaving
    }

    /// Has networks as they are to be, once it is known which containers run.
    ///
    /// - Parameters:
    ///   - leaving: The networks that the engine before was removing, or had not made yet.
    ///   - isNewBoot: Whether the machine was started anew since: then it forwards what its own settings say.
    func takeOverNetworks(_ leaving: [ObjectID], isNewBoot: Bool) async {
        for unit in containers.all { await unit.adoptNetworks() }
        do {
            let guarded = try store.read { try $0.setting(Self.guardKey) }.flatMap { UInt8($0) } ?? 0
            let before = isNewBoot ? [] : IPVersions(rawValue: guarded)
            try await BlockingCall.run { [networks] in try networks.takeOver(guarded: before) }
        } catch {
            report("cannot take over the networks of containers", error)
        }
        for unit in containers.all { await unit.restoreNetworks() }
        // A container whose record cannot be read may run, and keeps what it has.
        if unreadable.withLock(\.isEmpty) { await removeStrayEnds() }
        await finishRemovals(of: leaving)
    }

    private func removeStrayEnds() async {
        do {
            try await BlockingCall.run { [networks] in try networks.removeStrayEnds() }
        } catch {
            report("cannot remove what is left of containers in networks", error)
        }
    }

    private func finishRemovals(of leaving: [ObjectID]) async {
        for id in leaving {
            guard let network = try? networks.find(id.description) else { continue }
            do {
                try await networkGate.run { try await remove(network) }
            } catch {
                report("cannot remove the network \(network.name), which is tried again when the engine starts", error)
            }
        }
    }
}

extension EngineError {
    /// What is told where the kernel or the records were in the way of a change of networks.
    init(network error: any Error, _ action: String) {
        switch error {
        case let error as EngineError: self = error
        case let error as StoreError: self.init(.failed, "cannot \(action): \(error)")
        default: self.init(.failed, "cannot \(action): \(error)")
        }
    }
}
