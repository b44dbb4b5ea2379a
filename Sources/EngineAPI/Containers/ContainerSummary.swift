// SPDX-License-Identifier: Apache-2.0

/// A container in a list.
package struct ContainerSummary: ZeroRepresentable, Sendable {
    @Always package var id: String
    /// With a leading `/`.
    @Always package var names: [String]
    /// As the user named it.
    @Always package var image: String
    @Always package var imageID: String
    @Always package var command: String
    /// Seconds since 1970.
    @Always package var created: Int64
    @Always package var ports: [Port]
    @Omitted package var sizeRw: Int64
    @Omitted package var sizeRootFS: Int64
    @Always package var labels: [String: String]
    package var state: ContainerState.Status = ContainerState.Status.created
    /// The state in words for people.
    @Always package var status: String
    @Always package var hostConfig: Host
    @Always package var networkSettings: Networks
    @Always package var mounts: [MountPoint]

    private enum CodingKeys: String, CodingKey {
        case id = "Id"
        case names = "Names"
        case image = "Image"
        case imageID = "ImageID"
        case command = "Command"
        case created = "Created"
        case ports = "Ports"
        case sizeRw = "SizeRw"
        case sizeRootFS = "SizeRootFs"
        case labels = "Labels"
        case state = "State"
        case status = "Status"
        case hostConfig = "HostConfig"
        case networkSettings = "NetworkSettings"
        case mounts = "Mounts"
    }

    package init() {}

    /// A port of a container.
    package struct Port: ZeroRepresentable, Sendable {
        @Omitted package var ip: String
        @Always package var privatePort: Int
        @Omitted package var publicPort: Int
        /// `tcp`, `udp` or `sctp`.
        @Always package var type: String

        private enum CodingKeys: String, CodingKey {
            case ip = "IP"
            case privatePort = "PrivatePort"
            case publicPort = "PublicPort"
            case type = "Type"
        }

        package init() {}
    }

    /// What a list tells of the host configuration.
    package struct Host: ZeroRepresentable, Sendable {
        @Omitted package var networkMode: String
        package var annotations: [String: String]?

        private enum CodingKeys: String, CodingKey {
            case networkMode = "NetworkMode"
            case annotations = "Annotations"
        }

        package init() {}
    }

    /// The networks by name.
    package struct Networks: ZeroRepresentable, Sendable {
        @Always package var networks: [String: NetworkEndpoint]

        private enum CodingKeys: String, CodingKey {
            case networks = "Networks"
        }

        package init() {}
    }
}
