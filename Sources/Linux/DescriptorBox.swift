// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A descriptor on its way into a function that runs elsewhere; closed with the box where nobody takes it.
package final class DescriptorBox: Sendable {
    private let held: Mutex<Descriptor?>

    package init(_ descriptor: consuming Descriptor) {
        held = Mutex(descriptor)
    }

    /// Takes the descriptor out; nil where somebody has it.
    package func take() -> Descriptor? {
        held.withLock { held in
            let taken = held.take()
            return taken
        }
    }
}
