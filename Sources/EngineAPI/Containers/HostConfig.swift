// SPDX-License-Identifier: Apache-2.0

/// What a container is given by its host.
///
/// A limit of 0, -1, null or nothing at all is not set: clients send every field, also those that nobody has set.
package struct HostConfig: ZeroRepresentable, Sendable {
    /// `source:target[:options]`, or a target alone.
    @Nullable package var binds: [String]?
    @Always package var containerIDFile: String
    @Always package var logConfig: LogConfig
    /// `bridge`, `host`, `none`, `container:NAME` or the name of a network; `default` and empty are `bridge`.
    @Always package var networkMode: String
    /// `port/protocol` names with where they are published.
    @Nullable package var portBindings: [String: [PortBinding]?]?
    @Always package var restartPolicy: RestartPolicy
    @Always package var autoRemove: Bool
    @Always package var volumeDriver: String
    @Nullable package var volumesFrom: [String]?
    /// Rows and columns at the start.
    @Nullable package var consoleSize: [UInt32]?
    package var annotations: [String: String]?
    @Nullable package var capAdd: [String]?
    @Nullable package var capDrop: [String]?
    @Always package var cgroupnsMode: String
    @Nullable package var dns: [String]?
    @Nullable package var dnsOptions: [String]?
    @Nullable package var dnsSearch: [String]?
    /// `name:address`.
    @Nullable package var extraHosts: [String]?
    @Nullable package var groupAdd: [String]?
    @Always package var ipcMode: String
    @Always package var cgroup: String
    @Nullable package var links: [String]?
    @Always package var oomScoreAdj: Int
    @Always package var pidMode: String
    @Always package var privileged: Bool
    @Always package var publishAllPorts: Bool
    @Always package var readonlyRootfs: Bool
    @Nullable package var securityOpt: [String]?
    package var storageOpt: [String: String]?
    /// Options by path.
    package var tmpfs: [String: String]?
    @Always package var utsMode: String
    @Always package var usernsMode: String
    /// In bytes.
    @Always package var shmSize: Int64
    package var sysctls: [String: String]?
    @Omitted package var runtime: String
    @Always package var isolation: String
    package var mounts: [Mount]?
    /// Nil takes the default list, an empty one masks nothing.
    @Nullable package var maskedPaths: [String]?
    /// As with the masked ones.
    @Nullable package var readonlyPaths: [String]?
    package var usesInit: Bool?
    /// Configs and secrets: wharf's own.
    package var files: [GivenFile]?

    /// The limits and devices, whose keys stand among those of the host configuration.
    package var resources = Resources()

    private enum CodingKeys: String, CodingKey {
        case binds = "Binds"
        case containerIDFile = "ContainerIDFile"
        case logConfig = "LogConfig"
        case networkMode = "NetworkMode"
        case portBindings = "PortBindings"
        case restartPolicy = "RestartPolicy"
        case autoRemove = "AutoRemove"
        case volumeDriver = "VolumeDriver"
        case volumesFrom = "VolumesFrom"
        case consoleSize = "ConsoleSize"
        case annotations = "Annotations"
        case capAdd = "CapAdd"
        case capDrop = "CapDrop"
        case cgroupnsMode = "CgroupnsMode"
        case dns = "Dns"
        case dnsOptions = "DnsOptions"
        case dnsSearch = "DnsSearch"
        case extraHosts = "ExtraHosts"
        case groupAdd = "GroupAdd"
        case ipcMode = "IpcMode"
        case cgroup = "Cgroup"
        case links = "Links"
        case oomScoreAdj = "OomScoreAdj"
        case pidMode = "PidMode"
        case privileged = "Privileged"
        case publishAllPorts = "PublishAllPorts"
        case readonlyRootfs = "ReadonlyRootfs"
        case securityOpt = "SecurityOpt"
        case storageOpt = "StorageOpt"
        case tmpfs = "Tmpfs"
        case utsMode = "UTSMode"
        case usernsMode = "UsernsMode"
        case shmSize = "ShmSize"
        case sysctls = "Sysctls"
        case runtime = "Runtime"
        case isolation = "Isolation"
        case mounts = "Mounts"
        case maskedPaths = "MaskedPaths"
        case readonlyPaths = "ReadonlyPaths"
        case usesInit = "Init"
        case files = "XWharfFiles"
    }

    package init() {}

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        _binds = try container.decode(Nullable<[String]>.self, forKey: .binds)
        _containerIDFile = try container.decode(Always<String>.self, forKey: .containerIDFile)
        _logConfig = try container.decode(Always<LogConfig>.self, forKey: .logConfig)
        _networkMode = try container.decode(Always<String>.self, forKey: .networkMode)
        _portBindings = try container.decode(Nullable<[String: [PortBinding]?]>.self, forKey: .portBindings)
        _restartPolicy = try container.decode(Always<RestartPolicy>.self, forKey: .restartPolicy)
        _autoRemove = try container.decode(Always<Bool>.self, forKey: .autoRemove)
        _volumeDriver = try container.decode(Always<String>.self, forKey: .volumeDriver)
        _volumesFrom = try container.decode(Nullable<[String]>.self, forKey: .volumesFrom)
        _consoleSize = try container.decode(Nullable<[UInt32]>.self, forKey: .consoleSize)
        annotations = try container.decodeIfPresent([String: String].self, forKey: .annotations)
        _capAdd = try container.decode(Nullable<[String]>.self, forKey: .capAdd)
        _capDrop = try container.decode(Nullable<[String]>.self, forKey: .capDrop)
        _cgroupnsMode = try container.decode(Always<String>.self, forKey: .cgroupnsMode)
        _dns = try container.decode(Nullable<[String]>.self, forKey: .dns)
        _dnsOptions = try container.decode(Nullable<[String]>.self, forKey: .dnsOptions)
        _dnsSearch = try container.decode(Nullable<[String]>.self, forKey: .dnsSearch)
        _extraHosts = try container.decode(Nullable<[String]>.self, forKey: .extraHosts)
        _groupAdd = try container.decode(Nullable<[String]>.self, forKey: .groupAdd)
        _ipcMode = try container.decode(Always<String>.self, forKey: .ipcMode)
        _cgroup = try container.decode(Always<String>.self, forKey: .cgroup)
        _links = try container.decode(Nullable<[String]>.self, forKey: .links)
        _oomScoreAdj = try container.decode(Always<Int>.self, forKey: .oomScoreAdj)
        _pidMode = try container.decode(Always<String>.self, forKey: .pidMode)
        _privileged = try container.decode(Always<Bool>.self, forKey: .privileged)
        _publishAllPorts = try container.decode(Always<Bool>.self, forKey: .publishAllPorts)
        _readonlyRootfs = try container.decode(Always<Bool>.self, forKey: .readonlyRootfs)
        _securityOpt = try container.decode(Nullable<[String]>.self, forKey: .securityOpt)
        storageOpt = try container.decodeIfPresent([String: String].self, forKey: .storageOpt)
        tmpfs = try container.decodeIfPresent([String: String].self, forKey: .tmpfs)
        _utsMode = try container.decode(Always<String>.self, forKey: .utsMode)
        _usernsMode = try container.decode(Always<String>.self, forKey: .usernsMode)
        _shmSize = try container.decode(Always<Int64>.self, forKey: .shmSize)
        sysctls = try container.decodeIfPresent([String: String].self, forKey: .sysctls)
        _runtime = try container.decode(Omitted<String>.self, forKey: .runtime)
        _isolation = try container.decode(Always<String>.self, forKey: .isolation)
        mounts = try container.decodeIfPresent([Mount].self, forKey: .mounts)
        _maskedPaths = try container.decode(Nullable<[String]>.self, forKey: .maskedPaths)
        _readonlyPaths = try container.decode(Nullable<[String]>.self, forKey: .readonlyPaths)
        usesInit = try container.decodeIfPresent(Bool.self, forKey: .usesInit)
        files = try container.decodeIfPresent([GivenFile].self, forKey: .files)
        resources = try Resources(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(_binds, forKey: .binds)
        try container.encode(_containerIDFile, forKey: .containerIDFile)
        try container.encode(_logConfig, forKey: .logConfig)
        try container.encode(_networkMode, forKey: .networkMode)
        try container.encode(_portBindings, forKey: .portBindings)
        try container.encode(_restartPolicy, forKey: .restartPolicy)
        try container.encode(_autoRemove, forKey: .autoRemove)
        try container.encode(_volumeDriver, forKey: .volumeDriver)
        try container.encode(_volumesFrom, forKey: .volumesFrom)
        try container.encode(_consoleSize, forKey: .consoleSize)
        try container.encodeIfPresent(annotations, forKey: .annotations)
        try container.encode(_capAdd, forKey: .capAdd)
        try container.encode(_capDrop, forKey: .capDrop)
        try container.encode(_cgroupnsMode, forKey: .cgroupnsMode)
        try container.encode(_dns, forKey: .dns)
        try container.encode(_dnsOptions, forKey: .dnsOptions)
        try container.encode(_dnsSearch, forKey: .dnsSearch)
        try container.encode(_extraHosts, forKey: .extraHosts)
        try container.encode(_groupAdd, forKey: .groupAdd)
        try container.encode(_ipcMode, forKey: .ipcMode)
        try container.encode(_cgroup, forKey: .cgroup)
        try container.encode(_links, forKey: .links)
        try container.encode(_oomScoreAdj, forKey: .oomScoreAdj)
        try container.encode(_pidMode, forKey: .pidMode)
        try container.encode(_privileged, forKey: .privileged)
        try container.encode(_publishAllPorts, forKey: .publishAllPorts)
        try container.encode(_readonlyRootfs, forKey: .readonlyRootfs)
        try container.encode(_securityOpt, forKey: .securityOpt)
        try container.encodeIfPresent(storageOpt, forKey: .storageOpt)
        try container.encodeIfPresent(tmpfs, forKey: .tmpfs)
        try container.encode(_utsMode, forKey: .utsMode)
        try container.encode(_usernsMode, forKey: .usernsMode)
        try container.encode(_shmSize, forKey: .shmSize)
        try container.encodeIfPresent(sysctls, forKey: .sysctls)
        try container.encode(_runtime, forKey: .runtime)
        try container.encode(_isolation, forKey: .isolation)
        try container.encodeIfPresent(mounts, forKey: .mounts)
        try container.encode(_maskedPaths, forKey: .maskedPaths)
        try container.encode(_readonlyPaths, forKey: .readonlyPaths)
        try container.encodeIfPresent(usesInit, forKey: .usesInit)
        try container.encodeIfPresent(files, forKey: .files)
        try resources.encode(to: encoder)
    }
}

extension HostConfig {
    /// Publishes a port of the container at one more place.
    ///
    /// - Parameters:
    ///   - port: `port/protocol`.
    ///   - address: The address of the host; empty for all.
    ///   - published: The port of the host, or a range of them; empty for any that is free.
    package mutating func publish(_ port: String, at address: String, _ published: String) {
        var binding = PortBinding()
        (binding.hostIP, binding.hostPort) = (address, published)
        var bindings = portBindings ?? [:]
        bindings[port] = ((bindings[port] ?? nil) ?? []) + [binding]
        portBindings = bindings
    }
}

/// When a container is started again.
package struct RestartPolicy: ZeroRepresentable, Sendable {
    /// `no` or empty, `always`, `unless-stopped` or `on-failure`.
    @Always package var name: String
    /// 0 sets no maximum; counts with `on-failure` only.
    @Always package var maximumRetryCount: Int

    private enum CodingKeys: String, CodingKey {
        case name = "Name"
        case maximumRetryCount = "MaximumRetryCount"
    }

    package init() {}
}

/// Where the output of a container goes.
package struct LogConfig: ZeroRepresentable, Sendable {
    /// Empty takes the default.
    @Always package var type: String
    @Nullable package var config: [String: String]?

    private enum CodingKeys: String, CodingKey {
        case type = "Type"
        case config = "Config"
    }

    package init() {}
}

/// Where a port is published.
package struct PortBinding: ZeroRepresentable, Sendable {
    /// Empty is every address.
    @Always package var hostIP: String
    /// A number or a range of them; empty takes any that is free.
    @Always package var hostPort: String

    private enum CodingKeys: String, CodingKey {
        case hostIP = "HostIp"
        case hostPort = "HostPort"
    }

    package init() {}
}
