// SPDX-License-Identifier: Apache-2.0

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
}
