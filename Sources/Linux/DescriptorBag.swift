// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Descriptors that live and are closed together.
package final class DescriptorBag: Sendable {
    private let numbers = Mutex<[Int32]>([])

    package init() {}

    deinit {
        for number in numbers.withLock({ $0 }) { close(number) }
    }

    /// Takes over a descriptor.
    ///
    /// - Parameter descriptor: The descriptor.
    /// - Returns: Its number, valid while the bag lives.
    package func keep(_ descriptor: consuming Descriptor) -> Int32 {
        let number = descriptor.release()
        numbers.withLock { $0.append(number) }
        return number
    }
}
