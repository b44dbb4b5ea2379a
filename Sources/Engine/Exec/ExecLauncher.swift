// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux
import OCI
import Runtime

/// Runs a program in a container, in calls that wait in the kernel.
struct ExecLauncher: Sendable {
    /// What the supervisor calls the process.
    let name: String
    let request: ExecCreateRequest
    let snapshot: ContainerSnapshot
    let run: ContainerRun
    let isDetached: Bool
    let terminalSize: TerminalSize?
    let supervisor: SupervisorSlot
    /// Where its processes are kept apart from the others of the container; nil for among them.
    var subgroup: ControlSubgroup?

    /// Runs it.
    ///
    /// - Parameter commit: Called with the number of the process before its program can do anything: whatever dies after
    ///   that, it is run once.
    /// - Returns: The process.
    /// - Throws: Why it does not run; nothing of it is left.
    func launch(_ commit: (Int32) throws -> Void) throws -> RunningProcess {
        var process = try request.process(in: snapshot.definition, run.specification, root: run.openRoot())
        if let terminalSize { process.consoleSize = terminalSize.consoleSize }
        let pipes = try StandardPipes(
            hasTerminal: request.tty,
            input: request.attachStdin && !isDetached,
            output: request.attachStdout && !isDetached,
            errors: request.attachStderr && !isDetached
        )
        var launch = ExecRequest(process, in: run.specification)
        launch.name = name
        launch.streams = pipes.streams
        let gate = try Pipe()
        launch.gate = gate.reader.number
        let starting = try run.resources.createExec(
            launch,
            joining: run.process.pidfd.number,
            by: supervisor,
            apart: subgroup
        )
        let own = pipes.keepOwnEnds()
        do {
            try commit(starting.pid)
            try gate.writer.write([0])
        } catch {
            try? starting.abandon()
            supervisor.forget(name)
            throw error
        }
        return RunningProcess(named: name, try starting.waitUntilRunning(), own) {}
    }
}
