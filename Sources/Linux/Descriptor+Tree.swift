// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Flags of open(2) that Glibc's module hides.
package enum OpenFlags {
    /// The file is opened for its place and metadata only, not to read or write.
    package static let pathOnly = CLINUX_O_PATH
}

// What can be done to the entries of an open directory. A name is one component; none of these follows a symbolic link.
extension Descriptor {
    /// Opens a path below this directory, which need not be UTF-8.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - flags: `O_RDONLY` and its like; `O_CLOEXEC` is always added.
    ///   - mode: The permissions of a file that is created, before the umask.
    ///   - resolution: How the path may be walked.
    /// - Returns: The open file.
    /// - Throws: The error of openat2(2) with the path.
    package borrowing func open(
        _ path: FilePath,
        _ flags: Int32,
        mode: UInt32 = 0,
        resolution: PathResolution = .noLinks
    ) throws(SystemError) -> Descriptor {
        let creates = flags & O_CREAT != 0
        var how = clinux_open_how(
            flags: UInt64(UInt32(bitPattern: flags | O_CLOEXEC)),
            mode: creates ? UInt64(mode & 0o7777) : 0,
            resolve: resolution.flags
        )
        let number = number
        let result = Self.retrying { path.withCString { clinux_openat2(number, $0, &how) } }
        return Descriptor(owning: try SystemError.check(result, "openat2", on: path.description))
    }

    /// What stat(2) tells about this file.
    package borrowing func status() throws(SystemError) -> FileStatus {
        var result = stat()
        if fstat(number, &result) != 0 { throw SystemError("fstat", errno) }
        return FileStatus(result)
    }

    /// What stat(2) tells about an entry.
    ///
    /// - Parameter name: The entry.
    /// - Returns: Nil where there is none.
    /// - Throws: The error of fstatat(2).
    package borrowing func status(of name: FilePath) throws(SystemError) -> FileStatus? {
        var result = stat()
        if name.withCString({ fstatat(number, $0, &result, AT_SYMLINK_NOFOLLOW) }) != 0 {
            let failure = errno
            if failure == ENOENT { return nil }
            throw SystemError("fstatat", failure, on: name.description)
        }
        return FileStatus(result)
    }

    /// Opens this file once more, for more than its place and metadata.
    ///
    /// What it is can be looked at before: to open a FIFO or a device has effects.
    ///
    /// - Parameter flags: `O_RDONLY` and its like; `O_CLOEXEC` is always added.
    /// - Returns: The same file, with a position of its own.
    /// - Throws: The error of openat2(2).
    package borrowing func reopened(_ flags: Int32) throws(SystemError) -> Descriptor {
        try Self.open(path, flags)
    }

    /// Creates a directory.
    package borrowing func makeDirectory(_ name: FilePath, mode: UInt32) throws(SystemError) {
        try check("mkdirat", name) { mkdirat(number, $0, mode) }
    }

    /// Creates a device node or a FIFO.
    package borrowing func makeNode(
        _ name: FilePath,
        kind: FileKind,
        mode: UInt32,
        device: DeviceNumber = DeviceNumber(major: 0, minor: 0)
    ) throws(SystemError) {
        try check("mknodat", name) { mknodat(number, $0, kind.mode | mode & 0o7777, dev_t(device.raw)) }
    }

    /// Creates a symbolic link.
    package borrowing func makeLink(_ name: FilePath, to target: FilePath) throws(SystemError) {
        try check("symlinkat", name) { name in target.withCString { symlinkat($0, number, name) } }
    }

    /// Gives an entry of another directory a second name in this one.
    ///
    /// - Parameters:
    ///   - name: The new name.
    ///   - other: The directory of the entry.
    ///   - original: The entry; a symbolic link is linked to and not followed.
    /// - Throws: The error of linkat(2).
    package borrowing func makeHardLink(
        _ name: FilePath,
        to other: borrowing Descriptor,
        _ original: FilePath
    ) throws(SystemError) {
        let source = other.number
        try check("linkat", name) { name in original.withCString { linkat(source, $0, number, name, 0) } }
    }

    /// Where a symbolic link points to.
    package borrowing func linkTarget(of name: FilePath) throws(SystemError) -> FilePath {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = name.withCString { readlinkat(number, $0, &buffer, buffer.count) }
        if count < 0 { throw SystemError("readlinkat", errno, on: name.description) }
        guard let target = FilePath(buffer[..<count].map { UInt8(bitPattern: $0) }) else {
            throw SystemError("readlinkat", EINVAL, on: name.description)
        }
        return target
    }

    /// Removes an entry that is not a directory, or one that is an empty one.
    package borrowing func remove(_ name: FilePath, isDirectory: Bool = false) throws(SystemError) {
        try check("unlinkat", name) { unlinkat(number, $0, isDirectory ? AT_REMOVEDIR : 0) }
    }

    /// Gives an entry another name, which may be in another directory.
    ///
    /// - Parameters:
    ///   - name: The entry.
    ///   - other: The directory of the new name.
    ///   - newName: The new name.
    ///   - replacing: Whether what has the name already is replaced; otherwise that is the error `EEXIST`.
    /// - Throws: The error of renameat2(2).
    package borrowing func rename(
        _ name: FilePath,
        to other: borrowing Descriptor,
        _ newName: FilePath,
        replacing: Bool
    ) throws(SystemError) {
        let (target, flags) = (other.number, replacing ? 0 : CLINUX_RENAME_NOREPLACE)
        let result = name.withCString { name in
            newName.withCString { clinux_renameat2(number, name, target, $0, flags) }
        }
        try SystemError.check(result, "renameat2", on: newName.description)
    }

    /// The names in this directory, without `.` and `..`, in no particular order.
    package borrowing func entries() throws(SystemError) -> [FilePath] {
        try numberedEntries().map(\.name)
    }

    /// The names in this directory as ``entries()`` has them, with the numbers of their inodes.
    ///
    /// - Returns: The names with the numbers of readdir(3), which are those of ``status(of:)`` but on overlays.
    /// - Throws: The error of fdopendir(3) or readdir(3).
    package borrowing func numberedEntries() throws(SystemError) -> [(name: FilePath, inode: UInt64)] {
        let copy = try open(".", O_RDONLY | O_DIRECTORY).release()
        guard let stream = fdopendir(copy) else {
            let failure = errno
            close(copy)
            throw SystemError("fdopendir", failure)
        }
        defer { closedir(stream) }
        var entries: [(name: FilePath, inode: UInt64)] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                let failure = errno
                if failure != 0 { throw SystemError("readdir", failure) }
                return entries
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: UInt8.self, capacity: 256) { start in
                    FilePath(UnsafeBufferPointer(start: start, count: strnlen(start, 256)))
                }
            }
            if let name, name != ".", name != ".." { entries.append((name, UInt64(entry.pointee.d_ino))) }
        }
    }

    /// Removes an entry and all that is below it, but nothing that is mounted there.
    ///
    /// - Parameter name: The entry; that there is none is no error.
    /// - Throws: The first error, `EXDEV` for a mount; what comes after it in the tree stays.
    package borrowing func removeTree(_ name: FilePath) throws(SystemError) {
        guard let status = try status(of: name) else { return }
        guard status.kind == .directory else { return try remove(name) }
        try open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, resolution: .oneMount).removeContents()
        try remove(name, isDirectory: true)
    }

    /// Removes all that is in this directory.
    package borrowing func removeContents() throws(SystemError) {
        for name in try entries() { try removeTree(name) }
    }

    private borrowing func check(
        _ call: String,
        _ name: FilePath,
        _ body: (UnsafePointer<CChar>) -> Int32
    ) throws(SystemError) {
        if name.withCString(body) != 0 { throw SystemError(call, errno, on: name.description) }
    }
}
