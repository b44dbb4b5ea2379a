// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux

/// What a process does with a signal, as `/proc/PID/status` tells it (proc_pid_status(5)).
struct SignalMask: Sendable {
    private let blocked: UInt64
    private let caught: UInt64

    /// Reads it; nil where the process has ended.
    ///
    /// - Parameter pid: The process.
    init?(of pid: Int32) {
        guard let file = try? Descriptor.open("/proc/\(pid)/status", O_RDONLY),
            let bytes = try? file.contents(limit: 1 << 16)
        else { return nil }
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        func mask(_ label: String) -> UInt64? {
            guard let line = lines.first(where: { $0.starts(with: label.utf8) }) else { return nil }
            return UInt64(String(decoding: line.dropFirst(label.utf8.count), as: UTF8.self), radix: 16)
        }
        guard let blocked = mask("SigBlk:\t"), let caught = mask("SigCgt:\t") else { return nil }
        (self.blocked, self.caught) = (blocked, caught)
    }

    /// Whether the first process of a pid namespace gets a signal that comes from outside.
    ///
    /// The kernel drops what such a process has no handler for, unless it is blocked: then the process may take it with
    /// sigwaitinfo(2) or signalfd(2) (pid_namespaces(7)). `SIGKILL` and `SIGSTOP` always arrive.
    func reachesInit(_ signal: Int32) -> Bool {
        if signal == SIGKILL || signal == SIGSTOP { return true }
        guard (1...64).contains(signal) else { return false }
        return (blocked | caught) & (1 << UInt64(signal - 1)) != 0
    }

    /// Whether a signal has an effect on the first process of a pid namespace, as far as can be told.
    ///
    /// - Parameters:
    ///   - signal: The signal.
    ///   - pid: The process.
    /// - Returns: False only where it would certainly be dropped.
    static func isDelivered(_ signal: Int32, toInit pid: Int32) -> Bool {
        for _ in 0..<2 {
            // A process that has ended gets none, but there is nothing to wait for either.
            guard let mask = SignalMask(of: pid) else { return true }
            if mask.reachesInit(signal) { return true }
            // What a process waits for with sigwaitinfo(2) counts as blocked, and is not shown as blocked meanwhile. The
            // second look is for one that has just come out of it.
            if isWaitingForSignals(pid) { return true }
        }
        return false
    }

    /// Whether a process waits in rt_sigtimedwait(2), by `/proc/PID/syscall`; true where that cannot be read.
    private static func isWaitingForSignals(_ pid: Int32) -> Bool {
        guard let file = try? Descriptor.open("/proc/\(pid)/syscall", O_RDONLY),
            let bytes = try? file.contents(limit: 1024)
        else { return true }
        let number = String(decoding: bytes, as: UTF8.self).split(separator: " ").first
        return number.flatMap { Int($0) } == Int(CLINUX_SYS_RT_SIGTIMEDWAIT)
    }
}
