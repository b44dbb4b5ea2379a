// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// How often the threads of a container have given a processor up, and whether all of them wait just now.
///
/// Two of them that are equal tell that no thread has run in between.
struct ProcessActivity: Equatable, Sendable {
    /// Voluntary and involuntary switches of a thread, by its number on the host (proc_pid_status(5)).
    private var switches: [Int32: UInt64] = [:]
    /// Whether each thread sleeps until something happens.
    ///
    /// One that runs, that waits for a processor or for a disk has not done yet what it is at.
    private(set) var isAsleep = true

    /// Looks at the threads of a control group and of those below it.
    ///
    /// - Throws: `.missing` where the group is gone.
    init(of group: ControlGroup) throws(ControlGroupError) {
        for thread in try group.threads() {
            guard let status = Self.status(of: thread) else { continue }
            switches[thread] = status.switches
            if !status.isAsleep { isAsleep = false }
        }
    }

    /// Reads `/proc/TID/status`; nil where the thread has ended.
    private static func status(of thread: Int32) -> (isAsleep: Bool, switches: UInt64)? {
        guard let file = try? Descriptor.open("/proc/\(thread)/status", O_RDONLY),
            let bytes = try? file.contents(limit: 1 << 16)
        else { return nil }
        var isAsleep = false
        var switches: UInt64 = 0
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            if line.starts(with: "State:".utf8) {
                isAsleep = line.dropFirst("State:\t".utf8.count).first == UInt8(ascii: "S")
            } else if line.starts(with: "voluntary_ctxt".utf8) || line.starts(with: "nonvoluntary_ctxt".utf8) {
                let digits = line.reversed().prefix { $0 != UInt8(ascii: "\t") }.reversed()
                switches &+= UInt64(String(decoding: digits, as: UTF8.self)) ?? 0
            }
        }
        return (isAsleep, switches)
    }
}
