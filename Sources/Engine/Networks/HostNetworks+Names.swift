// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Netlink
import Networks

extension HostNetworks.State {
    /// The names of the host for containers: Docker Desktop's, which compose files use, and ours.
    private static let hostNames = ["host.docker.internal", "host.wharf.internal"]

    /// Has a container be found in a network.
    mutating func addNames(of endpoint: ContainerEndpoint) {
        change(endpoint) { table, addresses, names in
            for address in addresses {
                for name in names { table.add(name, address) }
                if let first = names.first {
                    table.removeNames(of: address)
                    table.name(address, first)
                }
            }
        }
    }

    /// Has a container be found in a network no longer.
    mutating func removeNames(of endpoint: ContainerEndpoint) {
        change(endpoint) { table, addresses, names in
            for address in addresses {
                for name in names { table.remove(name, address) }
                table.removeNames(of: address)
            }
        }
    }

    /// Changes the names of a network, and tells the name server.
    private mutating func change(
        _ endpoint: ContainerEndpoint,
        _ body: (inout NameTable, [IPAddress], [DNSName]) -> Void
    ) {
        guard let id = ObjectID(endpoint.network), var network = networks[id] else { return }
        // What is asked of the network's addresses is asked nobody else.
        if network.names.isEmpty { for prefix in network.definition.prefixes { network.names.add(prefix.network) } }
        // The full name is what an address is called.
        let full = endpoint.names.map { "\($0).\(network.name)" }
        body(&network.names, endpoint.prefixes.map(\.address), (full + endpoint.names).compactMap { DNSName($0) })
        networks[id] = network
        names?.define(id.description, network.names)
    }

    /// What a container is answered with.
    func view(of member: HostNetworks.Member) -> DNSView {
        var own = NameTable()
        let ways = member.endpoints.flatMap(\.defaultGateways)
        let hosts = ways.isEmpty ? member.endpoints.first?.gateways ?? [] : ways
        for name in Self.hostNames.compactMap({ DNSName($0) }) {
            for host in hosts.compactMap({ IPAddress($0) }) { own.add(name, host) }
        }
        var view = DNSView(
            own,
            networks: member.endpoints.map(\.network),
            forwards: member.endpoints.contains { endpoint in
                ObjectID(endpoint.network).flatMap { networks[$0] }?.definition.isInternal == false
            },
            servers: member.servers
        )
        view.aliases = member.links
        return view
    }
}
