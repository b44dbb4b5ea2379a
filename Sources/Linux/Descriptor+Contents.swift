// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

extension Descriptor {
    /// Makes a file that only exists in memory.
    ///
    /// - Parameter name: What `/proc/<pid>/fd` shows.
    /// - Returns: The file, open for reading and writing.
    /// - Throws: The error of memfd_create(2).
    package static func memory(named name: String) throws(SystemError) -> Descriptor {
        let closeOnExec: UInt32 = 1
        let number = clinux_memfd_create(name, closeOnExec)
        return Descriptor(owning: try SystemError.check(number, "memfd_create", on: name))
    }

    /// Everything from the start of the file to its end.
    ///
    /// - Parameter limit: The largest size in bytes.
    /// - Returns: The bytes.
    /// - Throws: `EFBIG` for a larger file, else the error of pread(2).
    package borrowing func contents(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = pread(number, &buffer, buffer.count, off_t(bytes.count))
            if count < 0 {
                let answer = errno
                if answer == EINTR { continue }
                throw SystemError("read", answer)
            }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            if bytes.count > limit { throw SystemError("read", EFBIG) }
        }
    }
}
