// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Tells when a group has run out of memory, and how many of its processes were killed for that.
package struct OutOfMemoryWatch: ~Copyable, Sendable {
    /// To poll for ``events``: an event counter on version 1, `memory.events` on version 2.
    package let descriptor: Descriptor
    private let version: ControlGroupVersion
    private let counts: Descriptor
    private let path: String

    fileprivate init(
        _ descriptor: consuming Descriptor,
        version: ControlGroupVersion,
        counts: consuming Descriptor,
        path: String
    ) {
        self.descriptor = descriptor
        self.version = version
        self.counts = counts
        self.path = path
    }

    /// What to poll ``descriptor`` for: `POLLIN` on version 1, `POLLPRI` on version 2.
    package var events: Int16 { Int16(version == .one ? POLLIN : POLLPRI) }

    /// Takes note of an event, so that the descriptor is quiet until the next, and reads the count.
    ///
    /// Version 1 also has an event when the group is removed.
    ///
    /// - Returns: How many processes of the group were killed since it was made; 0 once the group is gone.
    /// - Throws: Where the count cannot be read.
    package borrowing func kills() throws(SystemError) -> UInt64 {
        if version == .one {
            var value: UInt64 = 0
            // Without an event there is nothing to take note of (EAGAIN).
            read(descriptor.number, &value, MemoryLayout<UInt64>.size)
        }
        do {
            let text =
                version == .one
                ? try ControlGroupDirectory.text(of: counts, path: path)
                : try ControlGroupDirectory.text(of: descriptor, path: path)
            return KeyedValues(text)["oom_kill"] ?? 0
        } catch  where error.number == ENODEV {
            return 0
        }
    }
}

extension ControlGroup {
    /// Starts to watch for the want of memory.
    ///
    /// - Returns: The watch; nil where the machine has no memory controller for us.
    /// - Throws: Where the kernel's files cannot be opened.
    package func watchOutOfMemory() throws(ControlGroupError) -> OutOfMemoryWatch? {
        guard let tree = hierarchies.hierarchy(of: "memory") else { return nil }
        return try attempt("watch the memory of") { () throws(SystemError) -> OutOfMemoryWatch? in
            let directory = try directory(in: tree)
            if tree.version == .two {
                let events = try directory.open("memory.events", O_RDONLY)
                let counts = try events.duplicate()
                return OutOfMemoryWatch(events, version: .two, counts: counts, path: "\(directory.path)/memory.events")
            }
            let control = try directory.open("memory.oom_control", O_RDONLY)
            let flags = counterFlags
            let counter = Descriptor(owning: try SystemError.check(clinux_eventfd(0, flags), "eventfd"))
            try directory.write("cgroup.event_control", "\(counter.number) \(control.number)")
            return OutOfMemoryWatch(
                counter,
                version: .one,
                counts: control,
                path: "\(directory.path)/memory.oom_control"
            )
        }
    }
}

/// The flags of eventfd(2) have the values of open(2)'s.
private let counterFlags = O_CLOEXEC | O_NONBLOCK
