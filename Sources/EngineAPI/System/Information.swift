// SPDX-License-Identifier: Apache-2.0

/// The engine and its machine, as `/info` tells it.
package struct EngineInformation: ZeroRepresentable, Sendable {
    @Always package var id: String
    @Always package var containers: Int
    @Always package var containersRunning: Int
    @Always package var containersPaused: Int
    @Always package var containersStopped: Int
    @Always package var images: Int
    @Always package var driver: String
    @Nullable package var driverStatus: [[String]]?
    @Always package var plugins: Plugins
    @Always package var memoryLimit: Bool
    @Always package var swapLimit: Bool
    @Always package var cpuCFSPeriod: Bool
    @Always package var cpuCFSQuota: Bool
    @Always package var cpuShares: Bool
    @Always package var cpuSet: Bool
    @Always package var pidsLimit: Bool
    @Always package var ipv4Forwarding: Bool
    @Always package var bridgeNfIptables: Bool
    @Always package var bridgeNfIp6tables: Bool
    @Always package var debug: Bool
    @Always package var descriptorCount: Int
    @Always package var oomKillDisable: Bool
    @Always package var taskCount: Int
    @Always package var systemTime: Timestamp
    @Always package var loggingDriver: String
    @Always package var cgroupDriver: String
    @Always package var cgroupVersion: String
    @Always package var eventListenerCount: Int
    @Always package var kernelVersion: String
    @Always package var operatingSystem: String
    @Always package var osVersion: String
    @Always package var osType: String
    @Always package var architecture: String
    @Always package var indexServerAddress: String
    @Nullable package var registryConfig: RegistryConfig?
    @Always package var processorCount: Int
    /// In bytes.
    @Always package var totalMemory: Int64
    @Nullable package var genericResources: [String]?
    /// The folder of the state.
    @Always package var root: String
    @Always package var httpProxy: String
    @Always package var httpsProxy: String
    @Always package var noProxy: String
    /// The host's name.
    @Always package var name: String
    @Always package var labels: [String]
    @Always package var experimentalBuild: Bool
    @Always package var serverVersion: String
    @Always package var runtimes: [String: Runtime]
    @Always package var defaultRuntime: String
    @Always package var swarm: Swarm
    @Always package var liveRestoreEnabled: Bool
    @Always package var isolation: String
    @Always package var initBinary: String
    @Always package var containerdCommit: Commit
    @Always package var runcCommit: Commit
    @Always package var initCommit: Commit
    @Always package var securityOptions: [String]
    package var defaultAddressPools: [AddressPool]?
    @Nullable package var warnings: [String]?

    private enum CodingKeys: String, CodingKey {
        case id = "ID"
        case containers = "Containers"
        case containersRunning = "ContainersRunning"
        case containersPaused = "ContainersPaused"
        case containersStopped = "ContainersStopped"
        case images = "Images"
        case driver = "Driver"
        case driverStatus = "DriverStatus"
        case plugins = "Plugins"
        case memoryLimit = "MemoryLimit"
        case swapLimit = "SwapLimit"
        case cpuCFSPeriod = "CpuCfsPeriod"
        case cpuCFSQuota = "CpuCfsQuota"
        case cpuShares = "CPUShares"
        case cpuSet = "CPUSet"
        case pidsLimit = "PidsLimit"
        case ipv4Forwarding = "IPv4Forwarding"
        case bridgeNfIptables = "BridgeNfIptables"
        case bridgeNfIp6tables = "BridgeNfIp6tables"
        case debug = "Debug"
        case descriptorCount = "NFd"
        case oomKillDisable = "OomKillDisable"
        case taskCount = "NGoroutines"
        case systemTime = "SystemTime"
        case loggingDriver = "LoggingDriver"
        case cgroupDriver = "CgroupDriver"
        case cgroupVersion = "CgroupVersion"
        case eventListenerCount = "NEventsListener"
        case kernelVersion = "KernelVersion"
        case operatingSystem = "OperatingSystem"
        case osVersion = "OSVersion"
        case osType = "OSType"
        case architecture = "Architecture"
        case indexServerAddress = "IndexServerAddress"
        case registryConfig = "RegistryConfig"
        case processorCount = "NCPU"
        case totalMemory = "MemTotal"
        case genericResources = "GenericResources"
        case root = "DockerRootDir"
        case httpProxy = "HttpProxy"
        case httpsProxy = "HttpsProxy"
        case noProxy = "NoProxy"
        case name = "Name"
        case labels = "Labels"
        case experimentalBuild = "ExperimentalBuild"
        case serverVersion = "ServerVersion"
        case runtimes = "Runtimes"
        case defaultRuntime = "DefaultRuntime"
        case swarm = "Swarm"
        case liveRestoreEnabled = "LiveRestoreEnabled"
        case isolation = "Isolation"
        case initBinary = "InitBinary"
        case containerdCommit = "ContainerdCommit"
        case runcCommit = "RuncCommit"
        case initCommit = "InitCommit"
        case securityOptions = "SecurityOptions"
        case defaultAddressPools = "DefaultAddressPools"
        case warnings = "Warnings"
    }

    package init() {}
}
