// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Something that one thread waits for and another one lets happen.
///
/// It is no descriptor, of which there may be none left when a server is to end.
final class Gate: @unchecked Sendable {
    // Any thread may use it (sem_overview(7)); it is at one place for as long as it lives.
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func open() { sem_post(semaphore) }

    func wait() {
        while sem_wait(semaphore) != 0, errno == EINTR {}
    }
}
