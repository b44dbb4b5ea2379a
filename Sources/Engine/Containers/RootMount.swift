// SPDX-License-Identifier: Apache-2.0

import Linux
import Synchronization

/// The mount of the root file system of a run, held beyond the end of its processes.
///
/// With its last mount an overlay is taken down, and the kernel writes the whole file system that has its upper layer to the
/// disk first, whoever's data that is (`ovl_sync_fs` in fs/overlayfs/super.c). The first process of a container would do
/// that while it ends, and nobody would hear of its end before.
final class RootMount: Sendable {
    private let mount: Mutex<SharedDescriptor?>

    /// - Parameter mount: The mount, which nobody else holds on to.
    init(_ mount: SharedDescriptor) {
        self.mount = Mutex(mount)
    }

    /// Whether nobody has let go of it yet.
    var isHeld: Bool { mount.withLock { $0 != nil } }

    /// Lets go of it while the caller waits; where another thread is at it, until that has done so.
    func letGo() {
        mount.withLock { $0 = nil }
    }
}
