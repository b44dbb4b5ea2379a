// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux

/// The `/dev/shm` of a container with the IPC mode `shareable`, which others may join.
///
/// It is attached nowhere on the host: whoever holds the descriptor can give it to one more container, and it is gone with
/// the last of them. Kernels before Linux 6.15 do not clone such a mount.
enum SharedMemory {
    /// Makes a memory.
    ///
    /// - Parameter size: What it holds at most, in bytes.
    /// - Returns: The mount, for ``SpecificationBuilder/Context/sharedMemory`` and ``JoinedContainer/sharedMemory``.
    /// - Throws: What the kernel refused.
    static func make(size: Int64) throws(EngineError) -> Descriptor {
        do {
            return try Descriptor.newMount("tmpfs", parameters: [("mode", .text("1777")), ("size", .text("\(size)"))])
        } catch {
            throw EngineError(.failed, "cannot make the shared memory of the container: \(error)")
        }
    }
}
