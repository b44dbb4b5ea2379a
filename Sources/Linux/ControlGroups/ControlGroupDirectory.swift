// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// An open directory of a control group file system, and the only way to its files.
struct ControlGroupDirectory: ~Copyable, Sendable {
    /// The directory, open for reading.
    let descriptor: Descriptor
    /// Its path, for messages only.
    let path: String

    /// No file of a control group is larger than this; `cgroup.procs` of 2^19 processes is smaller.
    private static let sizeLimit = 4 << 20

    init(_ descriptor: consuming Descriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens a directory of the host.
    init(opening path: String) throws(SystemError) {
        self.init(try Descriptor.open(path, O_RDONLY | O_DIRECTORY), path: path)
    }

    /// The descriptor alone.
    consuming func take() -> Descriptor {
        descriptor
    }

    /// Opens a directory below this one; no component may be a link.
    borrowing func directory(_ name: String) throws(SystemError) -> ControlGroupDirectory {
        ControlGroupDirectory(try open(name, O_RDONLY | O_DIRECTORY), path: "\(path)/\(name)")
    }

    /// Opens a file of this directory.
    borrowing func open(_ name: String, _ flags: Int32) throws(SystemError) -> Descriptor {
        do {
            return try descriptor.open(name, flags, resolution: .noLinks)
        } catch {
            throw SystemError(error.call, error.number, on: "\(path)/\(name)")
        }
    }

    /// Whether there is a file of that name.
    borrowing func has(_ name: String) -> Bool {
        faccessat(descriptor.number, name, F_OK, 0) == 0
    }

    /// The text of a file.
    borrowing func read(_ name: String) throws(SystemError) -> String {
        try Self.text(of: try open(name, O_RDONLY), path: "\(path)/\(name)")
    }

    /// The text of a file, or nil where the file, its controller or the whole group is not there.
    borrowing func readIfPresent(_ name: String) throws(SystemError) -> String? {
        do {
            return try read(name)
        } catch  where [ENOENT, ENODEV, EOPNOTSUPP].contains(error.number) {
            return nil
        }
    }

    /// Gives the kernel a value in one write(2).
    borrowing func write(_ name: String, _ value: String) throws(SystemError) {
        try Self.write(value, to: try open(name, O_WRONLY), path: "\(path)/\(name)")
    }

    /// Makes a directory.
    ///
    /// - Parameter name: Its name.
    /// - Returns: False where there is one of that name already.
    /// - Throws: Any other error of mkdirat(2).
    borrowing func makeDirectory(_ name: String) throws(SystemError) -> Bool {
        if mkdirat(descriptor.number, name, 0o755) == 0 { return true }
        let number = errno
        if number == EEXIST { return false }
        throw SystemError("mkdir", number, on: "\(path)/\(name)")
    }

    /// Removes a directory; one that is not there is fine.
    borrowing func removeDirectory(_ name: String) throws(SystemError) {
        if unlinkat(descriptor.number, name, AT_REMOVEDIR) == 0 { return }
        let number = errno
        if number != ENOENT { throw SystemError("rmdir", number, on: "\(path)/\(name)") }
    }

    /// The names of the directories in this one.
    borrowing func children() throws(SystemError) -> [String] {
        let copy = try descriptor.open(".", O_RDONLY | O_DIRECTORY, resolution: .noLinks).release()
        guard let stream = fdopendir(copy) else {
            let number = errno
            close(copy)
            throw SystemError("fdopendir", number, on: path)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// The text of an open file from its start.
    static func text(of file: borrowing Descriptor, path: String) throws(SystemError) -> String {
        do {
            return String(decoding: try file.contents(limit: sizeLimit), as: UTF8.self)
        } catch {
            throw SystemError(error.call, error.number, on: path)
        }
    }

    static func write(_ value: String, to file: borrowing Descriptor, path: String) throws(SystemError) {
        var value = value
        let (count, number) = value.withUTF8 { bytes in
            var count: Int
            repeat {
                count = Glibc.write(file.number, bytes.baseAddress, bytes.count)
            } while count < 0 && errno == EINTR
            return (count == bytes.count ? 0 : -1, errno)
        }
        if count < 0 { throw SystemError("write", number, on: path) }
    }
}
