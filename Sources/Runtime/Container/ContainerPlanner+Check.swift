// SPDX-License-Identifier: Apache-2.0

import Glibc
import OCI

extension ContainerPlanner {
    /// Refuses what a specification must not ask for, or what this runtime does not do, before anything is done.
    func check() throws(LaunchError) {
        try checkProgram()
        try checkNamespaces()
        try checkMounts()
        try checkSysctls()
        guard specification.hooks?.isEmpty ?? true else {
            throw .specification(
                field: "hooks",
                "are programs of the host that a container's file names; they are not run"
            )
        }
        guard linux.seccomp == nil || request.filter != nil else {
            throw .specification(
                field: "linux.seccomp",
                "is not compiled: the request has no filter of system calls"
            )
        }
        guard linux.netDevices.isEmpty else {
            throw .specification(field: "linux.netDevices", "moving network devices is not supported")
        }
        guard linux.intelRdt == nil, linux.memoryPolicy == nil else {
            throw .specification(field: "linux.intelRdt", "and linux.memoryPolicy are not supported")
        }
        guard linux.mountLabel.isEmpty, process.selinuxLabel.isEmpty, process.apparmorProfile.isEmpty else {
            throw .specification(field: "process.selinuxLabel", "and AppArmor profiles are not supported")
        }
        guard process.scheduler == nil, process.ioPriority == nil else {
            throw .specification(field: "process.scheduler", "and process.ioPriority are not supported")
        }
    }

    private func checkProgram() throws(LaunchError) {
        guard let name = process.args.first, !name.isEmpty else {
            throw .specification(field: "process.args", "is empty: there is no program to run")
        }
        guard process.cwd.hasPrefix("/") else {
            throw .specification(field: "process.cwd", "`\(process.cwd)` is not an absolute path")
        }
        try Self.check(process.user)
    }

    /// Ids that the kernel would read as negative are refused: some programs take them for root.
    static func check(_ user: RuntimeSpec.User) throws(LaunchError) {
        for (name, value) in [("uid", user.uid), ("gid", user.gid)]
            + user.additionalGids.map({ ("additionalGids", $0) })
        where value > UInt32(Int32.max) {
            throw .specification(field: "process.user.\(name)", "\(value) is above \(Int32.max), the largest id")
        }
    }

    private func checkNamespaces() throws(LaunchError) {
        var seen: Set<RuntimeSpec.Namespace.Kind> = []
        for namespace in linux.namespaces {
            guard seen.insert(namespace.type).inserted else {
                throw .specification(field: "linux.namespaces", "has `\(namespace.type.rawValue)` twice")
            }
        }
        guard isNew(.mount) else {
            throw .specification(field: "linux.namespaces", "must have a new mount namespace")
        }
        guard request.network == nil || isNew(.network) && !isOwn(.user) else {
            throw .specification(
                field: "linux.namespaces",
                "must have a new network, and no user namespace, where the network is there already"
            )
        }
        guard !isOwn(.time) else {
            throw .specification(field: "linux.namespaces", "time namespaces are not supported")
        }
        guard isNew(.user) != linux.uidMappings.isEmpty, isNew(.user) != linux.gidMappings.isEmpty else {
            throw .specification(
                field: "linux.uidMappings",
                "and linux.gidMappings are needed for a new user namespace, and have no meaning without one"
            )
        }
        try UserNamespace.check(linux.uidMappings, field: "linux.uidMappings")
        try UserNamespace.check(linux.gidMappings, field: "linux.gidMappings")
        guard specification.hostname.isEmpty && specification.domainname.isEmpty || isOwn(.uts) else {
            throw .specification(field: "hostname", "needs a uts namespace: it would change the host's name")
        }
    }

    private func checkMounts() throws(LaunchError) {
        for (index, mount) in specification.mounts.enumerated() {
            guard mount.destination.hasPrefix("/") else {
                let text = "`\(mount.destination)` is not an absolute path"
                throw .specification(field: "mounts[\(index)].destination", text)
            }
            // A bind there could feign what programs trust of the kernel.
            let parts = Self.parts(of: mount.destination)
            guard parts != ["proc"] || mount.type == "proc" else {
                let text = "only a procfs may be mounted at /proc, not `\(mount.type)`"
                throw .specification(field: "mounts[\(index)]", text)
            }
            guard !parts.isEmpty else {
                throw .specification(field: "mounts[\(index)].destination", "the root is no place for a mount")
            }
        }
        for (field, paths) in [("maskedPaths", linux.maskedPaths), ("readonlyPaths", linux.readonlyPaths)] {
            for path in paths where !path.hasPrefix("/") {
                throw .specification(field: "linux.\(field)", "`\(path)` is not an absolute path")
            }
        }
    }

    /// The parts of a path, with `.` and `..` resolved as far as the text alone tells.
    private static func parts(of path: String) -> [Substring] {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts
    }

    private func checkSysctls() throws(LaunchError) {
        for name in linux.sysctl.keys.sorted() {
            let field = "linux.sysctl.\(name)"
            guard Sysctl.isName(name), let namespace = Sysctl.namespace(of: name) else {
                throw .specification(field: field, "does not belong to a namespace: it would change the host")
            }
            guard isOwn(namespace) else {
                let text = "needs a \(namespace.rawValue) namespace of the container's own: it would change the host"
                throw .specification(field: field, text)
            }
        }
    }
}
