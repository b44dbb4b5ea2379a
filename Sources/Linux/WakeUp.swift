// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Wakes a thread that waits in poll(2) (eventfd(2)).
package final class WakeUp: Sendable {
    private let descriptor: SharedDescriptor

    /// - Throws: The error of eventfd(2).
    package init() throws(SystemError) {
        // The flags have the values of open(2)'s.
        let number = clinux_eventfd(0, O_CLOEXEC | O_NONBLOCK)
        descriptor = SharedDescriptor(Descriptor(owning: try SystemError.check(number, "eventfd")))
    }

    /// The descriptor to wait for; readable once it was signalled.
    package var number: Int32 { descriptor.number }

    /// Makes it readable.
    package func signal() {
        var one: UInt64 = 1
        _ = write(number, &one, MemoryLayout<UInt64>.size)
    }

    /// Takes what there was to read.
    package func clear() {
        var count: UInt64 = 0
        _ = read(number, &count, MemoryLayout<UInt64>.size)
    }
}
