// SPDX-License-Identifier: Apache-2.0

/// The networks of a container.
///
/// The flat fields are those of the network `bridge`; old clients read them.
package struct NetworkSettings: ZeroRepresentable, Sendable {
    @Always package var bridge: String
    @Always package var sandboxID: String
    @Always package var hairpinMode: Bool
    @Always package var linkLocalIPv6Address: String
    @Always package var linkLocalIPv6PrefixLength: Int
    /// Null where a port is exposed but not published.
    @Always package var ports: [String: [PortBinding]?]
    @Always package var sandboxKey: String
    @Nullable package var secondaryIPAddresses: [Address]?
    @Nullable package var secondaryIPv6Addresses: [Address]?
    @Always package var endpointID: String
    @Always package var gateway: String
    @Always package var globalIPv6Address: String
    @Always package var globalIPv6PrefixLength: Int
    @Always package var ipAddress: String
    @Always package var ipPrefixLength: Int
    @Always package var ipv6Gateway: String
    @Always package var macAddress: String
    @Always package var networks: [String: NetworkEndpoint]

    private enum CodingKeys: String, CodingKey {
        case bridge = "Bridge"
        case sandboxID = "SandboxID"
        case hairpinMode = "HairpinMode"
        case linkLocalIPv6Address = "LinkLocalIPv6Address"
        case linkLocalIPv6PrefixLength = "LinkLocalIPv6PrefixLen"
        case ports = "Ports"
        case sandboxKey = "SandboxKey"
        case secondaryIPAddresses = "SecondaryIPAddresses"
        case secondaryIPv6Addresses = "SecondaryIPv6Addresses"
        case endpointID = "EndpointID"
        case gateway = "Gateway"
        case globalIPv6Address = "GlobalIPv6Address"
        case globalIPv6PrefixLength = "GlobalIPv6PrefixLen"
        case ipAddress = "IPAddress"
        case ipPrefixLength = "IPPrefixLen"
        case ipv6Gateway = "IPv6Gateway"
        case macAddress = "MacAddress"
        case networks = "Networks"
    }

    package init() {}

    /// An address with the length of its prefix.
    package struct Address: ZeroRepresentable, Sendable {
        @Always package var address: String
        @Always package var prefixLength: Int

        private enum CodingKeys: String, CodingKey {
            case address = "Addr"
            case prefixLength = "PrefixLen"
        }

        package init() {}
    }
}
