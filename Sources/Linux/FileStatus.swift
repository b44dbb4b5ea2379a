// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A point in time as file systems keep it.
package struct FileTime: Hashable, Sendable, Comparable {
    /// Since 1970; less than zero before that.
    package var seconds: Int64
    /// From 0 to 999,999,999, added to the seconds.
    package var nanoseconds: Int32

    package init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The time of the machine.
    package static var now: Self {
        var time = Glibc.timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Self(time)
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    init(_ time: timespec) {
        seconds = Int64(time.tv_sec)
        nanoseconds = Int32(time.tv_nsec)
    }

    var timespec: timespec { Glibc.timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds)) }
}

/// The kind of a file.
package enum FileKind: Sendable {
    case regular
    case directory
    case symbolicLink
    case characterDevice
    case blockDevice
    case fifo
    case socket

    /// The kind that a mode of stat(2) has.
    package init(mode: UInt32) {
        switch mode & S_IFMT {
        case S_IFDIR: self = .directory
        case S_IFLNK: self = .symbolicLink
        case S_IFCHR: self = .characterDevice
        case S_IFBLK: self = .blockDevice
        case S_IFIFO: self = .fifo
        case S_IFSOCK: self = .socket
        default: self = .regular
        }
    }

    /// The bits of the kind in a mode.
    package var mode: UInt32 {
        switch self {
        case .regular: S_IFREG
        case .directory: S_IFDIR
        case .symbolicLink: S_IFLNK
        case .characterDevice: S_IFCHR
        case .blockDevice: S_IFBLK
        case .fifo: S_IFIFO
        case .socket: S_IFSOCK
        }
    }
}

/// The number of a device.
package struct DeviceNumber: Hashable, Sendable {
    package var major: UInt32
    package var minor: UInt32

    package init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    // The layout of makedev(3), whose macros do not come through the import.
    init(raw: UInt64) {
        major = UInt32(raw >> 8 & 0xFFF | raw >> 32 & 0xFFFF_F000)
        minor = UInt32(raw & 0xFF | raw >> 12 & 0xFFFF_FF00)
    }

    var raw: UInt64 {
        let (major, minor) = (UInt64(major), UInt64(minor))
        return minor & 0xFF | (major & 0xFFF) << 8 | (minor & 0xFFFF_FF00) << 12 | (major & 0xFFFF_F000) << 32
    }
}

/// What stat(2) tells about a file.
package struct FileStatus: Equatable, Sendable {
    package var kind: FileKind
    /// The twelve bits of permissions.
    package var permissions: UInt32
    package var uid: UInt32
    package var gid: UInt32
    /// In bytes.
    package var size: Int64
    package var linkCount: UInt64
    /// With ``device`` the identity of the file.
    package var inode: UInt64
    /// The file system that it is on.
    package var device: UInt64
    /// Of a device node.
    package var deviceNumber: DeviceNumber
    package var accessTime: FileTime
    package var modificationTime: FileTime
    /// When anything about it changed last, its name aside.
    package var changeTime: FileTime

    init(_ status: stat) {
        kind = FileKind(mode: status.st_mode)
        permissions = status.st_mode & 0o7777
        uid = status.st_uid
        gid = status.st_gid
        size = Int64(status.st_size)
        linkCount = UInt64(status.st_nlink)
        inode = UInt64(status.st_ino)
        device = UInt64(status.st_dev)
        deviceNumber = DeviceNumber(raw: UInt64(status.st_rdev))
        accessTime = FileTime(status.st_atim)
        modificationTime = FileTime(status.st_mtim)
        changeTime = FileTime(status.st_ctim)
    }
}
