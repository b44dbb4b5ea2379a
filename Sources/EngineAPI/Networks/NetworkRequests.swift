// SPDX-License-Identifier: Apache-2.0

/// What a new network is to be.
package struct NetworkCreateRequest: ZeroRepresentable, Sendable {
    @Always package var name: String
    /// Empty is `bridge`.
    @Always package var driver: String
    /// Nil is yes.
    package var enablesIPv4: Bool?
    /// Nil is no, but where a subnet of IPv6 is given.
    package var enablesIPv6: Bool?
    package var ipam: NetworkInspection.IPAM?
    @Always package var isInternal: Bool
    @Always package var isAttachable: Bool
    @Always package var isIngress: Bool
    @Always package var isConfigOnly: Bool
    @Nullable package var configFrom: NetworkInspection.ConfigReference?
    @Always package var scope: String
    @Nullable package var options: [String: String]?
    @Nullable package var labels: [String: String]?

    private enum CodingKeys: String, CodingKey {
        case name = "Name"
        case driver = "Driver"
        case enablesIPv4 = "EnableIPv4"
        case enablesIPv6 = "EnableIPv6"
        case ipam = "IPAM"
        case isInternal = "Internal"
        case isAttachable = "Attachable"
        case isIngress = "Ingress"
        case isConfigOnly = "ConfigOnly"
        case configFrom = "ConfigFrom"
        case scope = "Scope"
        case options = "Options"
        case labels = "Labels"
    }

    package init() {}
}

/// A network that was made.
package struct NetworkCreateResponse: ZeroRepresentable, Sendable {
    @Always package var id: String
    /// Empty for none.
    @Always package var warning: String

    private enum CodingKeys: String, CodingKey {
        case id = "Id"
        case warning = "Warning"
    }

    package init() {}
}

/// A container that is to be in a network.
package struct NetworkConnectRequest: ZeroRepresentable, Sendable {
    /// By its identifier, the start of it, or its name.
    @Always package var container: String
    package var endpoint: NetworkEndpoint?

    private enum CodingKeys: String, CodingKey {
        case container = "Container"
        case endpoint = "EndpointConfig"
    }

    package init() {}
}

/// A container that is to leave a network.
package struct NetworkDisconnectRequest: ZeroRepresentable, Sendable {
    /// By its identifier, the start of it, or its name.
    @Always package var container: String
    @Always package var force: Bool

    private enum CodingKeys: String, CodingKey {
        case container = "Container"
        case force = "Force"
    }

    package init() {}
}

/// The networks that a clean-up removed.
package struct NetworksPruned: ZeroRepresentable, Sendable {
    @Nullable package var networksDeleted: [String]?

    private enum CodingKeys: String, CodingKey {
        case networksDeleted = "NetworksDeleted"
    }

    package init() {}
}
