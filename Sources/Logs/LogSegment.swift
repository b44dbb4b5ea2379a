// SPDX-License-Identifier: Apache-2.0

import CKeeper
import Glibc
import Linux

/// A segment of a stream that is open for reading, maybe while it is written.
///
/// While it is open, the keeper removes neither it nor those that follow, within the bounds that `keeper_protocol.h` names.
struct LogSegment: ~Copyable {
    let number: UInt32
    private let data: Descriptor
    private let index: Descriptor

    static let recordSize = MemoryLayout<log_record>.size

    /// Opens a segment; nil where it does not exist, or no longer.
    init?(_ stream: LogStream, _ number: UInt32, in directory: borrowing Descriptor) throws(SystemError) {
        let name = Self.name(stream, number)
        do {
            let data = try directory.open("\(name).log", O_RDONLY | O_NOFOLLOW, resolution: .noLinks)
            try data.lockShared()
            // It may have been removed before the lock.
            guard try data.hasName() else { return nil }
            let index = try directory.open("\(name).index", O_RDONLY | O_NOFOLLOW, resolution: .noLinks)
            self.number = number
            self.data = data
            self.index = index
        } catch  where error.number == ENOENT {
            return nil
        }
    }

    private static func name(_ stream: LogStream, _ number: UInt32) -> String {
        let digits = String(number)
        return "\(stream.name).\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits)"
    }

    /// Whether a segment has a name.
    static func exists(
        _ stream: LogStream,
        _ number: UInt32,
        in directory: borrowing Descriptor
    ) throws(SystemError) -> Bool {
        var status = stat()
        if fstatat(directory.number, "\(name(stream, number)).log", &status, AT_SYMLINK_NOFOLLOW) == 0 { return true }
        if errno == ENOENT { return false }
        throw SystemError("fstatat", errno, on: "a segment of the log")
    }

    /// Whether it was removed, and maybe those that follow it.
    func isRemoved() throws(SystemError) -> Bool { try !data.hasName() }

    /// The numbers of a stream's segments in their order.
    static func numbers(of stream: LogStream, in directory: borrowing Descriptor) throws(SystemError) -> [UInt32] {
        let copy = try directory.open(".", O_RDONLY | O_DIRECTORY, resolution: .beneath).release()
        guard let folder = fdopendir(copy) else {
            let number = errno
            close(copy)
            throw SystemError("fdopendir", number)
        }
        defer { closedir(folder) }
        var numbers: [UInt32] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let parts = name.split(separator: ".")
            if parts.count == 3, parts[0] == stream.name, parts[2] == "log", let number = UInt32(parts[1]) {
                numbers.append(number)
            }
        }
        return numbers.sorted()
    }

    /// How many bytes it holds now.
    func size() throws(SystemError) -> UInt64 {
        var status = stat()
        if fstat(data.number, &status) != 0 { throw SystemError("fstat", errno, on: "a segment of the log") }
        return UInt64(status.st_size)
    }

    /// How many records it has now.
    func recordCount() throws(SystemError) -> Int {
        var status = stat()
        if fstat(index.number, &status) != 0 { throw SystemError("fstat", errno, on: "an index of the log") }
        return Int(status.st_size) / Self.recordSize
    }

    /// A record; nil where it is not written yet.
    func record(_ position: Int) throws(SystemError) -> log_record? {
        var record = log_record()
        let length = pread(index.number, &record, Self.recordSize, off_t(position * Self.recordSize))
        if length < 0 { throw SystemError("pread", errno, on: "an index of the log") }
        return length == Self.recordSize ? record : nil
    }

    /// Some bytes; fewer than asked for only at the end.
    func bytes(at offset: UInt64, count: Int) throws(SystemError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let length = pread(data.number, buffer.baseAddress, count, off_t(offset))
            failure = length < 0 ? errno : 0
            filled = max(0, length)
        }
        if failure != 0 { throw SystemError("pread", failure, on: "a segment of the log") }
        return bytes
    }

    /// The position of the first record that is not before a bound.
    ///
    /// - Parameter isBefore: Whether a record is before the bound; records are in order.
    /// - Returns: The position; the number of records where all are before it.
    /// - Throws: What made a record unreadable.
    func firstRecord(notBefore isBefore: (log_record) -> Bool) throws(SystemError) -> Int {
        var (low, high) = (0, try recordCount())
        while low < high {
            let middle = (low + high) / 2
            guard let record = try record(middle) else { break }
            if isBefore(record) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The time of the last record; nil where there is none.
    func lastTime() throws(SystemError) -> UInt64? {
        let count = try recordCount()
        return count == 0 ? nil : try record(count - 1)?.time
    }
}

extension Descriptor {
    /// Keeps whoever wants the file for itself away from it, as long as this open file lives (flock(2)).
    borrowing func lockShared() throws(SystemError) {
        while flock(number, LOCK_SH) != 0 {
            if errno != EINTR { throw SystemError("flock", errno, on: "the log") }
        }
    }

    fileprivate borrowing func hasName() throws(SystemError) -> Bool {
        var status = stat()
        if fstat(number, &status) != 0 { throw SystemError("fstat", errno, on: "a segment of the log") }
        return status.st_nlink > 0
    }
}
