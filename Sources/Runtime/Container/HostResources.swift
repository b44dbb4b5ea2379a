// SPDX-License-Identifier: Apache-2.0

package import Linux
package import OCI
package import Seccomp

/// What a container has on the host besides its processes: a control group and a compiled filter of system calls.
///
/// The value holds no descriptor: what a launch borrows is opened for it and closed after it.
package struct HostResources: Sendable {
    /// The control group.
    package let group: ControlGroup
    /// The filter that every program of the container gets; nil for none.
    package let filter: SeccompFilter?

    /// The resources of a container that exists already.
    ///
    /// - Parameters:
    ///   - group: Its control group.
    ///   - filter: Its filter.
    package init(group: ControlGroup, filter: SeccompFilter?) {
        self.group = group
        self.filter = filter
    }

    /// Makes what a specification asks for: `linux.cgroupsPath`, `linux.resources`, `linux.seccomp`.
    ///
    /// - Parameters:
    ///   - specification: The container.
    ///   - name: Its id, which names its group where the specification does not.
    ///   - trees: The trees of control groups, with the parent of ours.
    ///   - profile: A profile in the place of `linux.seccomp`: one of Docker's format, whose rules depend on
    ///     capabilities.
    ///   - filters: Where compiled filters are kept.
    /// - Returns: The resources; ``remove()`` takes them back.
    /// - Throws: The field that cannot be honoured, or the limit that the kernel refuses; nothing is left then.
    package static func prepare(
        for specification: RuntimeSpec,
        named name: String,
        in trees: ControlGroupHierarchies,
        profile: SeccompProfile? = nil,
        filters: SeccompFilterCache
    ) throws(LaunchError) -> HostResources {
        let linux = specification.linux ?? RuntimeSpec.Linux()
        let place = try ControlGroupName(linux.cgroupsPath, container: name)
        let resources = linux.resources ?? RuntimeSpec.Resources()
        var limits = try ResourceLimits(resources)
        limits.devices = try DeviceRule.container(resources.devices)
        let filter = try SeccompFilter.filter(for: specification, profile: profile, cache: filters)
        do {
            let group = try ControlGroup.create(place.name, limits: limits, in: place.hierarchies(trees))
            return HostResources(group: group, filter: filter)
        } catch {
            throw .controlGroup(error)
        }
    }

    /// The resources of a container that exists already, by the specification that they were made for.
    ///
    /// - Parameters:
    ///   - specification: The container.
    ///   - name: Its id, which names its group where the specification does not.
    ///   - trees: The trees of control groups, with the parent of ours.
    ///   - profile: A profile in the place of `linux.seccomp`.
    ///   - filters: Where compiled filters are kept.
    /// - Throws: What makes no sense in the specification.
    package init(
        of specification: RuntimeSpec,
        named name: String,
        in trees: ControlGroupHierarchies,
        profile: SeccompProfile? = nil,
        filters: SeccompFilterCache
    ) throws(LaunchError) {
        let place = try ControlGroupName(specification.linux?.cgroupsPath ?? "", container: name)
        let filter = try SeccompFilter.filter(for: specification, profile: profile, cache: filters)
        do {
            self.init(group: try ControlGroup(named: place.name, in: place.hierarchies(trees)), filter: filter)
        } catch {
            throw .controlGroup(error)
        }
    }

    // MARK: Processes

    /// Starts the container in its group and under its filter.
    ///
    /// - Parameters:
    ///   - request: What to start; its control groups and its filter are filled in.
    ///   - launcher: Who becomes the parent of its processes.
    /// - Returns: The container, whose program runs.
    /// - Throws: Why it does not; the group is still there.
    package func start(_ request: LaunchRequest, by launcher: any Launcher) throws(LaunchError) -> Container {
        let attachment = try attachment()
        return try Container.start(completed(request, attachment), by: launcher)
    }

    /// Creates the container, which waits at its gate.
    ///
    /// - Parameters:
    ///   - request: What to create; its control groups and its filter are filled in.
    ///   - launcher: Who becomes the parent of its processes.
    /// - Returns: The first process before its program.
    /// - Throws: Why it was not created; the group is still there.
    package func create(_ request: LaunchRequest, by launcher: any Launcher) throws(LaunchError) -> StartingProcess {
        let attachment = try attachment()
        return try Container.create(completed(request, attachment), by: launcher)
    }

    /// Runs another program in the container.
    ///
    /// - Parameters:
    ///   - request: What to run; its control groups and its filter are filled in.
    ///   - container: The container.
    /// - Returns: The process.
    /// - Throws: Why it does not run; `.busy` where the container is frozen, since it could not even start.
    package func exec(_ request: ExecRequest, in container: borrowing Container) throws(LaunchError) -> Process {
        try exec(request, joining: container.process.pidfd.number, by: container.launcher)
    }

    /// Runs another program in the container of a process.
    ///
    /// - Parameters:
    ///   - request: What to run; its control groups and its filter are filled in.
    ///   - pidfd: The pidfd of the container's first process.
    ///   - launcher: Who becomes the parent of the program.
    /// - Returns: The process.
    /// - Throws: Why it does not run; `.busy` where the container is frozen, since it could not even start.
    package func exec(
        _ request: ExecRequest,
        joining pidfd: Int32,
        by launcher: any Launcher
    ) throws(LaunchError) -> Process {
        try launch(request, joining: pidfd, by: launcher).waitUntilRunning()
    }

    /// Brings another program into the container of a process, up to its gate (``ExecRequest/gate``).
    ///
    /// - Parameters:
    ///   - request: What to run; its control groups and its filter are filled in.
    ///   - pidfd: The pidfd of the container's first process.
    ///   - launcher: Who becomes the parent of the program.
    ///   - subgroup: Where its processes are kept apart from the others of the container; it is made where it is missing.
    /// - Returns: The process before its program.
    /// - Throws: Why it did not come so far; `.busy` where the container is frozen.
    package func createExec(
        _ request: ExecRequest,
        joining pidfd: Int32,
        by launcher: any Launcher,
        apart subgroup: ControlSubgroup? = nil
    ) throws(LaunchError) -> StartingProcess {
        guard request.gate != nil else {
            throw .specification(field: "gate", "is missing: a program that is created needs one")
        }
        if let subgroup { try attempt { () throws(ControlGroupError) in try subgroup.make() } }
        var starting = try launch(request, joining: pidfd, by: launcher, apart: subgroup)
        try starting.waitUntilReady()
        return starting
    }

    private func launch(
        _ request: ExecRequest,
        joining pidfd: Int32,
        by launcher: any Launcher,
        apart subgroup: ControlSubgroup? = nil
    ) throws(LaunchError) -> StartingProcess {
        let attachment = try attachment(to: subgroup)
        guard try !isFrozen() else {
            let reason = "it is frozen; thaw the container first"
            throw .controlGroup(ControlGroupError(.busy, "run a program in \(group.path)", reason: reason))
        }
        var request = request
        request.controlGroups = ControlGroupPlaces(attachment, in: group.hierarchies)
        (request.filter, request.filterFlags) = (filter?.instructions, filter?.loadFlags ?? 0)
        request.deathSignal = request.deathSignal ?? launcher.deathSignal
        return try launcher.launch(ExecPlanner.plan(request, joining: pidfd), name: request.name)
    }

    private func attachment(to subgroup: ControlSubgroup? = nil) throws(LaunchError) -> ControlGroupAttachment {
        do {
            return try group.attachment(to: subgroup)
        } catch {
            throw .controlGroup(error)
        }
    }

    private func completed(_ request: LaunchRequest, _ attachment: borrowing ControlGroupAttachment) -> LaunchRequest {
        var request = request
        request.controlGroups = ControlGroupPlaces(attachment, in: group.hierarchies)
        (request.filter, request.filterFlags) = (filter?.instructions, filter?.loadFlags ?? 0)
        return request
    }

    // MARK: The group

    /// Changes limits while the container runs; what is nil or 0 stays as it is, and so do devices without any rule.
    ///
    /// - Parameter resources: What to change.
    /// - Throws: The field that makes no sense, or the limit that the kernel refuses.
    package func update(_ resources: RuntimeSpec.Resources) throws(LaunchError) {
        var limits = try ResourceLimits(resources)
        if !resources.devices.isEmpty { limits.devices = try DeviceRule.container(resources.devices) }
        let changes = limits
        try attempt { () throws(ControlGroupError) in try group.update(changes) }
    }

    /// Stops every process of the container.
    package func freeze() throws(LaunchError) {
        try attempt { () throws(ControlGroupError) in try group.freeze() }
    }

    /// Lets the processes of the container run again.
    ///
    /// A group that is not there is fine: processes that are killed while they are frozen may end at once (they do in
    /// version 2), and the group goes with the last of them.
    package func thaw() throws(LaunchError) {
        do {
            try group.thaw()
        } catch {
            if error.code != .missing { throw .controlGroup(error) }
        }
    }

    /// Whether every process of the container is stopped; false where the machine has no freezer.
    package func isFrozen() throws(LaunchError) -> Bool {
        do {
            return try group.isFrozen()
        } catch  where error.code == .unsupported {
            return false
        } catch {
            throw .controlGroup(error)
        }
    }

    /// What the container uses.
    package func statistics() throws(LaunchError) -> ControlGroupStatistics {
        try attempt { () throws(ControlGroupError) in try group.statistics() }
    }

    /// Ends every process of the container with `SIGKILL`; it returns when the signals are sent.
    package func killAll() throws(LaunchError) {
        try attempt { () throws(ControlGroupError) in try group.kill() }
    }

    /// Removes the group once the container's processes have ended.
    ///
    /// Those that are on their way out are waited for. A group that is not there is fine.
    ///
    /// - Throws: `.busy` where processes are left.
    package func remove() throws(LaunchError) {
        try attempt { () throws(ControlGroupError) in try group.remove() }
    }

    private func attempt<Value>(_ body: () throws(ControlGroupError) -> Value) throws(LaunchError) -> Value {
        do {
            return try body()
        } catch {
            throw .controlGroup(error)
        }
    }
}
