// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Netlink
import Networks
import Synchronization

/// What changes while a container runs.
extension HostNetworks {
    /// Has a container that runs in one more network.
    ///
    /// - Parameters:
    ///   - attached: The network.
    ///   - container: The container.
    ///   - process: The number of the pidfd of its first process.
    ///   - commit: Called with what it has from then on, and with the ports of the host, before anything of it is done.
    /// - Throws: Why it does not come into the network, or the port that is in use; nothing is changed then.
    func join(
        _ attached: AttachedNetwork,
        _ container: NetworkedContainer,
        _ process: Int32,
        _ commit: ([ContainerEndpoint], [PortMapping]) throws -> Void
    ) throws {
        let (before, endpoint, had) = try state.withLock { state in
            let before = state.members[container.id]?.endpoints ?? []
            let had = state.members[container.id]?.held ?? HeldMappings()
            return (before, try lease(attached, for: container, beside: before, &state), had)
        }
        let after = state.withLock { $0.choosingGateways(before + [endpoint]) }
        let held: HeldMappings
        do {
            // With the first network that is not internal there is somewhere for them to lead to.
            held = before.publishedAddresses.isEmpty ? try hold(container.ports, for: container, after) : had
            try commit(after, held.mappings.runs)
            // Routes come with the others, when the interface is there.
            var plain = endpoint
            plain.defaultGateways = []
            try connect(plain, process)
        } catch {
            state.withLock { release([endpoint], of: container.id, &$0) }
            throw error
        }
        try settle(container.id, from: before, to: after, held, process)
    }

    /// Takes a container that runs out of a network.
    ///
    /// - Parameters:
    ///   - endpoint: What it has in the network.
    ///   - id: The container.
    ///   - process: The number of the pidfd of its first process.
    ///   - commit: Called with what it has from then on, and with the ports of the host, before anything of it is done.
    /// - Throws: What the kernel refused.
    func leave(
        _ endpoint: ContainerEndpoint,
        _ id: ObjectID,
        _ process: Int32,
        _ commit: ([ContainerEndpoint], [PortMapping]) throws -> Void
    ) throws {
        let (before, had) = state.withLock { ($0.members[id]?.endpoints ?? [], $0.members[id]?.held ?? HeldMappings()) }
        let after = state.withLock { $0.choosingGateways(before.filter { $0.id != endpoint.id }) }
        // They lead nowhere any more, and others may have them.
        let held = after.publishedAddresses.isEmpty ? HeldMappings() : had
        try commit(after, held.mappings.runs)
        try disconnect(endpoint, process)
        state.withLock { state in
            state.removeNames(of: endpoint)
            release([endpoint], of: id, &state)
        }
        try settle(id, from: before.filter { $0.id != endpoint.id }, to: after, held, process)
    }

    /// Has a container that runs be found by another name.
    ///
    /// - Parameter container: The container, with its new name.
    /// - Returns: What it has in its networks.
    func rename(_ container: NetworkedContainer) -> [ContainerEndpoint] {
        state.withLock { state in
            guard var member = state.members[container.id] else { return [] }
            for endpoint in member.endpoints where member.isConnected { state.removeNames(of: endpoint) }
            member.name = container.name
            for (index, endpoint) in member.endpoints.enumerated() {
                guard let network = ObjectID(endpoint.network).flatMap({ state.networks[$0] }) else { continue }
                let attached = container.networks.first { network.isMeant(by: $0.reference) }
                member.endpoints[index].names = Self.names(of: container, attached?.wishes ?? NetworkEndpoint())
            }
            state.members[container.id] = member
            for endpoint in member.endpoints where member.isConnected { state.addNames(of: endpoint) }
            return member.endpoints
        }
    }

    /// Has the routes, the published ports and the names of a container follow a change of its networks.
    private func settle(
        _ id: ObjectID,
        from before: [ContainerEndpoint],
        to after: [ContainerEndpoint],
        _ held: HeldMappings,
        _ process: Int32
    ) throws {
        let bridges = try state.withLock { try self.bridges(&$0) }
        for endpoint in after {
            let old = before.first { $0.id == endpoint.id }?.defaultGateways ?? []
            let gone = old.filter { !endpoint.defaultGateways.contains($0) }.compactMap { IPAddress($0) }
            if !gone.isEmpty { try bridges.removeGateways(gone, from: endpoint.interface, inNetworkOf: process) }
        }
        for endpoint in after {
            let old = before.first { $0.id == endpoint.id }?.defaultGateways ?? []
            let new = endpoint.defaultGateways.filter { !old.contains($0) }.compactMap { IPAddress($0) }
            if !new.isEmpty { try bridges.addGateways(new, to: endpoint.interface, inNetworkOf: process) }
        }
        try state.withLock { state in
            guard var member = state.members[id] else { return }
            member.endpoints = after
            member.isConnected = true
            let isOther = member.held.mappings != held.mappings
            let wanted = held.mappings.published(to: after.publishedAddresses)
            member.held = held
            if wanted != member.published || isOther {
                unpublish(member.published, &state)
                if !wanted.isEmpty { try firewall(&state).publish(wanted) }
                member.published = wanted
                if let token = member.served { state.proxy?.end(token) }
                member.served = try serve(member, &state)
            }
            state.members[id] = member
            for endpoint in after { state.addNames(of: endpoint) }
            state.names?.update(id.description, state.view(of: member))
        }
        if !held.mappings.isEmpty, before.publishedAddresses.isEmpty { try forgetConnections(of: held.mappings) }
    }
}
