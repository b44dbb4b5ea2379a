// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Limits of the machine that the number of containers meets.
enum LimitChecks {
    /// The descriptors that the engine and the keeper hold for one container, and those that they need themselves.
    private static let descriptorsPerContainer = 8
    private static let ownDescriptors = 64

    /// The checks.
    static func run() -> [Check] {
        [descriptors(), privileges(), pids()].compactMap(\.self) + watches()
    }

    private static func descriptors() -> Check {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else {
            return .warning(
                .limits,
                "descriptors",
                "the limit of open files cannot be read: \(SystemError.text(of: errno))",
                remedy: "allow getrlimit(2)"
            )
        }
        let hard = Int(clamping: limit.rlim_max)
        let containers = max(0, hard - ownDescriptors) / descriptorsPerContainer
        let message = "\(hard) open files: about \(containers) containers"
        let remedy =
            "raise the hard limit of the shell or the service that starts the engine: `ulimit -Hn 524288`, "
            + "`LimitNOFILE=524288` in a unit, or /etc/security/limits.conf"
        if containers < 4 { return .problem(.limits, "descriptors", message, remedy: remedy) }
        if containers < 500 { return .warning(.limits, "descriptors", message, remedy: remedy) }
        return .ok(.limits, "descriptors", message)
    }

    /// What the engine of root does, and needs a capability for.
    private static let needed: [Capability] = [
        .chown, .dacOverride, .fowner, .fsetid, .kill, .setgid, .setuid, .setpcap, .netBindService, .netAdmin,
        .sysChroot,
        .sysPtrace, .sysAdmin, .mknod, .setfcap,
    ]

    private static func privileges() -> Check {
        let effective: Set<Capability>
        do {
            effective = Set(Capability.allCases.filter(try CapabilitySet.ofThisThread().effective.contains))
        } catch {
            return .warning(.limits, "privileges", "\(error)", remedy: "allow capget(2)")
        }
        guard geteuid() == 0 else {
            return .problem(
                .limits,
                "privileges",
                "you are not root: containers of other users are not offered yet",
                remedy: "run wharf as root"
            )
        }
        let missing = needed.filter { !effective.contains($0) }
        if !missing.isEmpty {
            return .problem(
                .limits,
                "privileges",
                "missing: \(missing.map(\.name).joined(separator: ", "))",
                remedy: "run wharf as root outside of a container, or in one with these capabilities"
            )
        }
        if !effective.contains(.sysResource) {
            return .warning(
                .limits,
                "privileges",
                "without CAP_SYS_RESOURCE limits of processes cannot be raised above those of the engine",
                remedy: "give the capability, or ask for no `--ulimit` above the engine's own"
            )
        }
        return .ok(.limits, "privileges", "all capabilities that are needed")
    }

    private static func pids() -> Check? {
        guard let most = KernelFile.number("/proc/sys/kernel/pid_max") else { return nil }
        let message = "\(most) processes at a time"
        guard most < 32_768 else { return .ok(.limits, "processes", message) }
        return .warning(.limits, "processes", message, remedy: "`sysctl kernel.pid_max=4194304`")
    }

    /// What programs that watch files, mostly those of developers, run out of first.
    private static func watches() -> [Check] {
        [("instances", "max_user_instances", 512), ("watches", "max_user_watches", 65_536)].compactMap {
            name,
            file,
            enough in
            guard let most = KernelFile.number("/proc/sys/fs/inotify/\(file)") else { return nil }
            let message = "\(most) inotify \(name) for each user"
            if most >= enough { return .ok(.limits, "inotify-\(name)", message) }
            return .warning(
                .limits,
                "inotify-\(name)",
                message + ": containers of one user share them",
                remedy: "`sysctl fs.inotify.\(file)=\(enough * 8)`"
            )
        }
    }
}
