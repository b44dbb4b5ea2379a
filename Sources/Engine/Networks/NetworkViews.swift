// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Netlink

extension HostNetworks.Network {
    /// The network as lists and inspections tell it, without its containers.
    var inspection: NetworkInspection {
        var result = NetworkInspection()
        result.name = name
        result.id = id.description
        result.created = created
        result.driver = definition.driverName
        result.isConfigOnly = definition.isConfiguration == true
        result.configFrom.network = definition.configuration ?? ""
        result.enablesIPv4 = definition.hasIPv4
        result.enablesIPv6 = definition.hasIPv6
        result.ipam.driver = definition.addressDriver
        result.ipam.options = definition.addressOptions
        result.ipam.config = definition.subnets.map { subnet in
            var range = NetworkInspection.Range()
            range.subnet = subnet.prefix
            range.range = subnet.range ?? ""
            range.gateway = subnet.gateway
            range.auxiliaryAddresses = subnet.auxiliary
            return range
        }
        result.isInternal = definition.isInternal
        result.isAttachable = definition.isAttachable
        result.options = definition.options
        result.labels = definition.labels
        return result
    }
}

extension ContainerEndpoint {
    /// The container in an inspection of the network.
    func member(named name: String) -> NetworkInspection.Endpoint {
        var result = NetworkInspection.Endpoint()
        result.name = name
        result.endpointID = id
        result.macAddress = macAddress
        result.ipv4Address = address(isV4: true)?.description ?? ""
        result.ipv6Address = address(isV4: false)?.description ?? ""
        return result
    }

    /// What inspections of the container tell of it, besides what was asked for.
    func fill(_ endpoint: inout NetworkEndpoint) {
        endpoint.networkID = network
        endpoint.endpointID = id
        endpoint.macAddress = macAddress
        if let four = address(isV4: true) {
            endpoint.ipAddress = four.address.description
            endpoint.ipPrefixLength = Int(four.length)
            endpoint.gateway = gateway(isV4: true)?.description ?? ""
        }
        if let six = address(isV4: false) {
            endpoint.globalIPv6Address = six.address.description
            endpoint.globalIPv6PrefixLength = Int(six.length)
            endpoint.ipv6Gateway = gateway(isV4: false)?.description ?? ""
        }
        endpoint.dnsNames = names
    }
}

/// Which networks a list is to have.
struct NetworkQuery {
    private let filters: Filters
    private let isDangling: Bool?

    /// - Throws: `badParameter` for a filter that is not known or makes no sense.
    init(_ filters: Filters) throws(EngineError) {
        try filters.check(against: ["dangling", "driver", "id", "label", "name", "scope", "type"])
        self.filters = filters
        isDangling = try filters.boolean("dangling")
        for type in filters["type"] where type != "builtin" && type != "custom" {
            throw EngineError(.badParameter, "invalid filter: 'type'='\(type.prefix(32))'")
        }
    }

    /// Whether a network fits.
    func accepts(_ network: NetworkInspection, isUsed: Bool) -> Bool {
        let isBuiltin = NetworkChecker.reserved.contains(network.name)
        // One that cannot be removed is not dangling, whether used or not.
        if let isDangling, isDangling != (!isBuiltin && !isUsed) { return false }
        func fits(_ key: String, _ body: (String) -> Bool) -> Bool {
            filters[key].isEmpty || filters[key].contains(where: body)
        }
        return fits("driver") { $0 == network.driver } && fits("id") { network.id.hasPrefix($0) }
            && fits("type") { ($0 == "builtin") == isBuiltin } && fits("name") { network.name.contains($0) }
            && fits("scope") { $0 == network.scope } && filters.accept(labels: network.labels)
    }
}
