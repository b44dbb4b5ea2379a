// SPDX-License-Identifier: Apache-2.0

/// How a container is in a network.
///
/// What a request asks for comes first, what the engine has given after it.
package struct NetworkEndpoint: ZeroRepresentable, Sendable {
    @Nullable package var ipamConfig: IPAMConfig?
    @Nullable package var links: [String]?
    @Nullable package var aliases: [String]?
    @Always package var macAddress: String
    @Nullable package var driverOpts: [String: String]?
    @Omitted package var gatewayPriority: Int
    @Always package var networkID: String
    @Always package var endpointID: String
    @Always package var gateway: String
    @Always package var ipAddress: String
    @Always package var ipPrefixLength: Int
    @Always package var ipv6Gateway: String
    @Always package var globalIPv6Address: String
    @Always package var globalIPv6PrefixLength: Int
    @Nullable package var dnsNames: [String]?

    private enum CodingKeys: String, CodingKey {
        case ipamConfig = "IPAMConfig"
        case links = "Links"
        case aliases = "Aliases"
        case macAddress = "MacAddress"
        case driverOpts = "DriverOpts"
        case gatewayPriority = "GwPriority"
        case networkID = "NetworkID"
        case endpointID = "EndpointID"
        case gateway = "Gateway"
        case ipAddress = "IPAddress"
        case ipPrefixLength = "IPPrefixLen"
        case ipv6Gateway = "IPv6Gateway"
        case globalIPv6Address = "GlobalIPv6Address"
        case globalIPv6PrefixLength = "GlobalIPv6PrefixLen"
        case dnsNames = "DNSNames"
    }

    package init() {}

    /// Addresses that a request asks for.
    package struct IPAMConfig: ZeroRepresentable, Sendable {
        @Omitted package var ipv4Address: String
        @Omitted package var ipv6Address: String
        package var linkLocalIPs: [String]?

        private enum CodingKeys: String, CodingKey {
            case ipv4Address = "IPv4Address"
            case ipv6Address = "IPv6Address"
            case linkLocalIPs = "LinkLocalIPs"
        }

        package init() {}
    }
}

/// The networks of a new container.
package struct NetworkingConfig: ZeroRepresentable, Sendable {
    /// By the name of the network.
    @Nullable package var endpointsConfig: [String: NetworkEndpoint]?

    private enum CodingKeys: String, CodingKey {
        case endpointsConfig = "EndpointsConfig"
    }

    package init() {}
}
