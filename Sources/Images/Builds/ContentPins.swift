// SPDX-License-Identifier: Apache-2.0

package import OCI
import Synchronization

/// Content and layers that work under way needs, whatever images are removed meanwhile.
package final class ContentPins: Sendable {
    private let counts = Mutex<[Digest: Int]>([:])

    /// Keeps content and layers until ``unpin(_:)``.
    ///
    /// - Parameter digests: Digests of content, and chain ids of layers.
    package func pin(_ digests: some Sequence<Digest>) {
        counts.withLock { counts in for digest in digests { counts[digest, default: 0] += 1 } }
    }

    /// Lets go what was pinned as often.
    ///
    /// - Parameter digests: The same as before.
    package func unpin(_ digests: some Sequence<Digest>) {
        counts.withLock { counts in
            for digest in digests {
                counts[digest, default: 1] -= 1
                if counts[digest] == 0 { counts[digest] = nil }
            }
        }
    }

    /// Whether something is kept.
    package func contains(_ digest: Digest) -> Bool { counts.withLock { $0[digest] != nil } }

    /// All of them.
    var all: Set<Digest> { counts.withLock { Set($0.keys) } }
}
