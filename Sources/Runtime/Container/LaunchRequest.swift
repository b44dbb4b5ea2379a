// SPDX-License-Identifier: Apache-2.0

package import Linux
package import OCI

/// One of the standard streams of a process.
package enum StandardStream: Equatable, Sendable {
    /// `/dev/null` of the container.
    case null
    /// An open file, borrowed until the launch.
    case descriptor(Int32)
}

/// The standard streams of a process.
package enum StandardStreams: Equatable, Sendable {
    case streams(input: StandardStream, output: StandardStream, error: StandardStream)
    /// A terminal of the container's own devpts; its master comes with the process.
    case terminal

    package static let null = streams(input: .null, output: .null, error: .null)
}

/// The control groups that a process starts in; descriptors are borrowed until the launch.
package struct ControlGroupPlaces: Equatable, Sendable {
    /// The directory of the version 2 group, for `CLONE_INTO_CGROUP`.
    package var directory: Int32?
    /// The `cgroup.procs` files of the version 1 groups, which get the child's number.
    package var processFiles: [Int32]
    /// The version 1 hierarchies as the container sees them below `/sys/fs/cgroup`; empty: version 2 alone.
    package var hierarchies: [Hierarchy]

    /// A version 1 hierarchy.
    package struct Hierarchy: Equatable, Sendable {
        /// The directory's name, `cpu,cpuacct` for example.
        package var name: String
        /// The options that choose it at a mount: controllers, or `name=` and its name.
        package var options: [String]

        package init(name: String, options: [String]) {
            self.name = name
            self.options = options
        }
    }

    package init(directory: Int32? = nil, processFiles: [Int32] = [], hierarchies: [Hierarchy] = []) {
        self.directory = directory
        self.processFiles = processFiles
        self.hierarchies = hierarchies
    }

    /// The places of a group that exists.
    ///
    /// - Parameters:
    ///   - attachment: The group's open files, borrowed until the launch.
    ///   - trees: The trees that the group is in.
    package init(_ attachment: borrowing ControlGroupAttachment, in trees: ControlGroupHierarchies) {
        self.init(
            directory: attachment.directoryNumber,
            processFiles: attachment.procsNumbers,
            hierarchies: trees.legacy.map { tree in
                let name = tree.mountPoint.split(separator: "/").last.map(String.init) ?? ""
                return Hierarchy(name: name, options: tree.controllers)
            }
        )
    }
}

/// A container to start: its specification, and what its caller has prepared.
package struct LaunchRequest: Sendable {
    /// The name of the first process for its launcher: the container's id.
    package var name = ""
    /// What to run.
    ///
    /// `root.path` and the sources of binds are paths of the host.
    package var specification: RuntimeSpec
    /// The root file system as a detached mount, borrowed; nil: the directory `root.path` is bound.
    package var root: Int32?
    /// A network namespace that is there already, borrowed until the launch: it is the new one of the specification, for a
    /// container in the host's user namespace; nil: the launch makes one.
    package var network: Int32?
    package var streams = StandardStreams.null
    package var controlGroups = ControlGroupPlaces()
    /// The filter of system calls: classic BPF, as seccomp(2) takes it.
    package var filter: [UInt8]?
    /// The `SECCOMP_FILTER_FLAG_…` bits for seccomp(2).
    package var filterFlags: UInt32 = 0
    /// Whether an init of ours is the first process, which reaps and forwards signals.
    package var hasInit = false
    /// A pipe's end from which the process reads a byte before it runs its program, borrowed until the launch.
    package var gate: Int32?
    /// A signal that the container gets when the thread that launched it ends; nil for one that outlives it.
    package var deathSignal: Int32?

    package init(_ specification: RuntimeSpec) {
        self.specification = specification
    }
}
