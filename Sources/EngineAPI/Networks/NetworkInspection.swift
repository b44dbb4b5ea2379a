// SPDX-License-Identifier: Apache-2.0

/// A network, in a list or by itself.
package struct NetworkInspection: ZeroRepresentable, Sendable {
    @Always package var name: String
    @Always package var id: String
    @Always package var created: Timestamp
    package var scope: String = "local"
    @Always package var driver: String
    package var enablesIPv4: Bool = true
    @Always package var enablesIPv6: Bool
    @Always package var ipam: IPAM
    @Always package var isInternal: Bool
    @Always package var isAttachable: Bool
    @Always package var isIngress: Bool
    @Always package var configFrom: ConfigReference
    @Always package var isConfigOnly: Bool
    /// By identifier.
    @Always package var containers: [String: Endpoint]
    @Always package var options: [String: String]
    @Always package var labels: [String: String]

    private enum CodingKeys: String, CodingKey {
        case name = "Name"
        case id = "Id"
        case created = "Created"
        case scope = "Scope"
        case driver = "Driver"
        case enablesIPv4 = "EnableIPv4"
        case enablesIPv6 = "EnableIPv6"
        case ipam = "IPAM"
        case isInternal = "Internal"
        case isAttachable = "Attachable"
        case isIngress = "Ingress"
        case configFrom = "ConfigFrom"
        case isConfigOnly = "ConfigOnly"
        case containers = "Containers"
        case options = "Options"
        case labels = "Labels"
    }

    package init() {}

    /// The networks of every engine, which nobody makes or removes: no network, and that of the host.
    package static let builtin: [Self] = [("none", "null", "6e6f6e65"), ("host", "host", "686f7374")].map {
        name,
        driver,
        start in
        var network = Self()
        network.name = name
        network.driver = driver
        // The same on every machine: the letters of the name.
        network.id = start + String(repeating: "0", count: 64 - start.count)
        return network
    }

    /// Where addresses come from.
    package struct IPAM: ZeroRepresentable, Sendable {
        /// Empty in a request is `default`.
        @Always package var driver: String = "default"
        @Nullable package var options: [String: String]?
        @Nullable package var config: [Range]?

        private enum CodingKeys: String, CodingKey {
            case driver = "Driver"
            case options = "Options"
            case config = "Config"
        }

        package init() {}
    }

    /// A range of addresses.
    package struct Range: ZeroRepresentable, Sendable {
        @Omitted package var subnet: String
        @Omitted package var range: String
        @Omitted package var gateway: String
        /// Addresses that others have, by names for them.
        package var auxiliaryAddresses: [String: String]?

        private enum CodingKeys: String, CodingKey {
            case subnet = "Subnet"
            case range = "IPRange"
            case gateway = "Gateway"
            case auxiliaryAddresses = "AuxiliaryAddresses"
        }

        package init() {}
    }

    /// The network that a configuration is taken from.
    package struct ConfigReference: ZeroRepresentable, Sendable {
        @Always package var network: String

        private enum CodingKeys: String, CodingKey {
            case network = "Network"
        }

        package init() {}
    }

    /// A container in the network.
    package struct Endpoint: ZeroRepresentable, Sendable {
        @Always package var name: String
        @Always package var endpointID: String
        @Always package var macAddress: String
        @Always package var ipv4Address: String
        @Always package var ipv6Address: String

        private enum CodingKeys: String, CodingKey {
            case name = "Name"
            case endpointID = "EndpointID"
            case macAddress = "MacAddress"
            case ipv4Address = "IPv4Address"
            case ipv6Address = "IPv6Address"
        }

        package init() {}
    }
}
