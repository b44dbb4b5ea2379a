// SPDX-License-Identifier: Apache-2.0

import CLinux

/// The file system that an open file is on, as fstatfs(2) tells it.
package struct FileSystem: Equatable, Sendable {
    /// The number of its type, as in linux/magic.h.
    package let type: Int64
    /// Whether nothing can be written, because of the mount or of the file system.
    package let isReadOnly: Bool

    init(type: Int64, isReadOnly: Bool) {
        self.type = type
        self.isReadOnly = isReadOnly
    }

    /// Whether its files are the kernel's own state and no data: what is written there changes the machine.
    package var isKernelInterface: Bool { Self.kernelTypes.contains(type) }

    // linux/magic.h. Those that only hold nodes or queues (devtmpfs, devpts, mqueue) are data enough to be looked at.
    private static let kernelTypes: Set<Int64> = [
        0x9FA0,  // proc
        0x6265_6572,  // sysfs
        0x0027_E0EB,  // cgroup
        0x6367_7270,  // cgroup2
        0x6462_6720,  // debugfs
        0x7472_6163,  // tracefs
        0x7363_6673,  // securityfs
        0xCAFE_4A11,  // bpf
        0x6265_6570,  // configfs
        0xDE5E_81E4,  // efivarfs
        0x6165_676C,  // pstore
        0x4249_4E4D,  // binfmt_misc
        0xF97C_FF8C,  // selinuxfs
        0x4341_5D53,  // smackfs
        0x0765_5821,  // resctrl
        0x6E73_6673,  // nsfs
    ]
}

extension Descriptor {
    /// The file system that this file is on.
    package borrowing func fileSystem() throws(SystemError) -> FileSystem {
        let readOnly: UInt64 = 1  // ST_RDONLY, statfs(2).
        var result = clinux_file_system()
        try SystemError.check(clinux_fstatfs(number, &result), "fstatfs")
        return FileSystem(type: result.type, isReadOnly: result.flags & readOnly != 0)
    }
}
