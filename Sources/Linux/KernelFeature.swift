// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// What the kernel may be able to do, tried and not guessed from its release.
package enum KernelFeature: String, CaseIterable, Sendable {
    /// openat2(2): paths that cannot leave a root.
    case openat2
    /// pidfd_open(2).
    case processDescriptors
    /// The exit status of a process that is no child, by `PIDFD_INFO_EXIT`.
    case keptExitStatus
    /// fsopen(2) and its like.
    case mountInterface
    /// mount_setattr(2) with `MOUNT_ATTR_IDMAP`, on the file system of the folder.
    case idMappedMounts
    /// An overlay whose upper layer is in the folder.
    case overlay
    case seccomp
    /// landlock(7) of a version that lets hard links be made.
    case landlock
    case userNamespaces
    /// memfd_create(2) of what can be executed.
    case executableMemory
    /// clone3(2) with `CLONE_INTO_CGROUP`; the folder is the control group.
    case cloneIntoControlGroup

    /// Tries it.
    ///
    /// The trial of an overlay makes a folder inside of the given one and removes it; nothing else leaves a trace.
    ///
    /// - Parameter folder: What the feature is tried on, where it depends on a folder.
    /// - Throws: The call that failed, and what the kernel answered.
    package func probe(in folder: String = "/") throws(SystemError) {
        switch self {
        case .openat2:
            _ = try Descriptor.open("/", O_RDONLY | O_DIRECTORY).open("..", O_RDONLY | O_DIRECTORY, resolution: .inRoot)
        case .processDescriptors: _ = try Descriptor.process(getpid())
        case .mountInterface:
            _ = Descriptor(owning: try SystemError.check(clinux_fsopen("tmpfs", 1), "fsopen", on: "tmpfs"))
        case .keptExitStatus: try run(CLINUX_PROBE_KEPT_EXIT_STATUS, "ioctl PIDFD_GET_INFO")
        case .idMappedMounts: try run(CLINUX_PROBE_ID_MAPPED_MOUNT, "mount_setattr", folder)
        case .seccomp: try run(CLINUX_PROBE_SECCOMP, "seccomp")
        case .landlock: try run(CLINUX_PROBE_LANDLOCK, "landlock_create_ruleset")
        case .userNamespaces: try run(CLINUX_PROBE_USER_NAMESPACE, "unshare")
        case .executableMemory: try run(CLINUX_PROBE_EXECUTABLE_MEMORY, "memfd_create")
        case .cloneIntoControlGroup: try run(CLINUX_PROBE_CLONE_INTO_GROUP, "clone3", folder)
        case .overlay: try probeOverlay(in: folder)
        }
    }

    private func run(
        _ feature: clinux_probe_feature,
        _ call: String,
        _ folder: String = "/"
    ) throws(SystemError) {
        let result = clinux_probe(Int32(feature.rawValue), folder)
        try SystemError.check(result, call, on: folder == "/" ? "" : folder)
    }

    private func probeOverlay(in folder: String) throws(SystemError) {
        let parent = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY)
        let name = FilePath(stringLiteral: ".probe-\(getpid())-\(UInt32.random(in: 0...UInt32.max))")
        try parent.makeDirectory(name, mode: 0o700)
        defer { try? parent.removeTree(name) }
        let place = try parent.open(name.description, O_RDONLY | O_DIRECTORY, resolution: .noLinks)
        for layer in ["lower", "upper", "work", "merged"] {
            try place.makeDirectory(FilePath(stringLiteral: layer), mode: 0o755)
        }
        _ = try place.open("lower/old", O_WRONLY | O_CREAT, mode: 0o600, resolution: .noLinks)
        try run(CLINUX_PROBE_OVERLAY, "mount overlay", "\(folder)/\(name)")
    }
}

/// Space and kind of a file system.
package struct FileSystemStatus: Sendable {
    /// The superblock's magic number, as in `linux/magic.h`.
    package var type: Int64
    /// In bytes, for users without privileges.
    package var available: UInt64
    /// In bytes.
    package var size: UInt64

    /// The file system that a path is on.
    package init(of path: String) throws(SystemError) {
        let file = try Descriptor.open(path, OpenFlags.pathOnly)
        var status = clinux_file_system()
        try SystemError.check(clinux_fstatfs(file.number, &status), "fstatfs", on: path)
        type = status.type
        available = status.available_blocks * status.block_size
        size = status.blocks * status.block_size
    }
}
