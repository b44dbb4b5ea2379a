// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux
package import OCI

extension RuntimeSpec {
    /// What a container gets that asks for nothing else: Docker's defaults.
    ///
    /// Namespaces of its own but for users, Docker's mounts, capabilities, masked and read-only paths.
    ///
    /// - Parameters:
    ///   - arguments: The program and its arguments.
    ///   - hostname: The host name.
    /// - Returns: The specification, without a root.
    package static func containerDefault(_ arguments: [String], hostname: String = "") -> RuntimeSpec {
        var specification = RuntimeSpec()
        specification.hostname = hostname
        specification.mounts = defaultMounts
        var process = Process(args: arguments)
        process.env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        process.capabilities = Capabilities(containing: .containerDefault)
        specification.process = process
        var linux = RuntimeSpec.Linux()
        linux.namespaces = [.mount, .pid, .ipc, .uts, .network, .cgroup].map { Namespace($0) }
        linux.maskedPaths = defaultMaskedPaths
        linux.readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
        linux.sysctl = ["net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647"]
        specification.linux = linux
        return specification
    }

    private static let defaultMounts = [
        Mount(destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"]),
        Mount(
            destination: "/dev",
            type: "tmpfs",
            source: "tmpfs",
            options: ["nosuid", "strictatime", "mode=755", "size=65536k"]
        ),
        Mount(
            destination: "/dev/pts",
            type: "devpts",
            source: "devpts",
            options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]
        ),
        Mount(destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"]),
        Mount(
            destination: "/sys/fs/cgroup",
            type: "cgroup",
            source: "cgroup",
            options: ["ro", "nosuid", "noexec", "nodev"]
        ),
        Mount(destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"]),
        Mount(
            destination: "/dev/shm",
            type: "tmpfs",
            source: "shm",
            options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]
        ),
    ]

    /// What tells of the host or of its hardware, with the temperature files of each processor.
    private static let defaultMaskedPaths: [String] = {
        let processors = sysconf(Int32(_SC_NPROCESSORS_CONF))
        return [
            "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
            "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware",
            "/sys/devices/virtual/powercap",
        ] + (0..<max(0, processors)).map { "/sys/devices/system/cpu/cpu\($0)/thermal_throttle" }
    }()
}

extension RuntimeSpec.Capabilities {
    /// The same set as bounding, effective and permitted; inheritable and ambient stay empty.
    ///
    /// An inheritable set that is not empty would let file capabilities of the image raise what was dropped.
    package init(containing set: CapabilitySet) {
        self.init()
        let names = set.capabilities.map(\.name)
        bounding = names
        effective = names
        permitted = names
    }
}
