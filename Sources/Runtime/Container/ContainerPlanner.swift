// SPDX-License-Identifier: Apache-2.0

import CLinux
import CSandbox
import Glibc
import Linux
import OCI

/// Turns a container's specification into a plan.
///
/// The order of the steps is that of the kernel's rules: each namespace before what it owns, everything with paths
/// before the root changes, what takes privileges last.
struct ContainerPlanner {
    let request: LaunchRequest
    let specification: RuntimeSpec
    let linux: RuntimeSpec.Linux
    let process: RuntimeSpec.Process
    var builder = PlanBuilder()
    /// What this planner has opened on the host.
    let opened = DescriptorBag()

    /// The root of the container, once it is attached.
    var root = Slot.none
    /// A procfs of the container's pid namespace that nobody else can have tampered with.
    var proc = Slot.none
    /// What lies over masked directories and over masked files.
    var covers: (directory: Slot, file: Slot)?
    /// The container's own instance of devpts, if it mounts one.
    var terminals: Slot?
    /// The process's end of its terminal.
    var terminal: Slot?

    /// The plan of a container.
    ///
    /// - Parameter request: What to start.
    /// - Returns: The plan.
    /// - Throws: The field that cannot be honoured, before any process exists.
    static func plan(_ request: LaunchRequest) throws(LaunchError) -> Plan {
        var planner = try ContainerPlanner(request)
        try planner.check()
        try planner.enterNamespaces()
        try planner.mountAll()
        try planner.leaveHostBehind()
        try planner.processSteps.append(to: &planner.builder)
        return try planner.builder.build(keeping: planner.opened)
    }

    private init(_ request: LaunchRequest) throws(LaunchError) {
        guard let process = request.specification.process else {
            throw .specification(field: "process", "is missing: there is no program to run")
        }
        self.request = request
        specification = request.specification
        linux = request.specification.linux ?? RuntimeSpec.Linux()
        self.process = process
    }

    // MARK: Namespaces

    /// Whether the container gets a new namespace of a kind.
    func isNew(_ kind: RuntimeSpec.Namespace.Kind) -> Bool {
        linux.namespaces.contains { $0.type == kind && $0.path.isEmpty }
    }

    /// Whether the container has a namespace of a kind other than the host's.
    ///
    /// A path may lead to the host's own.
    func isOwn(_ kind: RuntimeSpec.Namespace.Kind) -> Bool {
        linux.namespaces.contains { $0.type == kind && ($0.path.isEmpty || !Self.isOfHost($0)) }
    }

    private static func isOfHost(_ namespace: RuntimeSpec.Namespace) -> Bool {
        var (own, given) = (stat(), stat())
        return stat("/proc/self/ns/\(namespace.type.fileName)", &own) == 0 && stat(namespace.path, &given) == 0
            && own.st_dev == given.st_dev && own.st_ino == given.st_ino
    }

    /// Whether the container joins an existing namespace of a kind, one that is not the host's.
    private func joins(_ kind: RuntimeSpec.Namespace.Kind) -> Bool {
        linux.namespaces.contains { $0.type == kind && !$0.path.isEmpty }
    }

    /// The new namespace of a kind that is there already.
    private func prepared(_ kind: RuntimeSpec.Namespace.Kind) -> Int32? {
        kind == .network && isNew(.network) ? request.network : nil
    }

    /// Whether the network is one that the container's user namespace has no rights over.
    private var setsHostNetwork: Bool { isNew(.user) && joins(.network) }

    /// Enters the namespaces.
    ///
    /// Joining one takes rights over it that a new user namespace does not have, so that whoever joins any does it
    /// first and makes the new ones, the user namespace among them, with a sibling.
    private mutating func enterNamespaces() throws(LaunchError) {
        builder.describe("linux.namespaces")
        let made = linux.namespaces.filter { $0.path.isEmpty && $0.type != .cgroup && prepared($0.type) == nil }
        let new = made.reduce(0) { $0 | $1.type.cloneFlag }
        let isLate = joins(.user) || isNew(.user) && linux.namespaces.contains { !$0.path.isEmpty }
        if !isLate { builder.cloneFlags = new }
        if let directory = request.controlGroups.directory {
            builder.controlGroup = builder.input(directory)
        }
        builder.attach(to: request.controlGroups.processFiles)
        let maps = (UserNamespace.text(linux.uidMappings), UserNamespace.text(linux.gidMappings))
        if isNew(.user), !isLate { builder.setMaps(user: maps.0, group: maps.1) }
        builder.add(CSANDBOX_CLOEXEC, "close_range", x: 3)
        if isOwn(.user) { ProcessSteps.addScore(of: process, &builder) }
        try joinNamespaces()
        if joins(.user) { becomeRoot() }
        if isLate || joins(.pid) {
            // Joining a pid namespace concerns children only.
            builder.describe("linux.namespaces")
            let (users, groups) = isLate && isNew(.user) ? (maps.0, maps.1) : (nil, nil)
            let flags = isLate ? new : 0
            builder.add(CSANDBOX_FORK_SIBLING, "clone3", on: "", x: flags, text: users, second: groups)
        }
        if isNew(.user) { becomeRoot() }
        if isNew(.cgroup) {
            // After the groups were joined: the namespace's root is where the process stands.
            builder.add(CSANDBOX_UNSHARE, "unshare", on: "cgroup", x: RuntimeSpec.Namespace.Kind.cgroup.cloneFlag)
        }
    }

    /// Takes the ids of the user namespace's root: those outside the maps have no rights over the new namespaces.
    private mutating func becomeRoot() {
        builder.describe("linux.uidMappings")
        builder.add(CSANDBOX_IDS, "setresuid", on: "0")
        builder.describe("linux.namespaces")
    }

    private mutating func joinNamespaces() throws(LaunchError) {
        // The user namespace comes last: over the others, root of the host has rights in any case.
        if let network = prepared(.network) {
            builder.describe("linux.namespaces")
            builder.add(CSANDBOX_SETNS, "setns", on: "net", builder.input(network), x: UInt64(CLONE_NEWNET))
        }
        let joined = linux.namespaces.filter { !$0.path.isEmpty }
        for namespace in joined.filter({ $0.type != .user }) + joined.filter({ $0.type == .user }) {
            let field = "linux.namespaces[\(namespace.type.rawValue)].path"
            let file = try open(field) { () throws(SystemError) in try Descriptor.open(namespace.path, O_RDONLY) }
            builder.describe(field)
            builder.add(
                CSANDBOX_SETNS,
                "setns",
                on: namespace.path,
                builder.input(file),
                x: namespace.type.cloneFlag
            )
            if namespace.type == .network, setsHostNetwork { setNetworkParameters() }
        }
    }

    /// Sets the kernel parameters of a network that the container joins, which its user namespace may not set.
    private mutating func setNetworkParameters() {
        let parameters = linux.sysctl.filter { Sysctl.namespace(of: $0.key) == .network }
        guard !parameters.isEmpty else { return }
        let proc = builder.slot()
        builder.add(CSANDBOX_FSOPEN, "fsopen", .none, proc, text: "proc")
        builder.add(CSANDBOX_FSMOUNT, "fsmount", on: "proc", proc, proc)
        for (name, value) in parameters.sorted(by: { $0.key < $1.key }) {
            builder.describe("linux.sysctl.\(name)")
            builder.add(CSANDBOX_WRITE, "write", proc, text: "sys/" + Sysctl.path(of: name), second: value)
        }
        builder.close(proc)
    }

    // MARK: The root

    private mutating func leaveHostBehind() throws(LaunchError) {
        hidePaths()
        builder.describe("process.cwd")
        let directory = builder.slot()
        builder.add(CSANDBOX_TARGET, "mkdir", root, directory, text: process.cwd, flags: CSANDBOX_ALLOW_PROC)
        builder.close(directory)
        if specification.root?.readonly == true {
            builder.describe("root.readonly")
            builder.add(CSANDBOX_SET_ATTRIBUTES, "mount_setattr", on: "/", root, x: UInt64(MOUNT_ATTR_RDONLY))
        }
        builder.describe("root")
        builder.add(CSANDBOX_PIVOT, "pivot_root", on: "/", root)
        if let propagation = MountOptions.Propagation(linux.rootfsPropagation), propagation.kind != .private {
            builder.describe("linux.rootfsPropagation")
            builder.add(
                CSANDBOX_SET_ATTRIBUTES,
                "mount_setattr",
                on: "/",
                root,
                z: propagation.flag,
                flags: propagation.isRecursive ? CSANDBOX_RECURSIVE : nil
            )
        }
        nameHost()
    }

    private mutating func nameHost() {
        if !specification.hostname.isEmpty {
            builder.describe("hostname")
            builder.add(CSANDBOX_HOSTNAME, "sethostname", text: specification.hostname)
        }
        if !specification.domainname.isEmpty {
            builder.describe("domainname")
            builder.add(CSANDBOX_DOMAINNAME, "setdomainname", text: specification.domainname)
        }
    }

    /// Sets the kernel parameters in the trusted procfs.
    mutating func setSysctls() {
        // Those of a network that belongs to the host are for its root to set.
        let early = setsHostNetwork
        for (name, value) in linux.sysctl.sorted(by: { $0.key < $1.key })
        where !early || Sysctl.namespace(of: name) != .network {
            builder.describe("linux.sysctl.\(name)")
            builder.add(CSANDBOX_WRITE, "write", proc, text: "sys/" + Sysctl.path(of: name), second: value)
        }
    }

    private mutating func hidePaths() {
        builder.describe("linux.readonlyPaths")
        for path in linux.readonlyPaths {
            builder.add(CSANDBOX_READ_ONLY, "mount_setattr", root, text: path, flags: CSANDBOX_IF_PRESENT)
        }
        guard let covers else { return }
        builder.describe("linux.maskedPaths")
        for path in linux.maskedPaths {
            builder.add(
                CSANDBOX_MASK,
                "move_mount",
                root,
                covers.directory,
                covers.file,
                text: path,
                flags: CSANDBOX_IF_PRESENT
            )
        }
        builder.close(covers.directory)
        builder.close(covers.file)
    }

    private var processSteps: ProcessSteps {
        var steps = ProcessSteps(process: process, streams: request.streams)
        if isOwn(.user) { steps.userNamespace = .init(users: linux.uidMappings, groups: linux.gidMappings) }
        steps.terminal = terminal
        steps.filter = request.filter
        steps.filterFlags = request.filterFlags
        steps.hasInit = request.hasInit
        steps.gate = request.gate
        steps.deathSignal = request.deathSignal
        steps.personality = linux.personality
        return steps
    }

    // MARK: Host files

    /// Opens something of the host and keeps it until after the launch.
    ///
    /// - Parameters:
    ///   - field: The field of the specification that names it.
    ///   - body: Opens it.
    /// - Returns: Its number.
    /// - Throws: The failure with the field.
    func open(
        _ field: String,
        _ body: () throws(SystemError) -> Descriptor
    ) throws(LaunchError) -> Int32 {
        do {
            return opened.keep(try body())
        } catch {
            throw .setup(field, error)
        }
    }
}

extension RuntimeSpec.Namespace.Kind {
    /// The name in `/proc/PID/ns`.
    fileprivate var fileName: String {
        switch self {
        case .network: "net"
        case .mount: "mnt"
        default: rawValue
        }
    }

    /// The flag of clone3(2), unshare(2) and setns(2).
    var cloneFlag: UInt64 {
        switch self {
        case .pid: UInt64(CLONE_NEWPID)
        case .network: UInt64(CLONE_NEWNET)
        case .mount: UInt64(CLONE_NEWNS)
        case .ipc: UInt64(CLONE_NEWIPC)
        case .uts: UInt64(CLONE_NEWUTS)
        case .user: UInt64(CLONE_NEWUSER)
        case .cgroup: UInt64(CLONE_NEWCGROUP)
        case .time: UInt64(CLONE_NEWTIME)
        }
    }
}
