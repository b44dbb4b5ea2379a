// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

// Reading, writing and syncing.
extension Descriptor {
    /// Reads what there is.
    ///
    /// - Parameter buffer: Where to.
    /// - Returns: How many bytes; zero at the end.
    /// - Throws: The error of read(2).
    package borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        while true {
            let count = Glibc.read(number, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            let failure = errno
            if failure != EINTR { throw SystemError("read", failure) }
        }
    }

    /// Reads at a place, without moving the file's own.
    ///
    /// - Parameters:
    ///   - buffer: Where to.
    ///   - offset: From where on.
    /// - Returns: How many bytes; zero at the end.
    /// - Throws: The error of pread(2).
    package borrowing func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: Int64
    ) throws(SystemError) -> Int {
        while true {
            let count = pread(number, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            let failure = errno
            if failure != EINTR { throw SystemError("pread", failure) }
        }
    }

    /// Writes all bytes.
    package borrowing func write(_ buffer: UnsafeRawBufferPointer) throws(SystemError) {
        var rest = buffer[...]
        while !rest.isEmpty {
            let count = Glibc.write(number, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            let failure = errno
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if failure != EINTR {
                throw SystemError("write", failure)
            }
        }
    }

    /// Writes all bytes.
    package borrowing func write(_ bytes: [UInt8]) throws(SystemError) {
        var failure: SystemError?
        bytes.withUnsafeBytes { buffer in
            do throws(SystemError) { try write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Writes all bytes at a place, without moving the file's own.
    package borrowing func write(_ buffer: UnsafeRawBufferPointer, at offset: Int64) throws(SystemError) {
        var rest = buffer[...]
        while !rest.isEmpty {
            let place = off_t(offset) + off_t(buffer.count - rest.count)
            let count = pwrite(number, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, place)
            let failure = errno
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if failure != EINTR {
                throw SystemError("pwrite", failure)
            }
        }
    }

    /// Changes the length of the file.
    package borrowing func truncate(to size: Int64) throws(SystemError) {
        if ftruncate(number, off_t(size)) != 0 { throw SystemError("ftruncate", errno) }
    }

    /// Has the kernel begin to write a part of the file to the disk, so that ``sync()`` waits less; a file system may ignore it.
    package borrowing func beginSync(from offset: Int64, count: Int64) {
        _ = clinux_begin_sync(number, offset, count)
    }

    /// Waits until the file is on the disk.
    package borrowing func sync() throws(SystemError) {
        if fsync(number) != 0 { throw SystemError("fsync", errno) }
    }

    /// Waits until all of the file system that the file is on is on the disk.
    package borrowing func syncFileSystem() throws(SystemError) {
        try SystemError.check(clinux_syncfs(number), "syncfs")
    }

    /// Locks the open file as flock(2) does, until it is closed in all processes that have it.
    ///
    /// - Parameters:
    ///   - isExclusive: Whether nobody else may have a lock, not even a shared one.
    ///   - waits: Whether to wait for those who have it.
    /// - Returns: False where somebody has it and there is no waiting.
    /// - Throws: The error of flock(2).
    @discardableResult
    package borrowing func lock(isExclusive: Bool, waits: Bool = true) throws(SystemError) -> Bool {
        let operation = (isExclusive ? LOCK_EX : LOCK_SH) | (waits ? 0 : LOCK_NB)
        while flock(number, operation) != 0 {
            let failure = errno
            if failure == EWOULDBLOCK { return false }
            if failure != EINTR { throw SystemError("flock", failure) }
        }
        return true
    }
}

extension Descriptor {
    /// Copies the content of this file into another, in the kernel.
    ///
    /// - Parameter copy: The empty file, open to be written.
    /// - Throws: The error of copy_file_range(2), or of the read and write that take its place across file systems.
    package borrowing func copyContent(to copy: borrowing Descriptor) throws(SystemError) {
        var left = Int64.max
        if try share(&left, with: copy) { return }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = try read(into: buffer)
            if count == 0 { return }
            try copy.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Copies the content of this regular file into another, in the kernel.
    ///
    /// - Parameters:
    ///   - copy: The empty file, open to be written.
    ///   - size: How many bytes it has; what comes after them is not looked for.
    /// - Throws: The error of copy_file_range(2), or of the sendfile(2) that takes its place across file systems.
    package borrowing func copyContent(to copy: borrowing Descriptor, size: Int64) throws(SystemError) {
        var left = size
        // Of a few pages it is not worth to ask whether they can be shared.
        if left > 64 << 10, try share(&left, with: copy) { return }
        while left > 0 {
            let count = sendfile(copy.number, number, nil, Int(min(left, 1 << 30)))
            if count < 0 {
                let failure = errno
                if failure == EINTR { continue }
                throw SystemError("sendfile", failure)
            }
            // It has become shorter.
            if count == 0 { return }
            left -= Int64(count)
        }
    }

    /// Copies in a way that may share blocks.
    ///
    /// - Returns: Whether all was copied; otherwise the file systems cannot do that.
    private borrowing func share(_ left: inout Int64, with copy: borrowing Descriptor) throws(SystemError) -> Bool {
        while left > 0 {
            let count = clinux_copy_file_range(number, nil, copy.number, nil, Int(min(left, 1 << 30)))
            if [EXDEV, EINVAL, EOPNOTSUPP, ENOSYS].contains(Int32(-count)) { return false }
            if try SystemError.check(count, "copy_file_range") == 0 { break }
            left -= count
        }
        return true
    }
}
