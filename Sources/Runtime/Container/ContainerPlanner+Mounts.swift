// SPDX-License-Identifier: Apache-2.0

import CLinux
import CSandbox
import Glibc
import Linux
import OCI

extension ContainerPlanner {
    /// Attaches the root and everything below it.
    mutating func mountAll() throws(LaunchError) {
        builder.describe("root")
        // Nothing that is mounted from here on may reach the host.
        builder.add(CSANDBOX_PROPAGATION, "mount", on: "/", x: UInt64(CLinux.MS_REC | CLinux.MS_PRIVATE))
        root = builder.input(try rootTree())
        let stage = builder.open("/", in: .none, flags: CLINUX_O_PATH | O_DIRECTORY, resolve: 0)
        makeCovers()
        builder.add(CSANDBOX_ATTACH, "move_mount", on: "/", root, stage)
        builder.close(stage)
        makeTrustedProc()
        // While nothing of the specification can make the procfs read-only.
        if !isOwn(.user) { ProcessSteps.addScore(of: process, in: proc, &builder) }
        setSysctls()
        for (index, mount) in specification.mounts.enumerated() {
            builder.describe("mounts[\(index)] (\(mount.destination))")
            try add(mount, field: "mounts[\(index)]")
        }
        try openTerminal()
    }

    private func rootTree() throws(LaunchError) -> Int32 {
        if let root = request.root { return root }
        guard let path = specification.root?.path, !path.isEmpty else {
            throw .specification(field: "root.path", "is missing")
        }
        return try open("root.path") { () throws(SystemError) in
            let tree = try Descriptor.tree(of: path, isRecursive: true)
            try tree.setMountAttributes(propagation: UInt64(CLinux.MS_PRIVATE), isRecursive: true)
            return tree
        }
    }

    /// Prepares what covers masked paths: from the host and from a file system of our own, never out of the container.
    ///
    /// Both must be attached in this mount namespace, or kernels before 6.15 do not clone them; they go with the old
    /// root.
    private mutating func makeCovers() {
        guard !linux.maskedPaths.isEmpty else { return }
        builder.describe("linux.maskedPaths")
        let flags = CLINUX_O_PATH | O_NOFOLLOW
        let file = builder.open("/dev/null", in: .none, flags: flags, resolve: RESOLVE_NO_SYMLINKS)
        builder.add(CSANDBOX_CHECK_DEVICE, "fstat", on: "/dev/null", file, x: HostDevice.nullNumber)
        let limits = [("nr_blocks", "1"), ("nr_inodes", "2")].map(MountOptions.Parameter.init)
        let directory = newMount("tmpfs", parameters: limits, attributes: UInt64(MOUNT_ATTR_RDONLY))
        let place = builder.open("/proc", in: .none, flags: CLINUX_O_PATH | O_DIRECTORY, resolve: RESOLVE_NO_SYMLINKS)
        builder.add(CSANDBOX_ATTACH, "move_mount", on: "/proc", directory, place)
        builder.close(place)
        covers = (directory, file)
        builder.describe("root")
    }

    private mutating func makeTrustedProc() {
        proc = newMount("proc", attributes: UInt64(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC))
        builder.add(CSANDBOX_CHECK_TYPE, "fstatfs", on: "proc", proc, x: UInt64(procfsMagic))
    }

    /// A new file system as a detached mount.
    private mutating func newMount(
        _ type: String,
        source: String = "",
        parameters: [MountOptions.Parameter] = [],
        attributes: UInt64 = 0
    ) -> Slot {
        let result = builder.slot()
        builder.add(CSANDBOX_FSOPEN, "fsopen", .none, result, text: type)
        if !source.isEmpty {
            builder.add(CSANDBOX_FSCONFIG, "fsconfig", result, text: "source", second: source)
        }
        for parameter in parameters {
            builder.add(CSANDBOX_FSCONFIG, "fsconfig", result, text: parameter.key, second: parameter.value)
        }
        builder.add(CSANDBOX_FSMOUNT, "fsmount", on: type, result, result, x: attributes)
        return result
    }

    private mutating func add(_ mount: RuntimeSpec.Mount, field: String) throws(LaunchError) {
        let options = try MountOptions(mount.options, field: "\(field).options")
        if options.bind != nil || mount.type == "bind" {
            return try bind(mount, options, field: field)
        }
        switch mount.type {
        case "cgroup", "cgroup2":
            addControlGroups(mount, options)
        case "devpts":
            let tree = newMount(mount, options)
            attach(tree, at: mount.destination, options)
            // Kept for the terminal: its master must come from this very instance.
            terminals = tree
        case "tmpfs" where mount.destination == "/dev":
            let tree = newMount(mount, options)
            let purpose = builder.purpose
            try addDevices(to: tree)
            builder.describe(purpose)
            attach(tree, at: mount.destination, options)
            try bindDevices()
            builder.close(tree)
        case "proc" where mount.destination == "/proc":
            attach(proc, at: mount.destination, options)
            setAttributes(of: proc, options)
        case "sysfs" where !ownsNetwork:
            let tree = builder.input(try hostSysfs(options, field: field))
            attach(tree, at: mount.destination, options)
        default:
            let tree = newMount(mount, options)
            attach(tree, at: mount.destination, options)
            builder.close(tree)
        }
    }

    /// Whether a sysfs of the container's own can be mounted: it belongs to the network, not to the user namespace.
    private var ownsNetwork: Bool {
        !isOwn(.user) || isNew(.network) || !isNew(.user) && isOwn(.network)
    }

    /// The host's sysfs without what is mounted in it, read-only.
    private func hostSysfs(_ options: MountOptions, field: String) throws(LaunchError) -> Int32 {
        let attributes = options.attributes.set | UInt64(MOUNT_ATTR_RDONLY)
        return try open(field) { () throws(SystemError) in
            let tree = try Descriptor.tree(of: "/sys", isRecursive: false)
            try tree.setMountAttributes(set: attributes, propagation: UInt64(CLinux.MS_PRIVATE), isRecursive: false)
            return tree
        }
    }

    private mutating func newMount(_ mount: RuntimeSpec.Mount, _ options: MountOptions) -> Slot {
        newMount(
            mount.type,
            source: mount.source,
            parameters: options.parameters,
            attributes: options.attributes.set | options.recursiveAttributes.set
        )
    }

    private mutating func setAttributes(of tree: Slot, _ options: MountOptions) {
        if !options.attributes.isEmpty {
            let (set, clear) = (options.attributes.set, options.attributes.clear)
            builder.add(CSANDBOX_SET_ATTRIBUTES, "mount_setattr", tree, x: set, y: clear)
        }
    }

    /// Attaches a tree at a place of the container, which is made if it is missing.
    private mutating func attach(
        _ tree: Slot,
        at destination: String,
        _ options: MountOptions,
        kind: csandbox_target = CSANDBOX_TARGET_DIRECTORY
    ) {
        let place = builder.slot()
        builder.add(
            CSANDBOX_TARGET,
            "openat2",
            root,
            place,
            x: UInt64(kind.rawValue),
            text: destination,
            flags: Self.kernelPlaces.contains(destination) ? CSANDBOX_NO_LINKS : nil
        )
        builder.add(CSANDBOX_ATTACH, "move_mount", on: destination, tree, place)
        builder.close(place)
        if let propagation = options.propagation, propagation.kind != .private {
            builder.add(
                CSANDBOX_SET_ATTRIBUTES,
                "mount_setattr",
                on: destination,
                tree,
                z: propagation.flag,
                flags: propagation.isRecursive ? CSANDBOX_RECURSIVE : nil
            )
        }
    }

    /// Where programs look for what the kernel tells: an image that leads elsewhere from there means to deceive.
    private static let kernelPlaces: Set = ["/dev", "/proc", "/sys"]

    // MARK: Binds

    private mutating func bind(
        _ mount: RuntimeSpec.Mount,
        _ options: MountOptions,
        field: String
    ) throws(LaunchError) {
        let isRecursive = options.bind == .recursive
        let number = try open("\(field).source") { () throws(SystemError) in
            let tree = try Descriptor.tree(of: mount.source, isRecursive: isRecursive)
            // Peers of the host are left before the container sees the mount, unless it is to share with them.
            if options.propagation.map({ $0.kind == .private }) ?? true {
                try tree.setMountAttributes(propagation: UInt64(CLinux.MS_PRIVATE), isRecursive: true)
            }
            if !options.attributes.isEmpty {
                let (set, clear) = (options.attributes.set, options.attributes.clear)
                try tree.setMountAttributes(set: set, clear: clear, isRecursive: false)
            }
            if !options.recursiveAttributes.isEmpty {
                let (set, clear) = (options.recursiveAttributes.set, options.recursiveAttributes.clear)
                try tree.setMountAttributes(set: set, clear: clear, isRecursive: true)
            }
            return tree
        }
        try mapIDs(of: number, mount, options, field: field)
        let isDirectory = FileKind.isDirectory(number)
        let target = isDirectory ? CSANDBOX_TARGET_DIRECTORY : CSANDBOX_TARGET_FILE
        attach(builder.input(number), at: mount.destination, options, kind: target)
    }

    private func mapIDs(
        of tree: Int32,
        _ mount: RuntimeSpec.Mount,
        _ options: MountOptions,
        field: String
    ) throws(LaunchError) {
        guard options.idMap != nil || !mount.uidMappings.isEmpty || !mount.gidMappings.isEmpty else { return }
        let users = mount.uidMappings.isEmpty ? linux.uidMappings : mount.uidMappings
        let groups = mount.gidMappings.isEmpty ? linux.gidMappings : mount.gidMappings
        guard !users.isEmpty, !groups.isEmpty else {
            throw .specification(field: "\(field).uidMappings", "are missing for an id-mapped mount")
        }
        do {
            let isRecursive = options.idMap == .recursive
            try MountOwners.map(tree, mount.source, users: users, groups: groups, isRecursive: isRecursive)
        } catch {
            throw .setup("\(field).uidMappings", error)
        }
    }

    // MARK: Control groups

    /// The container's own groups: one file system for version 2, a directory of them for version 1.
    private mutating func addControlGroups(_ mount: RuntimeSpec.Mount, _ options: MountOptions) {
        let attributes = options.attributes.set
        guard !request.controlGroups.hierarchies.isEmpty else {
            let tree = newMount("cgroup2", source: "cgroup", attributes: attributes)
            attach(tree, at: mount.destination, options)
            return builder.close(tree)
        }
        let parameters = [MountOptions.Parameter(key: "mode", value: "755")]
        let folder = newMount("tmpfs", source: "cgroup", parameters: parameters)
        for hierarchy in request.controlGroups.hierarchies {
            builder.add(CSANDBOX_MAKE_DIRECTORY, "mkdirat", folder, x: 0o755, text: hierarchy.name)
            let controllers = hierarchy.options
            if hierarchy.name != controllers.first, controllers.allSatisfy({ !$0.contains("=") }) {
                for controller in controllers {
                    builder.add(CSANDBOX_MAKE_LINK, "symlinkat", folder, text: hierarchy.name, second: controller)
                }
            }
        }
        attach(folder, at: mount.destination, options)
        for hierarchy in request.controlGroups.hierarchies {
            let parameters = hierarchy.options.map { option -> MountOptions.Parameter in
                let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
                return MountOptions.Parameter(key: parts[0], value: parts.count > 1 ? parts[1] : nil)
            }
            let tree = newMount("cgroup", source: "cgroup", parameters: parameters, attributes: attributes)
            let place = builder.slot()
            builder.add(CSANDBOX_TARGET, "openat2", folder, place, text: hierarchy.name)
            builder.add(CSANDBOX_ATTACH, "move_mount", on: hierarchy.name, tree, place)
            builder.close(place)
            builder.close(tree)
        }
        setAttributes(of: folder, options)
        builder.close(folder)
    }
}

private let procfsMagic: UInt32 = 0x9fa0
