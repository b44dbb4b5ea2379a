// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A group below a container's, for some of its processes that are to be ended together, however they detach themselves.
///
/// It is in one tree only, and enables no controller: what is in it is held to the limits of the container like all the
/// rest. It goes with the container's group.
package struct ControlSubgroup: Sendable {
    private let parent: ControlGroup
    private let tree: ControlGroupHierarchy
    /// The group, in its one tree.
    private let group: ControlGroup

    /// The name of a group that exists, or that may exist; nil where the machine has no tree for it.
    ///
    /// - Parameters:
    ///   - name: Its name below the container's group.
    ///   - parent: The container's group.
    /// - Throws: Where the name could leave the container's group.
    package init?(named name: String, of parent: ControlGroup) throws(ControlGroupError) {
        var trees = parent.hierarchies
        // A group of version 1's cpuset takes no process before it is given processors.
        let legacy = trees.legacy.first { !$0.controllers.contains("cpuset") }
        guard let tree = trees.unified ?? legacy else { return nil }
        trees.legacy = trees.unified == nil ? [tree] : []
        (self.parent, self.tree) = (parent, tree)
        trees.parent = parent.hierarchies.parent + parent.name
        trees.keepsParent = true
        group = try ControlGroup(named: [name], in: trees)
    }

    /// Makes it, unless it is there.
    ///
    /// - Throws: What the kernel answers; `.missing` where the container's group is gone.
    package func make() throws(ControlGroupError) {
        try group.attempt("create") { () throws(SystemError) in
            _ = try parent.directory(in: tree).makeDirectory(group.name.last ?? "")
        }
    }

    /// The group that a process of the subgroup belongs to in a tree.
    func place(in tree: ControlGroupHierarchy) -> ControlGroup {
        tree.root === self.tree.root ? group : parent
    }

    /// Ends every process in it with `SIGKILL`, waits for their ends and removes it; one that is not there is fine.
    ///
    /// It has to go: some kernels (seen with Linux 6.18) kill whatever is cloned into a group after its processes were killed
    /// through `cgroup.kill` once.
    ///
    /// - Throws: What the kernel answers; `.busy` where processes do not go.
    package func kill() throws(ControlGroupError) {
        guard try group.exists() else { return }
        try group.kill()
        try group.remove()
    }

    /// Moves what runs in it to the container's other processes.
    ///
    /// - Throws: What the kernel answers.
    package func moveOut() throws(ControlGroupError) {
        // What forks faster than it is moved stays: it is ended with the container at the latest.
        for _ in 0..<Self.mostPasses {
            let left = try group.attempt("list the processes of") { () throws(SystemError) in
                try group.processes(in: tree)
            }
            if left.isEmpty { return }
            for process in left {
                do throws(SystemError) {
                    try parent.directory(in: tree).write("cgroup.procs", "\(process)")
                } catch {
                    if error.number == ESRCH { continue }
                    throw group.failure("move process \(process) out of", error)
                }
            }
        }
    }

    private static let mostPasses = 16
}
