// SPDX-License-Identifier: Apache-2.0

/// Everything about one container.
package struct ContainerInspection: ZeroRepresentable, Sendable {
    @Always package var id: String
    @Always package var created: Timestamp
    /// The program; its arguments are `Args`.
    @Always package var path: String
    @Always package var args: [String]
    @Always package var state: ContainerState
    /// The identifier of the image.
    @Always package var image: String
    @Always package var resolvConfPath: String
    @Always package var hostnamePath: String
    @Always package var hostsPath: String
    @Always package var logPath: String
    /// With a leading `/`.
    @Always package var name: String
    @Always package var restartCount: Int
    @Always package var driver: String
    @Always package var platform: String
    @Always package var mountLabel: String
    @Always package var processLabel: String
    @Always package var appArmorProfile: String
    @Nullable package var execIDs: [String]?
    @Always package var hostConfig: HostConfig
    @Always package var graphDriver: GraphDriver
    package var sizeRw: Int64?
    package var sizeRootFS: Int64?
    @Always package var mounts: [MountPoint]
    @Always package var config: ContainerConfig
    @Always package var networkSettings: NetworkSettings

    private enum CodingKeys: String, CodingKey {
        case id = "Id"
        case created = "Created"
        case path = "Path"
        case args = "Args"
        case state = "State"
        case image = "Image"
        case resolvConfPath = "ResolvConfPath"
        case hostnamePath = "HostnamePath"
        case hostsPath = "HostsPath"
        case logPath = "LogPath"
        case name = "Name"
        case restartCount = "RestartCount"
        case driver = "Driver"
        case platform = "Platform"
        case mountLabel = "MountLabel"
        case processLabel = "ProcessLabel"
        case appArmorProfile = "AppArmorProfile"
        case execIDs = "ExecIDs"
        case hostConfig = "HostConfig"
        case graphDriver = "GraphDriver"
        case sizeRw = "SizeRw"
        case sizeRootFS = "SizeRootFs"
        case mounts = "Mounts"
        case config = "Config"
        case networkSettings = "NetworkSettings"
    }

    package init() {}
}

/// Where the file system of a container or an image is.
package struct GraphDriver: ZeroRepresentable, Sendable {
    @Nullable package var data: [String: String]?
    @Always package var name: String

    private enum CodingKeys: String, CodingKey {
        case data = "Data"
        case name = "Name"
    }

    package init() {}
}
