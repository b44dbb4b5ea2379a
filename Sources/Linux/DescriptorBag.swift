// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Descriptors that live and are closed together.
package final class DescriptorBag: Sendable {
    private let kept = Mutex<[Int32]>([])

    package init() {}

    deinit {
        for number in numbers { close(number) }
    }

    /// The numbers in the order in which they came, valid while the bag lives.
    package var numbers: [Int32] { kept.withLock(\.self) }

    /// Takes over a descriptor.
    ///
    /// - Parameter descriptor: The descriptor.
    /// - Returns: Its number, valid while the bag lives.
    @discardableResult
    package func keep(_ descriptor: consuming Descriptor) -> Int32 {
        let number = descriptor.release()
        kept.withLock { $0.append(number) }
        return number
    }
}
