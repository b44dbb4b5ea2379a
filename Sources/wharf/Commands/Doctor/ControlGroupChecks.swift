// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Through which trees containers are limited.
enum ControlGroupChecks {
    /// What each controller is for.
    private static let uses = [
        ("cpu", "shares and quotas of processors"), ("cpuset", "which processors"), ("memory", "limits of memory"),
        ("pids", "limits of processes"), ("io", "limits of block devices"),
    ]

    /// The checks.
    static func run() -> [Check] {
        let trees: ControlGroupHierarchies
        do {
            trees = try ControlGroupHierarchies.discover()
        } catch {
            return [
                .problem(
                    .controlGroups,
                    "mounted",
                    "\(error)",
                    remedy: "mount control groups: `mount -t cgroup2 cgroup2 /sys/fs/cgroup`"
                )
            ]
        }
        guard trees.unified != nil || !trees.legacy.isEmpty else {
            return [
                .problem(
                    .controlGroups,
                    "mounted",
                    "no tree of control groups is mounted",
                    remedy: "mount one: `mount -t cgroup2 cgroup2 /sys/fs/cgroup`"
                )
            ]
        }
        return uses.map { controller(trees, $0.0, $0.1) } + [devices(trees), freezer(trees), own(trees), clone(trees)]
    }

    private static func place(_ tree: ControlGroupHierarchy, _ trees: ControlGroupHierarchies) -> String {
        let folder = ([tree.mountPoint, tree.base] + trees.parent).filter { !$0.isEmpty }.joined(separator: "/")
        return "version \(tree.version == .two ? 2 : 1), \(folder)"
    }

    private static func controller(_ trees: ControlGroupHierarchies, _ name: String, _ use: String) -> Check {
        guard let tree = trees.hierarchy(of: name) else {
            return .warning(
                .controlGroups,
                name,
                "no controller for \(use)",
                remedy: "with version 2, delegate it: `echo +\(name) > cgroup.subtree_control` in the group above, or "
                    + "`Delegate=yes` in a unit of systemd; memory may want `cgroup_enable=memory` at boot"
            )
        }
        return .ok(.controlGroups, name, "\(use): \(place(tree, trees))")
    }

    private static func devices(_ trees: ControlGroupHierarchies) -> Check {
        if let tree = trees.hierarchy(of: "devices") {
            return .ok(.controlGroups, "devices", "which devices: \(place(tree, trees))")
        }
        if let tree = trees.unified {
            return .ok(.controlGroups, "devices", "which devices: a program of the kernel, \(place(tree, trees))")
        }
        return .problem(
            .controlGroups,
            "devices",
            "nothing keeps containers from devices",
            remedy: "mount version 2, or the controller `devices` of version 1"
        )
    }

    private static func freezer(_ trees: ControlGroupHierarchies) -> Check {
        if let tree = trees.hierarchy(of: "freezer") {
            return .ok(.controlGroups, "freezer", "pausing: \(place(tree, trees))")
        }
        if let tree = trees.unified, KernelRelease.running >= KernelRelease(major: 5, minor: 2) {
            return .ok(.controlGroups, "freezer", "pausing: \(place(tree, trees))")
        }
        return .warning(
            .controlGroups,
            "freezer",
            "nothing pauses containers",
            remedy: "mount version 2, or the controller `freezer` of version 1"
        )
    }

    /// Makes a group as a container gets one, and removes it.
    private static func own(_ trees: ControlGroupHierarchies) -> Check {
        do {
            let group = try ControlGroup.create(["doctor-\(getpid())"], in: trees)
            try group.remove()
            return .ok(.controlGroups, "create", "groups of containers can be made")
        } catch {
            return .problem(
                .controlGroups,
                "create",
                "\(error)",
                remedy: geteuid() == 0
                    ? "mount the control groups writable"
                    : "run as root, or delegate a group to the user: `Delegate=yes` in a unit of systemd"
            )
        }
    }

    /// Clones into a group of its own, where there is a tree of version 2.
    private static func clone(_ trees: ControlGroupHierarchies) -> Check {
        let slow = "start containers a little slower"
        guard let tree = trees.unified else {
            return .warning(
                .controlGroups,
                "cloneInto",
                "processes cannot be born in their group: version 2 is not mounted",
                remedy: "mount it beside version 1, or \(slow): `mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified`"
            )
        }
        let parent = [tree.mountPoint, tree.base].filter { !$0.isEmpty }.joined(separator: "/")
        let name = FilePath(stringLiteral: "wharf-doctor-\(getpid())")
        do {
            let folder = try Descriptor.open(parent, O_RDONLY | O_DIRECTORY)
            try folder.makeDirectory(name, mode: 0o755)
            defer { try? folder.remove(name, isDirectory: true) }
            try KernelFeature.cloneIntoControlGroup.probe(in: "\(parent)/\(name)")
            return .ok(.controlGroups, "cloneInto", "processes are born in their group (clone3)")
        } catch {
            return .warning(
                .controlGroups,
                "cloneInto",
                "processes cannot be born in their group: \(error)",
                remedy: "use Linux 5.7 or newer, or \(slow)"
            )
        }
    }
}
