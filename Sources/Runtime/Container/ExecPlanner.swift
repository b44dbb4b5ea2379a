// SPDX-License-Identifier: Apache-2.0

import CLinux
import CSandbox
import Glibc
package import OCI

/// A program to run in a container that runs already.
package struct ExecRequest: Sendable {
    /// The name of the process for its launcher: the id of this exec.
    package var name = ""
    /// The program; its capabilities may not go beyond those of the container, which is for the caller to see to.
    package var process: RuntimeSpec.Process
    /// The namespaces that the container has of its own.
    package var namespaces: [RuntimeSpec.Namespace.Kind]
    /// The maps of its user namespace, where it has one of its own.
    package var userMappings: [RuntimeSpec.IDMapping]
    package var groupMappings: [RuntimeSpec.IDMapping]
    package var streams = StandardStreams.null
    package var controlGroups = ControlGroupPlaces()
    /// The container's filter of system calls.
    package var filter: [UInt8]?
    /// The `SECCOMP_FILTER_FLAG_…` bits for seccomp(2).
    package var filterFlags: UInt32 = 0
    /// A pipe's end from which the process reads a byte before it runs its program, borrowed until the launch.
    package var gate: Int32?
    /// A signal that the process gets when the thread that launched it ends.
    package var deathSignal: Int32?

    /// A program for a container that was started with a specification.
    package init(_ process: RuntimeSpec.Process, in container: RuntimeSpec) {
        self.process = process
        namespaces = container.linux?.namespaces.map(\.type) ?? []
        userMappings = container.linux?.uidMappings ?? []
        groupMappings = container.linux?.gidMappings ?? []
    }
}

/// Turns a program and the container that it joins into a plan.
enum ExecPlanner {
    /// The plan.
    ///
    /// - Parameters:
    ///   - request: What to run.
    ///   - container: The pidfd of the container's first process.
    /// - Returns: The plan.
    /// - Throws: The field that cannot be honoured, before any process exists.
    static func plan(_ request: ExecRequest, joining container: Int32) throws(LaunchError) -> Plan {
        let process = request.process
        guard let name = process.args.first, !name.isEmpty else {
            throw .specification(field: "process.args", "is empty: there is no program to run")
        }
        guard process.cwd.hasPrefix("/") else {
            throw .specification(field: "process.cwd", "`\(process.cwd)` is not an absolute path")
        }
        try ContainerPlanner.check(process.user)
        var builder = PlanBuilder()
        if let directory = request.controlGroups.directory { builder.controlGroup = builder.input(directory) }
        builder.attach(to: request.controlGroups.processFiles)
        ProcessSteps.addScore(of: process, &builder)
        builder.describe("the container's namespaces")
        // Before anything of the container can be seen, nothing of the host may be open beyond execve.
        builder.add(CSANDBOX_CLOEXEC, "close_range", x: 3)
        let flags = request.namespaces.reduce(0) { $0 | $1.cloneFlag }
        builder.add(CSANDBOX_SETNS, "setns", builder.input(container), x: flags)
        builder.add(CSANDBOX_FORK_SIBLING, "clone3")
        var steps = ProcessSteps(process: process, streams: request.streams)
        if request.namespaces.contains(.user) {
            // The ids outside the maps have no rights over what is inside.
            builder.add(CSANDBOX_IDS, "setresuid", on: "0")
            steps.userNamespace = UserNamespace.Maps(users: request.userMappings, groups: request.groupMappings)
        }
        if request.streams == .terminal { steps.terminal = addTerminal(process.consoleSize, to: &builder) }
        steps.filter = request.filter
        steps.filterFlags = request.filterFlags
        steps.deathSignal = request.deathSignal
        steps.gate = request.gate
        try steps.append(to: &builder)
        return try builder.build()
    }

    /// A terminal of the container's own devpts, so that its name means the same inside.
    private static func addTerminal(_ size: RuntimeSpec.ConsoleSize?, to builder: inout PlanBuilder) -> Slot {
        builder.describe("process.terminal")
        let flags = O_RDONLY | O_DIRECTORY
        let devpts = builder.open("/dev/pts", in: .none, flags: flags, resolve: RESOLVE_NO_MAGICLINKS)
        // DEVPTS_SUPER_MAGIC of linux/magic.h.
        builder.add(CSANDBOX_CHECK_TYPE, "fstatfs", on: "/dev/pts", devpts, x: 0x1cd1)
        return ProcessSteps.openTerminal(in: devpts, size: size, &builder)
    }
}
