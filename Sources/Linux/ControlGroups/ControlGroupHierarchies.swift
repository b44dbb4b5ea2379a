// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One tree of control groups and the place in it below which ours are made.
package struct ControlGroupHierarchy: Sendable {
    package let version: ControlGroupVersion
    /// The controllers that act through it, by their names in `/proc/self/cgroup`.
    package let controllers: [String]
    /// Where it is mounted.
    package let mountPoint: String
    /// The way from the mount point to the base, without slashes at its ends; empty where they are the same.
    package let base: String
    let root: Root

    /// The open base directory, shared by all groups.
    final class Root: Sendable {
        let directory: ControlGroupDirectory

        init(opening path: String) throws(SystemError) {
            directory = try ControlGroupDirectory(opening: path)
        }
    }

    init(
        _ version: ControlGroupVersion,
        controllers: [String],
        mountPoint: String,
        base: String
    ) throws(SystemError) {
        self.version = version
        self.controllers = controllers
        self.mountPoint = mountPoint
        self.base = base
        root = try Root(opening: base.isEmpty ? mountPoint : "\(mountPoint)/\(base)")
    }

    init(narrowing other: ControlGroupHierarchy, to controllers: [String]) {
        version = other.version
        self.controllers = controllers
        (mountPoint, base, root) = (other.mountPoint, other.base, other.root)
    }
}

/// The trees of control groups of this machine: version 1, version 2, or some controllers in each.
package struct ControlGroupHierarchies: Sendable {
    /// Below which group ours are made.
    package enum Base: Equatable, Sendable {
        /// The uppermost one that can be seen: what Docker does as root.
        ///
        /// The limits of the session that happened to start the engine then don't bind containers, and no process of
        /// the engine is in the way of version 2's rule that only leaves hold processes.
        case top
        /// The group of this process, as `/proc/self/cgroup` names it: what was delegated to a user.
        case own
    }

    /// The tree of version 2; nil where it is not mounted.
    package var unified: ControlGroupHierarchy?
    /// The trees of version 1 whose controllers are of use here.
    package var legacy: [ControlGroupHierarchy]
    /// The groups between the base and a container's; made and removed as needed.
    package var parent = ["wharf"]
    /// Whether ``parent`` is somebody else's, named by the user, and must not be removed.
    package var keepsParent = false
    private var ownMove: OwnGroupMove?

    /// Finds the trees.
    ///
    /// Each controller is used where the kernel has it: in version 2 if the base's `cgroup.controllers` lists it, else
    /// in version 1 if it is mounted. Without any controller the tree of version 2 still serves to clone into, to
    /// freeze, to kill and to learn when a group is empty.
    ///
    /// - Parameter base: Below which group ours are made.
    /// - Returns: The trees; none at all where nothing is mounted.
    /// - Throws: Where `/proc` or a mounted tree cannot be read.
    package static func discover(
        base: Base = geteuid() == 0 ? .top : .own
    ) throws(ControlGroupError) -> ControlGroupHierarchies {
        do {
            let process = try ControlGroupDirectory(opening: "/proc/self")
            let ownGroups = try process.read("cgroup")
            let found = ControlGroupMount.all(mountInfo: try process.read("mountinfo"), ownGroups: ownGroups)
            var hierarchies = try ControlGroupHierarchies(found, base: base)
            if !hierarchies.legacy.isEmpty { hierarchies.ownMove = OwnGroupMove(found, groups: ownGroups) }
            return hierarchies
        } catch {
            throw ControlGroupError("find the control groups", error)
        }
    }

    init(_ mounts: [ControlGroupMount], base: Base) throws(SystemError) {
        unified = nil
        legacy = []
        for mount in mounts where mount.version == .two && unified == nil {
            guard let path = base == .top ? "" : mount.ownBase else { continue }
            let tree = try ControlGroupHierarchy(.two, controllers: [], mountPoint: mount.mountPoint, base: path)
            let listed = try tree.root.directory.readIfPresent("cgroup.controllers") ?? ""
            unified = ControlGroupHierarchy(
                narrowing: tree,
                to: listed.split(whereSeparator: \.isWhitespace).map(String.init)
            )
        }
        let freezes = unified != nil && KernelRelease.running >= Self.unifiedFreezer
        for mount in mounts where mount.version == .one {
            guard let path = base == .top ? "" : mount.ownBase else { continue }
            let useful = mount.controllers.filter {
                Self.usefulInOne.contains($0) && !($0 == "freezer" && freezes)
                    && !legacy.flatMap(\.controllers).contains($0)
            }
            if useful.isEmpty { continue }
            legacy.append(
                try ControlGroupHierarchy(.one, controllers: useful, mountPoint: mount.mountPoint, base: path)
            )
        }
    }

    /// The release from which on version 2 freezes, with or without controllers.
    private static let unifiedFreezer = KernelRelease(major: 5, minor: 2)

    /// What limits, measures, or freezes; each further tree would cost every start a directory and a migration.
    private static let usefulInOne: Set = [
        "blkio", "cpu", "cpuacct", "cpuset", "devices", "freezer", "hugetlb", "memory", "pids",
    ]

    /// Has the wait pass that putting a process into a group of version 1 costs, while that process is prepared.
    ///
    /// The call returns at once, and does nothing where everything is in version 2.
    package func anticipateMove() {
        ownMove?.begin()
    }

    /// The tree through which a controller acts; nil where there is none.
    ///
    /// - Parameter controller: Its name of version 2 (`io`), or that of version 1 where it has none there (`devices`).
    /// - Returns: The tree.
    package func hierarchy(of controller: String) -> ControlGroupHierarchy? {
        if let unified, unified.controllers.contains(controller) { return unified }
        let old = controller == "io" ? "blkio" : controller
        return legacy.first { $0.controllers.contains(old) }
    }

    /// Every tree, that of version 2 first: its group stands for the container's identity.
    var all: [ControlGroupHierarchy] {
        (unified.map { [$0] } ?? []) + legacy
    }
}

/// A mounted tree of control groups, as `/proc/self/mountinfo` and `/proc/self/cgroup` describe it.
struct ControlGroupMount: Equatable {
    var version: ControlGroupVersion
    /// Version 1 only.
    var controllers: [String]
    var mountPoint: String
    /// The way from the mount point to the group of this process; nil where the mount does not show that.
    var ownBase: String?

    /// Finds the mounts.
    ///
    /// Of several mounts of one tree the first that shows the group of this process counts, else the first.
    ///
    /// - Parameters:
    ///   - mountInfo: The text of `/proc/self/mountinfo`.
    ///   - ownGroups: The text of `/proc/self/cgroup`.
    /// - Returns: The mounts, one for each tree.
    static func all(mountInfo: String, ownGroups: String) -> [ControlGroupMount] {
        let own = ownGroups.split(separator: "\n").compactMap { line -> (controllers: [Substring], path: Substring)? in
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return nil }
            return (fields[1].split(separator: ","), fields[2])
        }
        var found: [ControlGroupMount] = []
        for line in mountInfo.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count >= dash + 4 else { continue }
            let version: ControlGroupVersion
            switch fields[dash + 1] {
            case "cgroup": version = .one
            case "cgroup2": version = .two
            default: continue
            }
            let options = Set(fields[dash + 3].split(separator: ","))
            let group = own.first { group in
                version == .two
                    ? group.controllers.isEmpty
                    : !group.controllers.isEmpty && options.isSuperset(of: group.controllers)
            }
            guard let group else { continue }
            let mount = ControlGroupMount(
                version: version,
                controllers: group.controllers.map(String.init),
                mountPoint: unescaped(fields[4]),
                ownBase: way(from: unescaped(fields[3]), to: String(group.path))
            )
            let known = found.firstIndex { $0.version == version && $0.controllers == mount.controllers }
            if let known {
                if found[known].ownBase == nil, mount.ownBase != nil { found[known] = mount }
            } else {
                found.append(mount)
            }
        }
        return found
    }

    private static func way(from root: String, to path: String) -> String? {
        if path.hasPrefix("/..") || root.hasPrefix("/..") { return nil }
        if root == "/" { return String(path.drop { $0 == "/" }) }
        if path == root { return "" }
        return path.hasPrefix(root + "/") ? String(path.dropFirst(root.utf8.count + 1)) : nil
    }

    /// Undoes the octal escapes of mountinfo: `\040` is a space.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
