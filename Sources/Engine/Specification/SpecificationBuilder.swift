// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux
import OCI
import Runtime
import Store

/// A container that runs, and whose namespaces another one joins.
struct JoinedContainer: Sendable {
    var id: ObjectID
    /// Its first process, as the host numbers it.
    var pid: Int32
    /// Its folder on the host.
    var directory: String
    /// Its names of host and domain.
    var hostname: String
    var domainname: String
    /// How it shares its memory, the `IpcMode` of its request.
    var ipcMode: String
    /// The memory that it shares, as a mount that is attached nowhere; borrowed until the launch, nil where there is none.
    var sharedMemory: Int32?

    /// A container that can be joined.
    ///
    /// - Parameters:
    ///   - snapshot: The container.
    ///   - sharedMemory: The memory that it shares.
    /// - Throws: `conflict` where it does not run.
    init(_ snapshot: ContainerSnapshot, sharedMemory: Int32? = nil) throws(EngineError) {
        guard [.running, .paused].contains(snapshot.state.phase), let pid = snapshot.state.pid else {
            throw EngineError(.conflict, "cannot join namespace of a non running container: \(snapshot.id.description)")
        }
        id = snapshot.id
        self.pid = pid
        directory = snapshot.folder.path
        (hostname, domainname) = (
            snapshot.definition.request.config.hostname, snapshot.definition.request.config.domainname
        )
        ipcMode = snapshot.definition.request.hostConfig.ipcMode
        self.sharedMemory = sharedMemory
    }
}

/// Makes the specification of a container from its definition.
struct SpecificationBuilder {
    /// What the engine has to find out before.
    struct Context: Sendable {
        /// The containers of ``SpecificationBuilder/references(in:)``, by the references.
        var joined: [String: JoinedContainer] = [:]
        /// The files of the host.
        var host = ContainerFiles.Host()
        /// Which files of the engine's are mounted.
        var places = ContainerFiles.places
        /// A new memory for a container that shares its own, see ``SharedMemory``; borrowed until the launch.
        ///
        /// Without it nobody can join the memory of the container.
        var sharedMemory: Int32?
        /// The volumes and files, by their places in the container; borrowed until the launch.
        var volumes: [String: Int32] = [:]

        init() {}
    }

    let snapshot: ContainerSnapshot
    let context: Context
    let mounts: RequestedMounts
    let security: SecurityOptions

    var config: EngineAPI.ContainerConfig { snapshot.definition.request.config }
    var host: HostConfig { snapshot.definition.request.hostConfig }
    var network: NetworkMode { NetworkMode(host.networkMode) }

    /// The containers whose namespaces a container joins, as its request names them.
    static func references(in host: HostConfig) -> [String] {
        var found: [String] = []
        for mode in [host.networkMode, host.pidMode, host.ipcMode] {
            guard case .container(let reference) = NetworkMode(mode), !found.contains(reference) else { continue }
            found.append(reference)
        }
        return found
    }

    /// The specification of a container.
    ///
    /// - Parameters:
    ///   - snapshot: The container, whose request is settled.
    ///   - context: What the engine has found out.
    /// - Returns: The specification; its user is found out by ``ContainerSpecification/complete(with:)``.
    /// - Throws: What cannot be done, with the field.
    static func specification(
        of snapshot: ContainerSnapshot,
        _ context: Context
    ) throws(EngineError) -> ContainerSpecification {
        do {
            return try SpecificationBuilder(snapshot, context).build()
        } catch {
            throw EngineError(.badParameter, error.text)
        }
    }

    /// The filter of system calls of a container.
    static func seccomp(of definition: ContainerDefinition) throws(EngineError) -> SeccompChoice {
        let host = definition.request.hostConfig
        do {
            return seccomp(of: host, try SecurityOptions(host.securityOpt ?? []))
        } catch {
            throw EngineError(.badParameter, error.text)
        }
    }

    private static func seccomp(of host: HostConfig, _ security: SecurityOptions) -> SeccompChoice {
        host.privileged && security.seccomp == .standard ? .none : security.seccomp
    }

    private init(_ snapshot: ContainerSnapshot, _ context: Context) throws(RequestProblem) {
        self.snapshot = snapshot
        self.context = context
        mounts = RequestedMounts(settled: snapshot.definition.allMounts)
        security = try SecurityOptions(snapshot.definition.request.hostConfig.securityOpt ?? [])
    }

    private func build() throws(RequestProblem) -> ContainerSpecification {
        var runtime = RuntimeSpec()
        var linux = RuntimeSpec.Linux()
        linux.namespaces = try namespaces()
        linux.sysctl = sysctls()
        if !host.resources.cgroupParent.isEmpty {
            linux.cgroupsPath = HostPath.clean("/" + host.resources.cgroupParent) + "/" + snapshot.id.description
        }
        let defaults = RuntimeSpec.containerDefault([])
        let isOpen = security.showsSystemPaths || host.privileged
        linux.maskedPaths = host.maskedPaths ?? (isOpen ? [] : defaults.linux?.maskedPaths ?? [])
        linux.readonlyPaths = host.readonlyPaths ?? (isOpen ? [] : defaults.linux?.readonlyPaths ?? [])
        let devices = try self.devices()
        linux.devices = devices.nodes
        var resources = try RuntimeSpec.Resources(host.resources)
        resources.devices = devices.rules
        linux.resources = resources
        runtime.linux = linux
        // The root itself comes as a descriptor.
        runtime.root = RuntimeSpec.Root(path: "", readonly: host.readonlyRootfs)
        (runtime.hostname, runtime.domainname) = names
        runtime.mounts = try allMounts(defaults.mounts)
        runtime.annotations = host.annotations ?? [:]
        runtime.process = try process()
        return ContainerSpecification(
            runtime: runtime,
            seccomp: Self.seccomp(of: host, security),
            // In the namespace of others the init would not be the first process, and nothing would be left to it.
            hasInit: host.usesInit == true && host.pidMode.isEmpty,
            files: network.isContainer
                ? nil
                : ContainerFiles(snapshot.definition.request, host: context.host, snapshot.details.endpoints ?? []),
            sources: mounts.mounts.compactMap { mount in
                if case .bind(let source, createsSource: true) = mount.kind { source } else { nil }
            },
            sharedMemorySize: host.ipcMode == "shareable" ? host.shmSize : nil,
            user: config.user,
            groups: host.groupAdd ?? []
        )
    }

    // MARK: The process

    private func process() throws(RequestProblem) -> RuntimeSpec.Process {
        var process = RuntimeSpec.Process(args: config.commandLine)
        process.cwd = config.workingDir.isEmpty ? "/" : config.workingDir
        var named = config
        if network.isContainer { named.hostname = names.host }
        process.env = Environment.variables(of: named, hasTerminal: config.tty)
        process.terminal = config.tty
        process.consoleSize = RuntimeSpec.ConsoleSize(host.consoleSize)
        process.capabilities = RuntimeSpec.Capabilities(containing: try capabilities())
        process.noNewPrivileges = security.hasNoNewPrivileges
        process.oomScoreAdj = host.oomScoreAdj
        process.rlimits = (host.resources.ulimits ?? []).map { limit in
            RuntimeSpec.ResourceLimit(
                type: "RLIMIT_\(limit.name.uppercased())",
                hard: RequestChecker.number(limit.hard),
                soft: RequestChecker.number(limit.soft)
            )
        }
        return process
    }

    private func capabilities() throws(RequestProblem) -> CapabilitySet {
        if host.privileged { return .all }
        do {
            return try .container(adding: host.capAdd ?? [], dropping: host.capDrop ?? [])
        } catch {
            throw RequestProblem("invalid CapAdd or CapDrop: \(error)")
        }
    }

    private var names: (host: String, domain: String) {
        if host.utsMode == "host" { return ("", "") }
        if case .container(let reference) = network, let other = context.joined[reference] {
            return (other.hostname, other.domainname)
        }
        return (config.hostname, config.domainname)
    }

    // MARK: Namespaces

    private func namespaces() throws(RequestProblem) -> [RuntimeSpec.Namespace] {
        var namespaces: [RuntimeSpec.Namespace] = [.init(.mount)]
        let modes: [(RuntimeSpec.Namespace.Kind, String, String)] = [
            (.pid, host.pidMode, "pid"), (.ipc, host.ipcMode, "ipc"), (.uts, host.utsMode, "uts"),
            (.network, host.networkMode, "net"), (.cgroup, host.cgroupnsMode, "cgroup"),
        ]
        for (kind, mode, file) in modes where mode != "host" {
            guard case .container(let reference) = NetworkMode(mode) else {
                namespaces.append(.init(kind))
                continue
            }
            guard let other = context.joined[reference] else {
                throw RequestProblem("cannot join the \(file) namespace of \(reference): no such container runs")
            }
            if kind == .ipc, !["shareable", "host"].contains(other.ipcMode), !other.ipcMode.hasPrefix("container:") {
                throw RequestProblem(
                    "can't join IPC of container \(other.id.description): non-shareable IPC (hint: use IpcMode:shareable "
                        + "for the donor container)"
                )
            }
            namespaces.append(.init(kind, path: "/proc/\(other.pid)/ns/\(file)"))
        }
        return namespaces
    }

    private func sysctls() -> [String: String] {
        // What belongs to others is not the container's to change.
        let defaults = network.isPrivate ? RuntimeSpec.containerDefault([]).linux?.sysctl ?? [:] : [:]
        return defaults.merging(host.sysctls ?? [:]) { _, own in own }
    }

    // MARK: Devices

    private func devices() throws(RequestProblem) -> (nodes: [RuntimeSpec.Device], rules: [RuntimeSpec.DeviceRule]) {
        var entries = host.privileged ? HostDevices.all() : []
        for mapping in host.resources.devices ?? [] { entries += try HostDevices.entries(for: mapping) }
        var places: [String: Int] = [:]
        var nodes: [RuntimeSpec.Device] = []
        for entry in entries {
            if let place = places[entry.device.path] {
                nodes[place] = entry.device
            } else {
                places[entry.device.path] = nodes.count
                nodes.append(entry.device)
            }
        }
        if host.privileged { return (nodes, [RuntimeSpec.DeviceRule(allow: true, access: "rwm")]) }
        var rules = entries.map(\.rule)
        for text in host.resources.deviceCgroupRules ?? [] { rules.append(try DeviceRuleText.parse(text)) }
        return (nodes, rules)
    }
}

extension RuntimeSpec.ConsoleSize {
    /// The size of a terminal as requests have it: rows and columns; nil where there is none.
    init?(_ size: [UInt32]?) {
        guard let size, size.count == 2, size.contains(where: { $0 != 0 }) else { return nil }
        self.init(height: UInt(min(size[0], 65_535)), width: UInt(min(size[1], 65_535)))
    }
}
