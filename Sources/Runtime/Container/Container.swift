// SPDX-License-Identifier: Apache-2.0

import Linux

/// A container's first process, and with it the namespaces of the container.
package struct Container: ~Copyable, Sendable {
    /// The first process.
    ///
    /// Its pidfd is what others join its namespaces by: it never comes to mean another process.
    package let process: Process
    let launcher: any Launcher

    /// Starts a container.
    ///
    /// - Parameters:
    ///   - request: What to start.
    ///   - launcher: Who becomes the parent of its processes.
    /// - Returns: The container, whose program runs.
    /// - Throws: Why it does not; nothing of it is left.
    package static func start(
        _ request: LaunchRequest,
        by launcher: any Launcher
    ) throws(LaunchError) -> Container {
        let starting = try launcher.launch(ContainerPlanner.plan(request.ending(with: launcher)), name: request.name)
        return Container(process: try starting.waitUntilRunning(), launcher: launcher)
    }

    /// Creates a container that waits at its gate (``LaunchRequest/gate``) with everything but its program in place.
    ///
    /// - Parameters:
    ///   - request: What to create.
    ///   - launcher: Who becomes the parent of its processes.
    /// - Returns: The first process before its program.
    /// - Throws: Why it was not created; nothing of it is left.
    package static func create(
        _ request: LaunchRequest,
        by launcher: any Launcher
    ) throws(LaunchError) -> StartingProcess {
        guard request.gate != nil else {
            throw .specification(field: "gate", "is missing: a container that is created needs one")
        }
        var starting = try launcher.launch(ContainerPlanner.plan(request.ending(with: launcher)), name: request.name)
        try starting.waitUntilReady()
        return starting
    }

    /// The container of a first process that runs already.
    package init(process: consuming Process, launcher: any Launcher) {
        self.process = process
        self.launcher = launcher
    }

    /// Runs another program in the container.
    ///
    /// - Parameter request: What to run.
    /// - Returns: The process, a child of the launcher's.
    /// - Throws: Why it does not run; nothing of it is left.
    package func exec(_ request: ExecRequest) throws(LaunchError) -> Process {
        var request = request
        request.deathSignal = request.deathSignal ?? launcher.deathSignal
        let plan = try ExecPlanner.plan(request, joining: process.pidfd.number)
        return try launcher.launch(plan, name: request.name).waitUntilRunning()
    }
}

extension LaunchRequest {
    /// The request with the signal by which its container ends with whoever launches it.
    fileprivate func ending(with launcher: any Launcher) -> LaunchRequest {
        var request = self
        request.deathSignal = deathSignal ?? launcher.deathSignal
        return request
    }
}
