// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Mounts as descriptors: fsopen(2), open_tree(2), mount_setattr(2).
///
/// A tree that nothing is attached to yet is gone with its last descriptor.
extension Descriptor {
    /// A detached copy of what is mounted at a path of the host, or of the part of it that starts there.
    ///
    /// - Parameters:
    ///   - path: The path; symbolic links are followed.
    ///   - isRecursive: Whether mounts below the path come along.
    /// - Returns: The tree.
    /// - Throws: The error of open_tree(2).
    package static func tree(of path: String, isRecursive: Bool) throws(SystemError) -> Descriptor {
        let flags = UInt32(OPEN_TREE_CLONE) | UInt32(O_CLOEXEC) | (isRecursive ? UInt32(CLINUX_AT_RECURSIVE) : 0)
        let result = clinux_open_tree(AT_FDCWD, path, flags)
        return Descriptor(owning: try SystemError.check(result, "open_tree", on: path))
    }

    /// A detached copy of the mount that this descriptor's file stands on, with that file as its root.
    package borrowing func tree(isRecursive: Bool) throws(SystemError) -> Descriptor {
        let flags =
            UInt32(OPEN_TREE_CLONE) | UInt32(O_CLOEXEC) | UInt32(CLINUX_AT_EMPTY_PATH)
            | (isRecursive ? UInt32(CLINUX_AT_RECURSIVE) : 0)
        return Descriptor(owning: try SystemError.check(clinux_open_tree(number, "", flags), "open_tree"))
    }

    /// Changes the attributes of this mount (mount_setattr(2)).
    ///
    /// - Parameters:
    ///   - set: `MOUNT_ATTR_` bits to set.
    ///   - clear: Bits to clear.
    ///   - propagation: `MS_PRIVATE` and its like, or 0.
    ///   - userNamespace: A user namespace whose maps the mount gets; nil for none.
    ///   - isRecursive: Whether mounts below change as well.
    /// - Throws: The error of mount_setattr(2).
    package borrowing func setMountAttributes(
        set: UInt64 = 0,
        clear: UInt64 = 0,
        propagation: UInt64 = 0,
        userNamespace: Int32? = nil,
        isRecursive: Bool
    ) throws(SystemError) {
        let flags = UInt32(CLINUX_AT_EMPTY_PATH) | (isRecursive ? UInt32(CLINUX_AT_RECURSIVE) : 0)
        let result = clinux_mount_setattr(number, "", flags, set, clear, propagation, userNamespace ?? 0)
        try SystemError.check(result, "mount_setattr")
    }

    /// Attaches this tree, which is attached nowhere yet (move_mount(2)).
    ///
    /// - Parameter place: The directory or file that it covers.
    /// - Throws: The error of move_mount(2).
    package borrowing func attach(to place: borrowing Descriptor) throws(SystemError) {
        // MOVE_MOUNT_F_EMPTY_PATH and MOVE_MOUNT_T_EMPTY_PATH, linux/mount.h.
        let bothEmpty: UInt32 = 0x4 | 0x40
        try SystemError.check(clinux_move_mount(number, "", place.number, "", bothEmpty), "move_mount")
    }

    /// Makes a file system and a detached mount of it.
    ///
    /// - Parameters:
    ///   - type: The file system's name, `tmpfs` for example.
    ///   - parameters: Its options in their order; a flag has no value.
    ///   - attributes: `MOUNT_ATTR_` bits of the mount.
    /// - Returns: The mount.
    /// - Throws: The error of the call that the kernel refused, with the option that it was about.
    package static func newMount(
        _ type: String,
        parameters: [(key: String, value: MountParameter)] = [],
        attributes: UInt32 = 0
    ) throws(SystemError) -> Descriptor {
        let context = Descriptor(
            owning: try SystemError.check(clinux_fsopen(type, UInt32(FSOPEN_CLOEXEC)), "fsopen", on: type)
        )
        for (key, value) in parameters {
            let result =
                switch value {
                case .flag: clinux_fsconfig(context.number, FSCONFIG_SET_FLAG.rawValue, key, nil, 0)
                case .text(let text): clinux_fsconfig(context.number, FSCONFIG_SET_STRING.rawValue, key, text, 0)
                case .descriptor(let file):
                    clinux_fsconfig(context.number, FSCONFIG_SET_FD.rawValue, key, nil, file)
                }
            try SystemError.check(result, "fsconfig", on: "\(type) \(key)")
        }
        let created = clinux_fsconfig(context.number, FSCONFIG_CMD_CREATE.rawValue, nil, nil, 0)
        try SystemError.check(created, "fsconfig", on: type)
        return Descriptor(
            owning: try SystemError.check(
                clinux_fsmount(context.number, UInt32(FSMOUNT_CLOEXEC), attributes),
                "fsmount",
                on: type
            )
        )
    }
}

/// The value of a file system's option.
package enum MountParameter: Sendable {
    case flag
    case text(String)
    case descriptor(Int32)
}
