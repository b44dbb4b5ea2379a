// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// How a process ended.
package enum ProcessEnd: Equatable, Sendable {
    case exit(Int32)
    case signal(Int32)

    /// The status that shells and Docker give: 128 and the signal's number where a signal ended it.
    package var status: Int32 {
        switch self {
        case .exit(let status): status
        case .signal(let number): 128 + number
        }
    }

    /// Waits for the end of a child (waitpid(2)), which is gone then.
    ///
    /// - Parameters:
    ///   - child: Its number.
    ///   - program: What it runs, for the error.
    /// - Throws: `ECHILD` where the process is no child of ours or was waited for before.
    package init(of child: Int32, running program: String) throws(SystemError) {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            if errno != EINTR { throw SystemError("waitpid", errno, on: program) }
        }
        let signal = status & 0x7f
        self = signal == 0 ? .exit((status >> 8) & 0xff) : .signal(signal)
    }
}

/// Descriptors of processes (pidfd_open(2)).
extension Descriptor {
    /// A descriptor of a running process; it means that process even after the number is used again.
    package static func process(_ pid: Int32) throws(SystemError) -> Descriptor {
        Descriptor(owning: try SystemError.check(clinux_pidfd_open(pid, 0), "pidfd_open", on: "\(pid)"))
    }

    /// Sends a signal to the process (pidfd_send_signal(2)); `ESRCH` where it has ended.
    package borrowing func signal(_ signal: Int32) throws(SystemError) {
        try SystemError.check(clinux_pidfd_send_signal(number, signal), "pidfd_send_signal")
    }

    /// Waits for the end of a child (waitid(2) with `P_PIDFD`).
    ///
    /// - Parameter reaps: Whether the child is gone after that; otherwise somebody else in this process reaps it.
    /// - Returns: How it ended.
    /// - Throws: `ECHILD` where the process is no child of ours or was reaped before.
    package borrowing func waitForProcess(reaps: Bool = true) throws(SystemError) -> ProcessEnd {
        var end = clinux_exit()
        var result: Int32
        let options = reaps ? WEXITED : WEXITED | WNOWAIT
        repeat { result = clinux_waitid_pidfd(number, options, &end) } while result == -EINTR
        try SystemError.check(result, "waitid")
        return ProcessEnd(end)
    }

    /// Waits until the process has ended, whether its parent has reaped it or not; the caller need not be the parent.
    package borrowing func waitUntilEnded() throws(SystemError) { try wait(for: Int16(POLLIN)) }

    /// Waits until the process has ended and its parent has reaped it; the caller need not be the parent.
    package borrowing func waitUntilReaped() throws(SystemError) {
        // No event is asked for: POLLHUP, which comes with the reaping, is always told.
        try wait(for: 0)
    }

    private borrowing func wait(for events: Int16) throws(SystemError) {
        var request = pollfd(fd: number, events: events, revents: 0)
        while poll(&request, 1, -1) < 0 {
            if errno != EINTR { throw SystemError("poll", errno) }
        }
    }

    /// How a process ended that is no child of ours, as the kernel keeps it since Linux 6.15.
    ///
    /// - Returns: Nil while it runs.
    /// - Throws: `ENODATA` where the kernel does not keep it.
    package borrowing func processEnd() throws(SystemError) -> ProcessEnd? {
        var end = clinux_exit()
        let result = clinux_pidfd_exit_status(number, &end)
        if result == -EAGAIN { return nil }
        try SystemError.check(result, "ioctl", on: "PIDFD_GET_INFO")
        return ProcessEnd(end)
    }
}

extension ProcessEnd {
    init(_ end: clinux_exit) {
        self = end.is_signal == 0 ? .exit(end.status) : .signal(end.status)
    }
}
