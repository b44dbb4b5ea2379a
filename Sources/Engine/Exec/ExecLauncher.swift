// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux
import OCI
import Runtime

/// Runs a program in a container, in calls that wait in the kernel.
struct ExecLauncher: Sendable {
    let id: ObjectID
    let request: ExecCreateRequest
    let snapshot: ContainerSnapshot
    let run: ContainerRun
    let isDetached: Bool
    let terminalSize: TerminalSize?
    let supervisor: SupervisorSlot

    /// Runs it.
    ///
    /// - Returns: The process.
    /// - Throws: Why it does not run; nothing of it is left.
    func launch() throws -> RunningProcess {
        var process = try request.process(in: snapshot.definition, run.specification, root: run.openRoot())
        if let terminalSize { process.consoleSize = terminalSize.consoleSize }
        let pipes = try StandardPipes(
            hasTerminal: request.tty,
            input: request.attachStdin && !isDetached,
            output: request.attachStdout && !isDetached,
            errors: request.attachStderr && !isDetached
        )
        var launch = ExecRequest(process, in: run.specification)
        launch.name = id.description
        launch.streams = pipes.streams
        let running = try run.resources.exec(launch, joining: run.process.pidfd.number, by: supervisor)
        let own = pipes.keepOwnEnds()
        return RunningProcess(named: id.description, running, own) {}
    }
}
