// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Logs
import Runtime

/// Waits for the kernel to end processes of a control group for want of memory.
final class MemoryWatch: Sendable {
    private let watch: OutOfMemoryWatch

    /// Begins to watch; nil where the machine has no memory controller.
    init?(_ group: ControlGroup) throws(ControlGroupError) {
        guard let watch = try group.watchOutOfMemory() else { return nil }
        self.watch = watch
    }

    /// Waits for the next time.
    ///
    /// - Parameter ended: Told when the processes have ended.
    /// - Returns: False where they have, or where nothing can be learnt.
    func nextKill(until ended: EndSignal) async -> Bool {
        let before = (try? watch.kills()) ?? 0
        while true {
            let isEnd = await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    let interest: Reactor.Interest = self.watch.events == Int16(POLLIN) ? .readable : .exceptional
                    return (try? await Reactor.shared.wait(for: self.watch.descriptor.number, interest)) == nil
                }
                group.addTask {
                    try? await ended.wait()
                    return true
                }
                defer { group.cancelAll() }
                return await group.next() ?? true
            }
            if isEnd { return false }
            guard let kills = try? watch.kills() else { return false }
            if kills > before { return true }
        }
    }
}

extension ContainerRun {
    /// How many of its processes the kernel has ended for want of memory; 0 where nobody counts.
    var memoryKills: UInt64 {
        guard let watch = try? resources.group.watchOutOfMemory() else { return 0 }
        return (try? watch.kills()) ?? 0
    }

    /// The root file system as the processes see it, with all that is mounted there.
    ///
    /// - Throws: `ESRCH` where the first process has ended.
    func openRoot() throws(SystemError) -> Descriptor {
        let root = try Descriptor.open("/proc/\(process.pid)/root", OpenFlags.pathOnly | O_DIRECTORY)
        // Only now is it sure that the number was not another process's.
        try process.pidfd.descriptor.signal(0)
        return root
    }
}
