// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

// Owner, permissions, times and extended attributes of an open file. It may be open with `O_PATH` only, as symbolic links
// and device nodes must be.
extension Descriptor {
    /// Changes the owner.
    package borrowing func setOwner(uid: UInt32, gid: UInt32) throws(SystemError) {
        if fchownat(number, "", uid, gid, CLINUX_AT_EMPTY_PATH) != 0 { throw SystemError("fchownat", errno) }
    }

    /// Changes the twelve bits of permissions; not of a symbolic link.
    package borrowing func setPermissions(_ mode: UInt32) throws(SystemError) {
        try SystemError.check(clinux_chmod(number, mode & 0o7777), "chmod")
    }

    /// Says of a directory that those below it have nothing to do with each other (`T` of chattr(1)), so that ext4 puts each
    /// into another part of the disk.
    package borrowing func setTopDirectory() throws(SystemError) {
        try SystemError.check(clinux_set_top_directory(number), "ioctl")
    }

    /// Changes the times.
    package borrowing func setTimes(access: FileTime, modification: FileTime) throws(SystemError) {
        let times = [access.timespec, modification.timespec]
        if utimensat(number, "", times, CLINUX_AT_EMPTY_PATH) != 0 { throw SystemError("utimensat", errno) }
    }

    /// Sets an extended attribute.
    package borrowing func setAttribute(_ name: FilePath, _ value: [UInt8]) throws(SystemError) {
        let result = name.withCString { clinux_setxattr(number, $0, value, value.count) }
        try SystemError.check(result, "setxattr", on: name.description)
    }

    /// The value of an extended attribute.
    ///
    /// - Parameter name: The attribute.
    /// - Returns: Nil where the file does not have it or the file system has none at all.
    /// - Throws: The error of getxattr(2).
    package borrowing func attribute(_ name: FilePath) throws(SystemError) -> [UInt8]? {
        let buffer = AttributeBuffer()
        let count = name.withCString { clinux_getxattr(number, $0, buffer.start, AttributeBuffer.size) }
        if count == -Int64(ENODATA) || count == -Int64(EOPNOTSUPP) { return nil }
        return buffer.bytes(Int(try SystemError.check(count, "getxattr", on: name.description)))
    }

    /// The names of all extended attributes.
    package borrowing func attributes() throws(SystemError) -> [FilePath] {
        let buffer = AttributeBuffer()
        let count = clinux_listxattr(number, buffer.start, AttributeBuffer.size)
        if count == -Int64(EOPNOTSUPP) { return [] }
        let names = buffer.bytes(Int(try SystemError.check(count, "listxattr")))
        return names.split(separator: 0).compactMap { FilePath($0) }
    }
}

/// Room for the value of an attribute, or for the names of all; nothing is in it yet, since most files have none.
private struct AttributeBuffer: ~Copyable {
    /// The limit of both, in bytes: `XATTR_SIZE_MAX` and `XATTR_LIST_MAX` of linux/limits.h.
    static let size = 65_536

    let start = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 1)

    deinit { start.deallocate() }

    /// The first bytes, once they were written.
    borrowing func bytes(_ count: Int) -> [UInt8] { Array(UnsafeRawBufferPointer(start: start, count: count)) }
}
