// SPDX-License-Identifier: Apache-2.0

import CLinux
package import Linux
package import OCI

/// The owners of files, as they are seen through a mount.
package enum MountOwners {
    /// Maps them, which a mount allows once and before it is attached.
    ///
    /// - Parameters:
    ///   - tree: The mount.
    ///   - source: What is mounted, for errors.
    ///   - users: The map of users; what is on the disk is inside.
    ///   - groups: The map of groups.
    ///   - isRecursive: Whether mounts below are mapped as well.
    /// - Throws: What the kernel refused: `EINVAL` of mount_setattr(2) for a file system without such mounts.
    package static func map(
        _ tree: Int32,
        _ source: String,
        users: [RuntimeSpec.IDMapping],
        groups: [RuntimeSpec.IDMapping],
        isRecursive: Bool
    ) throws(SystemError) {
        let namespace = try UserNamespace.make(users: users, groups: groups)
        let flags = UInt32(CLINUX_AT_EMPTY_PATH) | (isRecursive ? UInt32(CLINUX_AT_RECURSIVE) : 0)
        try SystemError.check(
            clinux_mount_setattr(tree, "", flags, UInt64(MOUNT_ATTR_IDMAP), 0, 0, namespace.number),
            "mount_setattr",
            on: source
        )
    }
}
