// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A number that threads wait for (sem_overview(7)).
package final class Semaphore: Sendable {
    // The C library lets any number of threads use it at once.
    nonisolated(unsafe) private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    /// - Parameter count: How many may pass before the first signal.
    package init(_ count: UInt32 = 0) { sem_init(semaphore, 0, count) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    /// Lets one more pass.
    package func signal() { sem_post(semaphore) }

    /// Waits until one may pass, and does.
    package func wait() {
        while sem_wait(semaphore) != 0 {}
    }

    /// Waits until one may pass, but not for ever.
    ///
    /// - Parameter patience: How long at most.
    /// - Returns: Whether one may, and did.
    package func wait(upTo patience: Duration) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let (seconds, attoseconds) = patience.components
        let nanoseconds = deadline.tv_nsec + Int(attoseconds / 1_000_000_000)
        deadline.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        while true {
            let result = clinux_semaphore_wait(semaphore, &deadline)
            if result != -EINTR { return result == 0 }
        }
    }
}
