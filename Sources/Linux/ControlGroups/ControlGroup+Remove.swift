// SPDX-License-Identifier: Apache-2.0

import Glibc

extension ControlGroup {
    /// Removes the group, with the groups that its processes made below it, from every tree.
    ///
    /// Its processes must have ended; those that are on their way out are waited for. Parents of ours that are empty then
    /// go as well. A group that is not there is fine.
    ///
    /// - Parameter timeout: How long to wait for processes that are ending.
    /// - Throws: `.busy` where processes are left; the other trees are done all the same.
    package func remove(timeout: Duration = .seconds(5)) throws(ControlGroupError) {
        var failure: ControlGroupError?
        let deadline = ContinuousClock.now + timeout
        for tree in hierarchies.all.reversed() {
            do {
                if try remove(in: tree, deadline: deadline) { removeParents(in: tree) }
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    /// Removes the directory in one tree.
    ///
    /// - Returns: Whether its parent may be empty now.
    private func remove(
        in tree: ControlGroupHierarchy,
        deadline: ContinuousClock.Instant
    ) throws(ControlGroupError) -> Bool {
        while true {
            do {
                return try removeTree(in: tree)
            } catch {
                let isBusy = [EBUSY, ENOTEMPTY].contains(error.number)
                if isBusy, ContinuousClock.now < deadline {
                    try awaitRemovable(in: tree, deadline: deadline)
                    continue
                }
                throw ControlGroupError(
                    "remove control group \(path)",
                    error,
                    code: isBusy ? .busy : .failed,
                    hint: isBusy ? "processes are in it, \(processList(in: tree)); end them first" : ""
                )
            }
        }
    }

    /// Waits for the kernel's word that the group is empty.
    ///
    /// The kernel lets go of a group a moment after the last process has left `cgroup.procs`; there is no event for
    /// that, so the wait is never shorter than a millisecond.
    private func awaitRemovable(
        in tree: ControlGroupHierarchy,
        deadline: ContinuousClock.Instant
    ) throws(ControlGroupError) {
        _ = try waitUntilEmpty(timeout: deadline - .now)
        poll(nil, 0, 1)
    }

    private func processList(in tree: ControlGroupHierarchy) -> String {
        let pids = (try? processes(in: tree)) ?? []
        if pids.isEmpty { return "though none is visible here" }
        let shown = pids.prefix(5).map(String.init).joined(separator: ", ")
        return pids.count > 5 ? "\(shown) and \(pids.count - 5) more" : shown
    }

    /// Removes the directory and those below it.
    ///
    /// - Returns: Whether its parent may be empty now: the kernel counts two links of a directory besides those that are in it.
    private func removeTree(in tree: ControlGroupHierarchy) throws(SystemError) -> Bool {
        var levels = hierarchies.parent + name
        let leaf = levels.removeLast()
        do {
            let parent = try tree.root.directory.directory(levels.joined(separator: "/"))
            try Self.removeTree(leaf, in: parent)
            return try parent.descriptor.status().linkCount <= 2
        } catch  where error.number == ENOENT {
            return true
        }
    }

    private static func removeTree(_ name: String, in parent: borrowing ControlGroupDirectory) throws(SystemError) {
        do {
            return try parent.removeDirectory(name)
        } catch  where [EBUSY, ENOTEMPTY].contains(error.number) {
            // Either processes, or groups that processes made: only the latter can be helped.
            let directory = try parent.directory(name)
            for child in try directory.children() { try removeTree(child, in: directory) }
        }
        try parent.removeDirectory(name)
    }

    /// Takes back what a failed ``create(_:limits:in:)`` has made; no process was in it yet.
    func removeEmpty(in tree: ControlGroupHierarchy) {
        do {
            if try removeTree(in: tree) { removeParents(in: tree) }
        } catch {
            // The error that led here says more than one about the way back.
            return
        }
    }

    /// Removes the levels above that are ours and empty; a level that is in use refuses, and so do those above.
    private func removeParents(in tree: ControlGroupHierarchy) {
        var levels = hierarchies.parent + name
        levels.removeLast()
        let kept = hierarchies.keepsParent ? hierarchies.parent.count : 0
        while levels.count > kept, let last = levels.popLast() {
            do {
                let way = levels.isEmpty ? "." : levels.joined(separator: "/")
                try tree.root.directory.directory(way).removeDirectory(last)
            } catch {
                return
            }
        }
    }
}
