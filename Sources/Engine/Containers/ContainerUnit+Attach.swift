// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Logs
import Store

extension ContainerUnit {
    /// Connects a client to its streams.
    ///
    /// - Parameter request: What the client wants.
    /// - Returns: The streams, of the run or of the next one.
    /// - Throws: `conflict` where it is paused or about to go.
    func attach(_ request: AttachRequest) throws -> Attachment {
        switch state.phase {
        case .paused:
            throw EngineError(.conflict, "container \(id) is paused, unpause the container before attach")
        case .restarting:
            throw EngineError(.conflict, "container \(id) is restarting, wait until the container is running")
        case .removing, .dead: throw EngineError.noSuchContainer(id.description)
        case .created, .running, .exited: break
        }
        let config = definition.request.config
        var output: OutputStream?
        var request = request
        // What nobody keeps is not there to be shown before.
        if try !logSettings.isKept { request.includesLog = false }
        if request.output || request.errors {
            output = try ContainerLog.arrivals(in: openLog(), request, hasTerminal: config.tty, until: streams.ended)
        }
        var input: ContainerInput?
        if request.input, config.openStdin {
            input = ContainerInput(started: streams.started, closesWithClient: config.stdinOnce)
        }
        publish("attach")
        return Attachment(hasTerminal: config.tty, output: output, input: input) { [weak self] isByKeys in
            // As Docker has it: an end of the container or of the connection is told by none or by another event.
            if isByKeys { await self?.publish("detach") }
        }
    }

    /// What it has written.
    func logs(_ query: ContainerLogQuery) throws -> (hasTerminal: Bool, output: OutputStream) {
        let config = definition.request.config
        let settings = try logSettings
        guard settings.isKept || query.isAttached else {
            throw EngineError(.notImplemented, "configured logging driver does not support reading")
        }
        // Nobody follows what does not run: everything is there already.
        let end = isRunning ? streams.ended : EndSignal()
        if !isRunning { end.signal() }
        let output = try ContainerLog.lines(
            of: openLog(),
            query,
            details: settings.details(of: config),
            hasTerminal: config.tty,
            until: end
        )
        return (config.tty, output)
    }

    private func openLog() throws -> Descriptor {
        try folder.prepare()
        return try Descriptor.open(folder.log, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// Changes the size of its terminal, now or for the next start.
    func resize(rows: UInt16, columns: UInt16) throws {
        terminalSize = TerminalSize(rows: rows, columns: columns)
        guard let run else { return }
        try run.process.resize(rows: rows, columns: columns)
        publish("resize", ["height": String(rows), "width": String(columns)])
    }

    /// Begins to wait for it.
    func wait(_ condition: WaitCondition) -> Promise<ContainerWaitResponse> {
        switch condition {
        case .nextExit: return nextExit
        case .removed: return removal
        case .notRunning:
            if isRunning || state.phase == .restarting { return nextExit }
            var response = ContainerWaitResponse()
            response.statusCode = Int(state.exitStatus ?? 0)
            return Promise(response)
        }
    }
}
