// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Linux

/// A running process of a container: its pidfd, which means this process and no other for as long as it is held.
package struct Process: ~Copyable, Sendable {
    /// The number, as this process's pid namespace shows it; for people and /proc, never for signals.
    package let pid: Int32
    package let pidfd: Descriptor
    /// The master of its terminal, where it has one.
    package var terminal: Descriptor?

    /// Whether somebody else in this process reaps it, to whom its status belongs.
    private let isKept: Bool

    package init(pid: Int32, pidfd: consuming Descriptor, isKept: Bool = false) {
        self.pid = pid
        self.pidfd = pidfd
        self.isKept = isKept
    }

    /// Another descriptor of its terminal's master; nil where it has no terminal.
    package borrowing func duplicateTerminal() throws(SystemError) -> Descriptor? {
        switch terminal {
        case .some(let terminal): try terminal.duplicate()
        case .none: nil
        }
    }

    /// Sends a signal.
    package func signal(_ number: Int32) throws(SystemError) {
        try pidfd.signal(number)
    }

    /// Waits for its end.
    ///
    /// - Returns: How it ended.
    /// - Throws: `ENODATA` where this process is not its parent and the kernel, before 6.15, does not tell others.
    package func wait() throws(SystemError) -> ProcessEnd {
        do {
            let end = try pidfd.waitForProcess(reaps: !isKept)
            if isKept { try pidfd.waitUntilReaped() }
            return end
        } catch  where error.number == ECHILD {
            try pidfd.waitUntilReaped()
            guard let end = try pidfd.processEnd() else { throw SystemError("ioctl", EAGAIN, on: "PIDFD_GET_INFO") }
            return end
        }
    }
}

extension Process {
    /// The parts, each with an owner of its own.
    ///
    /// - Parameter body: Takes over the pidfd and the master of the terminal.
    /// - Returns: What `body` returned.
    package consuming func split<Result>(_ body: (consuming Descriptor, consuming Descriptor?) -> Result) -> Result {
        body(pidfd, terminal)
    }
}
