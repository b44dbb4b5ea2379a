// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Networks
import Synchronization

extension HostNetworks {
    /// Says that networks are about to be removed, once their containers have ended.
    ///
    /// From now on a container that has all its networks among them leaves its network namespace behind, empty of processes,
    /// until the bridge is gone, which takes the interfaces of all containers with it. Else the kernel would take each namespace
    /// down by itself, with a lock that the removal of the bridge waits for, and on processors that the other containers'
    /// ends need.
    ///
    /// - Parameter references: The networks; those that are not there are left out.
    func expectRemoval(of references: [String]) {
        state.withLock { state in
            for reference in references {
                guard let id = (try? state.find(reference))?.id else { continue }
                if state.networks[id]?.leftBehind == nil { state.networks[id]?.leftBehind = [] }
            }
        }
    }

    /// Says that networks stay that are still there, whatever was said of them before.
    ///
    /// - Parameter references: The networks.
    func expectNoRemoval(of references: [String]) {
        // What containers have left behind is closed without the lock.
        _ = state.withLock { state in
            references.map { reference in (try? state.find(reference)).flatMap { state.keepsOn($0.id) } }
        }
    }

    // MARK: Removing

    /// Says that a network is to go, so that nobody comes into it any more.
    ///
    /// - Throws: `forbidden` where containers are in it.
    func beginRemoval(of id: ObjectID) throws(EngineError) {
        let refusal: EngineError? = state.withLock { state in
            guard let network = state.networks[id], !network.isRemoving else {
                return EngineError(.notFound, "network \(id) not found")
            }
            let members = network.members.compactMap { id in
                state.members[id].map { "name:\"\($0.name)\" id:\"\(id.short)\"" }
            }
            if !members.isEmpty {
                return EngineError(
                    .forbidden,
                    "error while removing network: network \(network.name) has active endpoints "
                        + "(\(members.sorted().joined(separator: ", ")))"
                )
            }
            state.networks[id]?.isRemoving = true
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Says that a network stays after all.
    func cancelRemoval(of id: ObjectID) {
        state.withLock { $0.networks[id]?.isRemoving = false }
    }

    /// Takes everything of a network off the host.
    func takeDown(_ id: ObjectID) throws {
        try withdraw(id)
        try removeInterface(of: id)
    }

    /// Takes everything of a network off the host but its interface.
    func withdraw(_ id: ObjectID) throws {
        try state.withLock { try withdraw(id, &$0) }
    }

    private func withdraw(_ id: ObjectID, _ state: inout State) throws {
        guard let network = state.networks[id] else { return }
        state.names?.define(id.description, nil)
        guard network.definition.presence == .bridge else {
            state.networks[id]?.isUp = false
            return
        }
        // The rules go first: as long as there is a bridge, the next engine knows that something is left.
        if network.isUp {
            let firewall = try firewall(&state)
            state.networks[id]?.isUp = false
            if state.networks.values.contains(where: { $0.isUpBridge }) {
                try firewall.remove(network.definition.firewalled)
            } else {
                // Without networks the host does what it did before.
                try Forwarding.disable(state.guarded, inNetworkOf: hostNumber)
                try noteGuard([])
                state.guarded = []
                try firewall.remove()
                state.firewall = nil
            }
        }
        // What stays of it in the tables of others is about a bridge that nobody has.
        try? ForeignFirewall(inNetworkOf: hostNumber).withdraw([network.definition.interface])
    }

    /// Removes the interface of a network that was withdrawn, where it was made for it; nobody else waits meanwhile.
    func removeInterface(of id: ObjectID) throws {
        guard let definition = state.withLock({ $0.networks[id]?.definition }) else { return }
        try removeInterface(of: definition)
    }

    private func removeInterface(of definition: NetworkDefinition) throws {
        switch definition.presence {
        case .nothing: break
        case .bridge:
            // One that was there before is its user's.
            if definition.makesInterface != false { try Bridges(inNetworkOf: hostNumber).remove(definition.interface) }
        case .parent:
            // A parent that was made for the network goes with it.
            if definition.makesInterface == true {
                try ParentLinks(inNetworkOf: hostNumber).release(definition.interface)
            }
        }
    }

    /// Takes a network off the host that no container is in, as long as nobody needs it.
    func takeDownIfUnused(_ id: ObjectID) throws {
        try state.withLock { state in
            guard let network = state.networks[id], network.isUp, network.members.isEmpty else { return }
            try withdraw(id, &state)
            // Nobody may come into it meanwhile.
            try removeInterface(of: network.definition)
        }
    }
}

extension HostNetworks.State {
    /// Has the namespace of a container that has ended last for as long as its networks, where they are about to go.
    mutating func leaveBehind(_ sockets: SharedDNSSockets, of endpoints: [ContainerEndpoint]) {
        let ids = endpoints.compactMap { ObjectID($0.network) }
        guard let first = ids.first, ids.allSatisfy({ networks[$0]?.leftBehind != nil }) else { return }
        networks[first]?.leftBehind?.append(sockets)
    }

    /// Says that a network stays after all.
    ///
    /// - Returns: What containers have left behind in it.
    mutating func keepsOn(_ id: ObjectID) -> [SharedDNSSockets]? {
        defer { networks[id]?.leftBehind = nil }
        return networks[id]?.leftBehind
    }
}
