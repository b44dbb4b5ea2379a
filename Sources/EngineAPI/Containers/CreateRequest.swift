// SPDX-License-Identifier: Apache-2.0

/// The body of a request for a new container.
package struct ContainerCreateRequest: Codable, Equatable, Sendable {
    /// What it runs, whose keys stand at the top.
    package var config: ContainerConfig
    package var hostConfig: HostConfig
    package var networkingConfig: NetworkingConfig

    private enum CodingKeys: String, CodingKey {
        case hostConfig = "HostConfig"
        case networkingConfig = "NetworkingConfig"
    }

    package init(
        config: ContainerConfig,
        hostConfig: HostConfig = HostConfig(),
        networkingConfig: NetworkingConfig = NetworkingConfig()
    ) {
        self.config = config
        self.hostConfig = hostConfig
        self.networkingConfig = networkingConfig
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        config = try ContainerConfig(from: decoder)
        hostConfig = try container.decodeIfPresent(HostConfig.self, forKey: .hostConfig) ?? HostConfig()
        networkingConfig =
            try container.decodeIfPresent(NetworkingConfig.self, forKey: .networkingConfig) ?? NetworkingConfig()
    }

    package func encode(to encoder: any Encoder) throws {
        try config.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(hostConfig, forKey: .hostConfig)
        try container.encode(networkingConfig, forKey: .networkingConfig)
    }

    /// The same request in one spelling, so that the same meaning gives the same value.
    ///
    /// The network `default` is `bridge`, names of capabilities are upper case with `CAP_`, limits that are not set have one
    /// form, and a restart policy without a name is `no`.
    package func normalized() -> Self {
        var result = self
        let mode = hostConfig.networkMode
        result.hostConfig.networkMode = mode.isEmpty || mode == "default" ? "bridge" : mode
        if var endpoints = networkingConfig.endpointsConfig, let endpoint = endpoints.removeValue(forKey: "default") {
            endpoints["bridge"] = endpoints["bridge"] ?? endpoint
            result.networkingConfig.endpointsConfig = endpoints
        }
        result.hostConfig.capAdd = hostConfig.capAdd?.map(Self.capability)
        result.hostConfig.capDrop = hostConfig.capDrop?.map(Self.capability)
        if hostConfig.restartPolicy.name.isEmpty { result.hostConfig.restartPolicy.name = "no" }
        let resources = hostConfig.resources
        // A swappiness of 0 is one, other than the zero of all other limits.
        if resources.memorySwappiness == -1 { result.hostConfig.resources.memorySwappiness = nil }
        result.hostConfig.resources.pidsLimit = resources.pidsLimit?.ifSet
        if resources.oomKillDisable == nil { result.hostConfig.resources.oomKillDisable = false }
        for limit in Self.limits where resources[keyPath: limit] == -1 {
            result.hostConfig.resources[keyPath: limit] = 0
        }
        return result
    }

    /// The limits of which -1 says the same as 0.
    private static var limits: [WritableKeyPath<Resources, Int64>] {
        [
            \.cpuShares, \.memory, \.nanoCpus, \.blkioWeight, \.cpuPeriod, \.cpuQuota, \.cpuRealtimePeriod,
            \.cpuRealtimeRuntime, \.memoryReservation,
        ]
    }

    private static func capability(_ name: String) -> String {
        let name = name.uppercased()
        return name == "ALL" || name.hasPrefix("CAP_") ? name : "CAP_" + name
    }
}

/// The body of a request for other limits; what it leaves unset stays as it is.
package struct ContainerUpdateRequest: Codable, Equatable, Sendable {
    /// The limits, whose keys stand at the top.
    package var resources: Resources
    package var restartPolicy: RestartPolicy

    private enum CodingKeys: String, CodingKey {
        case restartPolicy = "RestartPolicy"
    }

    package init(resources: Resources = Resources(), restartPolicy: RestartPolicy = RestartPolicy()) {
        self.resources = resources
        self.restartPolicy = restartPolicy
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        resources = try Resources(from: decoder)
        restartPolicy = try container.decodeIfPresent(RestartPolicy.self, forKey: .restartPolicy) ?? RestartPolicy()
    }

    package func encode(to encoder: any Encoder) throws {
        try resources.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(restartPolicy, forKey: .restartPolicy)
    }
}
