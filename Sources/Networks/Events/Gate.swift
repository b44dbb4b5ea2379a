// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux

/// Something that one thread waits for and another one lets happen.
final class Gate: Sendable {
    private let descriptor: Descriptor

    init() throws(SystemError) {
        descriptor = Descriptor(owning: try SystemError.check(clinux_eventfd(0, O_CLOEXEC), "eventfd"))
    }

    func open() {
        var one: UInt64 = 1
        write(descriptor.number, &one, MemoryLayout<UInt64>.size)
    }

    func wait() {
        var count: UInt64 = 0
        while read(descriptor.number, &count, MemoryLayout<UInt64>.size) < 0, errno == EINTR {}
    }
}
