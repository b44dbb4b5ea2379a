// SPDX-License-Identifier: Apache-2.0

/// A network of the project.
package struct Network: ComposeObject {
    /// The name that the engine knows it by.
    package var name: String?
    /// The driver; nil: the engine's default.
    package var driver: String?
    /// Options of the driver.
    package var driverOptions: [String: String] = [:]
    /// How addresses are given out.
    package var ipam = IPAM()
    /// Whether it exists outside of the project and is only looked up.
    package var external = false
    /// Whether it has no way to the outside.
    package var `internal` = false
    /// Whether containers outside of the project may join.
    package var attachable = false
    /// Labels of the network.
    package var labels: [String: String] = [:]
    /// Whether it has IPv4 addresses; nil: the engine's default.
    package var enableIPv4: Bool?
    /// Whether it has IPv6 addresses; nil: the engine's default.
    package var enableIPv6: Bool?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Network> = [
        Field("name", \.name, .text),
        Field("driver", \.driver, .text),
        Field("driver_opts", \.driverOptions, .pairs),
        Field("ipam", \.ipam, .object, omitted: .whenZeroInYAML),
        Field("external", \.external, .external),
        Field("internal", \.internal, .bool),
        Field("attachable", \.attachable, .bool),
        Field("labels", \.labels, .pairs),
        Field("enable_ipv4", \.enableIPv4, .optional(.bool)),
        Field("enable_ipv6", \.enableIPv6, .optional(.bool)),
    ]
}

/// How a network gives out addresses.
package struct IPAM: ComposeObject {
    /// The driver; nil: the engine's default.
    package var driver: String?
    /// The ranges to give out from; none: the engine picks one.
    package var pools: [AddressPool] = []
    /// Options of the driver; Docker Compose 2 reads them, but never prints them.
    package var options: [String: String] = [:]
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<IPAM> = [
        Field("driver", \.driver, .text),
        Field("config", \.pools, .list(.object)),
        Field("options", \.options, .pairs, omitted: .always),
    ]
}

/// A range of addresses.
package struct AddressPool: ComposeObject {
    /// The subnet: `10.0.0.0/24`.
    package var subnet: String?
    /// The address of the gateway.
    package var gateway: String?
    /// The part of the subnet to give out from.
    package var range: String?
    /// Addresses that are taken, by the names of who took them.
    package var auxiliaryAddresses: [String: String] = [:]

    package init() {}

    package static let fields: FieldTable<AddressPool> = [
        Field("subnet", \.subnet, .text),
        Field("gateway", \.gateway, .text),
        Field("ip_range", \.range, .text),
        Field("aux_addresses", \.auxiliaryAddresses, .pairs),
    ]
}

/// How a service takes part in a network.
package struct ServiceNetwork: ComposeObject {
    /// Further names under which the service is found on the network.
    package var aliases: [String] = []
    /// Options of the driver for this endpoint.
    package var driverOptions: [String: String] = [:]
    /// Which network provides the default gateway: the one with the highest number.
    package var gatewayPriority: Int?
    /// The name of the interface in the container.
    package var interfaceName: String?
    /// A fixed IPv4 address.
    package var ipv4Address: String?
    /// A fixed IPv6 address.
    package var ipv6Address: String?
    /// Link-local addresses.
    package var linkLocalIPs: [String] = []
    /// The hardware address.
    package var macAddress: String?
    /// The order in which networks are joined: the highest number first.
    package var priority: Int?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<ServiceNetwork> = [
        Field("aliases", \.aliases, .strings),
        Field("driver_opts", \.driverOptions, .pairs),
        Field("gw_priority", \.gatewayPriority, .nonZero(.integer)),
        Field("interface_name", \.interfaceName, .text),
        Field("ipv4_address", \.ipv4Address, .text),
        Field("ipv6_address", \.ipv6Address, .text),
        Field("link_local_ips", \.linkLocalIPs, .strings),
        Field("mac_address", \.macAddress, .text),
        Field("priority", \.priority, .nonZero(.integer)),
    ]
}

/// A published port.
package struct Port: ComposeObject {
    /// A name, for the user.
    package var name: String?
    /// `ingress` or `host`; free text, as with Docker Compose.
    package var mode: String?
    /// The address of the host to listen on; nil: all of them.
    package var hostIP: String?
    /// The port in the container.
    ///
    /// Wider than a port is, since Docker Compose accepts 70000 in the long form and leaves the refusal to the engine.
    package var target: UInt32?
    /// The port of the host, or a range to pick one from: `8000-8010`; nil: any.
    package var published: String?
    /// `tcp`, `udp` or `sctp`; free text, as with Docker Compose.
    package var networkProtocol: String?
    /// The protocol of the application, for the user: `http`.
    package var appProtocol: String?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Port> = [
        Field("name", \.name, .text),
        Field("mode", \.mode, .text),
        Field("host_ip", \.hostIP, .text),
        Field("target", \.target, .nonZero(.integer)),
        Field("published", \.published, .text),
        Field("protocol", \.networkProtocol, .text),
        Field("app_protocol", \.appProtocol, .text),
    ]
}
