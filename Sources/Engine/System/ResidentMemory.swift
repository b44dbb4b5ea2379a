// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// How much memory a process has.
enum ResidentMemory {
    /// The bytes that are resident, by `/proc/PID/statm` (proc(5)); nil where the process has gone.
    static func bytes(of pid: Int32) -> Int64? {
        guard let file = try? Descriptor.open("/proc/\(pid)/statm", O_RDONLY),
            let bytes = try? file.contents(limit: 1024)
        else { return nil }
        let pages = String(decoding: bytes, as: UTF8.self).split(separator: " ").dropFirst().first.flatMap { Int64($0) }
        return pages.map { $0 * Int64(sysconf(Int32(_SC_PAGESIZE))) }
    }
}
