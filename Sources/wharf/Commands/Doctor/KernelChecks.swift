// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// What the kernel must be able to do.
enum KernelChecks {
    /// What a feature is for, and what its absence means.
    private struct Need {
        var feature: KernelFeature
        var title: String
        /// Whether no container runs without it.
        var isVital: Bool
        var remedy: String
    }

    private static let needs = [
        Need(
            feature: .openat2,
            title: "paths that stay inside a root (openat2)",
            isVital: true,
            remedy: "use Linux 5.6 or newer, and a sandbox that allows openat2"
        ),
        Need(
            feature: .processDescriptors,
            title: "descriptors of processes (pidfd_open)",
            isVital: true,
            remedy: "use Linux 5.3 or newer, and a sandbox that allows pidfd_open"
        ),
        Need(
            feature: .keptExitStatus,
            title: "exit statuses kept by the kernel (PIDFD_INFO_EXIT)",
            isVital: false,
            remedy:
                "use Linux 6.15 or newer: without it the exit status of a container is lost where the keeper is killed"
        ),
        Need(
            feature: .mountInterface,
            title: "mounts by descriptor (fsopen)",
            isVital: true,
            remedy: "use Linux 5.12 or newer; wharf needs CAP_SYS_ADMIN for it"
        ),
        Need(
            feature: .seccomp,
            title: "filters of system calls (seccomp)",
            isVital: true,
            remedy: "use a kernel with CONFIG_SECCOMP_FILTER"
        ),
        Need(
            feature: .landlock,
            title: "confinement of the engine's own work (landlock)",
            isVital: false,
            remedy: "use Linux 5.19 or newer with `landlock` in its option `lsm=`: it is a second line of defence"
        ),
        Need(
            feature: .userNamespaces,
            title: "user namespaces",
            isVital: false,
            remedy:
                "set user.max_user_namespaces above 0 (sysctl), and kernel.unprivileged_userns_clone to 1 where it is there"
        ),
        Need(
            feature: .executableMemory,
            title: "programs in memory (memfd_create)",
            isVital: true,
            remedy: "set vm.memfd_noexec below 2 (sysctl): the keeper runs from a sealed copy of itself"
        ),
    ]

    /// The checks.
    static func run() -> [Check] {
        [release()] + needs.map(check)
    }

    /// The oldest release with all that is vital: mount_setattr(2) is the youngest of it.
    private static let oldest = KernelRelease(major: 5, minor: 12)

    private static func release() -> Check {
        let text = KernelFile.text("/proc/sys/kernel/osrelease") ?? KernelRelease.running.description
        guard KernelRelease.running >= oldest else {
            return .problem(.kernel, "release", "Linux \(text) is too old", remedy: "use Linux \(oldest) or newer")
        }
        return .ok(.kernel, "release", "Linux \(text)")
    }

    private static func check(_ need: Need) -> Check {
        do {
            try need.feature.probe()
            return .ok(.kernel, need.feature.rawValue, need.title)
        } catch {
            let message = "\(need.title): \(error)"
            return need.isVital
                ? .problem(.kernel, need.feature.rawValue, message, remedy: need.remedy)
                : .warning(.kernel, need.feature.rawValue, message, remedy: need.remedy)
        }
    }
}
