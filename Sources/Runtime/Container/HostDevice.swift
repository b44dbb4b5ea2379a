// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux

/// Device nodes of the host that containers get to see.
enum HostDevice {
    /// The number of `/dev/null` (`Documentation/admin-guide/devices.txt` of the kernel).
    static let nullNumber: UInt64 = 1 << 8 | 3

    /// A detached mount of a node of the host.
    ///
    /// - Parameters:
    ///   - path: Its path on the host.
    ///   - number: The number that it must have.
    ///   - isBlock: Whether it must be a block device.
    /// - Returns: The tree.
    /// - Throws: `ENODEV` where the node is something else.
    static func tree(of path: String, number: UInt64, isBlock: Bool) throws(SystemError) -> Descriptor {
        let node = try Descriptor.open(path, CLINUX_O_PATH | O_NOFOLLOW)
        var status = stat()
        if fstat(node.number, &status) != 0 { throw SystemError("fstat", errno, on: path) }
        guard status.st_mode & S_IFMT == (isBlock ? S_IFBLK : S_IFCHR), status.st_rdev == number else {
            throw SystemError("fstat", ENODEV, on: path)
        }
        return try node.tree(isRecursive: false)
    }
}

/// What kind of file a descriptor is of.
enum FileKind {
    static func isDirectory(_ number: Int32) -> Bool { mode(number) == S_IFDIR }

    static func isPipe(_ number: Int32) -> Bool { mode(number) == S_IFIFO }

    private static func mode(_ number: Int32) -> mode_t? {
        var status = stat()
        return fstat(number, &status) == 0 ? status.st_mode & S_IFMT : nil
    }
}
