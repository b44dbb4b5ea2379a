// SPDX-License-Identifier: Apache-2.0

extension EngineInformation {
    /// The drivers by kind.
    package struct Plugins: ZeroRepresentable, Sendable {
        @Nullable package var volume: [String]?
        @Nullable package var network: [String]?
        @Nullable package var authorization: [String]?
        @Nullable package var log: [String]?

        private enum CodingKeys: String, CodingKey {
            case volume = "Volume"
            case network = "Network"
            case authorization = "Authorization"
            case log = "Log"
        }

        package init() {}
    }

    /// The registries.
    package struct RegistryConfig: ZeroRepresentable, Sendable {
        package var foreignLayerCIDRs: [String]?
        package var foreignLayerHostnames: [String]?
        @Nullable package var insecureRegistryCIDRs: [String]?
        @Nullable package var indexConfigs: [String: Index]?
        @Nullable package var mirrors: [String]?

        private enum CodingKeys: String, CodingKey {
            case foreignLayerCIDRs = "AllowNondistributableArtifactsCIDRs"
            case foreignLayerHostnames = "AllowNondistributableArtifactsHostnames"
            case insecureRegistryCIDRs = "InsecureRegistryCIDRs"
            case indexConfigs = "IndexConfigs"
            case mirrors = "Mirrors"
        }

        package init() {}
    }

    /// One registry.
    package struct Index: ZeroRepresentable, Sendable {
        @Always package var name: String
        @Nullable package var mirrors: [String]?
        @Always package var secure: Bool
        @Always package var official: Bool

        private enum CodingKeys: String, CodingKey {
            case name = "Name"
            case mirrors = "Mirrors"
            case secure = "Secure"
            case official = "Official"
        }

        package init() {}
    }

    /// A program that runs containers.
    package struct Runtime: ZeroRepresentable, Sendable {
        @Omitted package var path: String
        package var runtimeArgs: [String]?

        package init() {}
    }

    /// The cluster, of which the engine is never a part.
    package struct Swarm: ZeroRepresentable, Sendable {
        @Always package var nodeID: String
        @Always package var nodeAddress: String
        package var localNodeState: String = "inactive"
        @Always package var controlAvailable: Bool
        @Always package var error: String
        @Nullable package var remoteManagers: [String]?

        private enum CodingKeys: String, CodingKey {
            case nodeID = "NodeID"
            case nodeAddress = "NodeAddr"
            case localNodeState = "LocalNodeState"
            case controlAvailable = "ControlAvailable"
            case error = "Error"
            case remoteManagers = "RemoteManagers"
        }

        package init() {}
    }

    /// The version of a part.
    package struct Commit: ZeroRepresentable, Sendable {
        @Always package var id: String
        @Omitted package var expected: String

        private enum CodingKeys: String, CodingKey {
            case id = "ID"
            case expected = "Expected"
        }

        package init() {}
    }

    /// Addresses for new networks.
    package struct AddressPool: Codable, Equatable, Sendable {
        package var base: String
        /// The length of the prefix of each network.
        package var size: Int

        private enum CodingKeys: String, CodingKey {
            case base = "Base"
            case size = "Size"
        }

        package init(base: String, size: Int) {
            self.base = base
            self.size = size
        }
    }
}
