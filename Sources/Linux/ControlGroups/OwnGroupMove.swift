// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// The move of this process from its control group of version 1 to the same one, which changes nothing.
///
/// Whoever writes to `cgroup.procs` takes a lock that every fork shares (`cgroup_threadgroup_rwsem`). To take it costs a grace
/// period of RCU, several milliseconds, unless it was taken just before (kernel/rcu/sync.c). This move takes it for nothing,
/// while whoever is about to start a process still prepares that.
final class OwnGroupMove: Sendable {
    /// The text of `/proc/self/cgroup` when the place was found out: with another one, this process has been moved.
    private let groups: String
    /// The `cgroup.procs` of this process's group.
    private let path: String
    private let isUnderWay = Atomic(false)

    /// Finds the place; nil where there is no tree of version 1, or none that shows this process's group.
    ///
    /// - Parameters:
    ///   - mounts: The trees that are mounted.
    ///   - groups: The text of `/proc/self/cgroup`.
    init?(_ mounts: [ControlGroupMount], groups: String) {
        guard let mount = mounts.first(where: { $0.version == .one && $0.ownBase != nil }) else { return nil }
        self.groups = groups
        path = "\(mount.mountPoint)/\(mount.ownBase ?? "")/cgroup.procs"
    }

    /// Begins the move on a thread of its own, unless one is under way.
    func begin() {
        guard !isUnderWay.exchange(true, ordering: .acquiring) else { return }
        do {
            try BlockingCall.start {
                // What fails here costs time alone: the move that this one precedes tells of what is wrong.
                _ = try? self.move()
                self.isUnderWay.store(false, ordering: .releasing)
            }
        } catch {
            isUnderWay.store(false, ordering: .releasing)
        }
    }

    /// Moves this process.
    ///
    /// - Returns: False where it is in another group than before, and so was left there.
    /// - Throws: What the kernel refused.
    func move() throws(SystemError) -> Bool {
        let now = try Descriptor.open("/proc/self/cgroup", O_RDONLY).contents(limit: 1 << 16)
        guard now.elementsEqual(groups.utf8) else { return false }
        // Zero is the process that writes.
        try Descriptor.open(path, O_WRONLY).write([UInt8(ascii: "0")])
        return true
    }
}
