// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import JSONTree
import Linux
import OCI
import Runtime
import Store

/// A further program of a container.
actor ExecUnit: HandedOver {
    nonisolated let id: ObjectID
    nonisolated let container: ContainerUnit
    nonisolated let request: ExecCreateRequest
    nonisolated let created: Timestamp
    private unowned let engine: Engine

    private var process: RunningProcess?
    private var pid: Int32?
    private var exitStatus: Int32?
    private var wasStarted = false
    private var terminalSize: TerminalSize?
    /// Kept at its end.
    private let exit = Promise<Int32>()
    /// Its end is only taken note of when its start is.
    private let gate = SerialGate()

    init(
        _ id: ObjectID,
        in container: ContainerUnit,
        _ request: ExecCreateRequest,
        created: Timestamp,
        engine: Engine
    ) {
        self.id = id
        self.container = container
        self.request = request
        self.created = created
        self.engine = engine
        terminalSize = TerminalSize(request.consoleSize)
    }

    /// What is known of one that an earlier engine made.
    init(_ record: ExecRecord, _ id: ObjectID, in container: ContainerUnit, engine: Engine) throws {
        self.id = id
        self.container = container
        self.engine = engine
        request = try JSON.decode(ExecCreateRequest.self, from: record.configuration)
        created = Timestamp(record.created)
        pid = record.pid
        exitStatus = record.exitStatus
        wasStarted = record.processName != nil
    }

    /// Whether it could be forgotten: it has ended, or was never started.
    var isOver: Bool { process == nil }

    /// Whether its end is written down.
    var hasEnded: Bool { exitStatus != nil }

    // MARK: Running

    /// Runs the program.
    ///
    /// - Parameter start: How.
    /// - Returns: Its streams; nil where it is detached.
    /// - Throws: `conflict` where it was started before, or why it does not run.
    func run(_ start: ExecStartRequest) async throws -> Attachment? {
        try await gate.run { try await runInTurn(start) }
    }

    private func runInTurn(_ start: ExecStartRequest) async throws -> Attachment? {
        if wasStarted {
            let state = process == nil ? "has already run" : "is already running"
            throw EngineError(.conflict, "Exec command \(id) \(state)")
        }
        wasStarted = true
        if let size = TerminalSize(start.consoleSize) { terminalSize = size }
        let isDetached = start.detach
        let running: RunningProcess
        let losses = engine.supervisor.losses
        do {
            running = try await launch(isDetached: isDetached)
        } catch {
            throw startFailed(error)
        }
        process = running
        pid = running.pid
        await publish("exec_start: \(commandLine)")
        await container.note(exec: id, isRunning: true)
        if engine.supervisor.losses != losses { await engine.handOver(self) }
        return isDetached ? nil : attachment(to: running)
    }

    private func launch(isDetached: Bool) async throws -> RunningProcess {
        engine.trees.anticipateMove()
        let run = try await container.runForExec()
        let snapshot = await container.snapshot
        let launcher = ExecLauncher(
            name: id.description,
            request: request,
            snapshot: snapshot,
            run: run,
            isDetached: isDetached,
            terminalSize: terminalSize,
            supervisor: engine.supervisor
        )
        // The record comes first: a process without one would be taken for a leftover.
        try persist(processName: id.description)
        let (record, store) = (try record(id.description), engine.store)
        return try await engine.supervisor.retrying {
            try launcher.launch { pid in
                var record = record
                record.pid = pid
                try store.write(.process) { [record] in try $0.put(record) }
            }
        }
    }

    private func startFailed(_ error: any Error) -> any Error {
        let failure = EngineError(anyStart: error, joins: true)
        if failure.code == .unavailable {
            // Nobody was there to start it, which says nothing of the program.
            takeBackStart()
            return failure
        }
        exitStatus = failure.code.runExitStatus == 125 ? 126 : failure.code.runExitStatus
        persistIfPossible("the failed start")
        exit.keep(exitStatus ?? 126)
        return failure
    }

    /// Makes it one that was never started, and so can be.
    private func takeBackStart() {
        wasStarted = false
        pid = nil
        persistIfPossible("the start", processName: nil)
    }

    func hand(to supervisor: any Supervisor) async {
        guard let process else { return }
        do {
            try await BlockingCall.run { try process.hand(to: supervisor, nil) }
        } catch {
            engine.report("cannot hand the exec \(id) to another keeper", error)
        }
    }

    /// Takes over a process that an earlier engine started: its streams are nobody's any more.
    func adopt(_ running: RunningProcess) async {
        process = running
        pid = running.pid
        wasStarted = true
        await container.note(exec: id, isRunning: true)
    }

    // MARK: Its end

    /// Takes note of the end of its process.
    func processEnded(_ news: ProcessNews) async {
        try? await gate.run { await finish(news) }
    }

    private func finish(_ news: ProcessNews) async {
        if process == nil, exitStatus != nil { return engine.supervisor.forget(news.name) }
        if let failure = news.failure { return await noteFailedStart(news.name, failure) }
        let status = news.end?.status ?? ContainerUnit.unknownStatus
        exitStatus = status
        process = nil
        persistIfPossible("the end")
        engine.supervisor.forget(news.name)
        await container.note(exec: id, isRunning: false)
        await publish("exec_die", ["exitCode": String(status)])
        exit.keep(status)
    }

    /// Takes note of a start that the engine before died over: the program never ran.
    private func noteFailedStart(_ name: String, _ error: Int32) async {
        process = nil
        if error == ECANCELED {
            takeBackStart()
        } else {
            let program = request.cmd?.words.first ?? ""
            _ = startFailed(LaunchError.exec(SystemError("execve", error, on: program)))
        }
        engine.supervisor.forget(name)
        await container.note(exec: id, isRunning: false)
    }

    /// The end of a process that is gone without a trace.
    func processLost() async {
        guard wasStarted, exitStatus == nil else { return }
        if pid == nil {
            // The engine before died over its start: nobody has launched it, and it can be started again.
            wasStarted = false
            return
        }
        exitStatus = ContainerUnit.unknownStatus
        persistIfPossible("the end")
        exit.keep(ContainerUnit.unknownStatus)
    }

    // MARK: Clients

    private func attachment(to process: RunningProcess) -> Attachment {
        let output = ExecOutput(process, until: exit)
        let input = request.attachStdin ? process.input : nil
        let pipe = request.tty ? nil : input
        return Attachment(
            hasTerminal: request.tty,
            output: OutputStream { try await output.next() },
            input: input
        ) { [weak self] isByKeys in
            if isByKeys { await self?.publish("exec_detach") }
            // No other client can ever give it more. The task of one that has gone is cancelled, and this has to wait for
            // what was being written.
            if let pipe { await Task { await pipe.close() }.value }
        }
    }

    func resize(rows: UInt16, columns: UInt16) async throws {
        terminalSize = TerminalSize(rows: rows, columns: columns)
        guard let process else {
            if wasStarted { throw EngineError(.conflict, "the exec \(id) is not running") }
            return
        }
        try process.resize(rows: rows, columns: columns)
    }

    var inspection: ExecInspection {
        var inspection = ExecInspection()
        inspection.id = id.description
        inspection.running = process != nil
        inspection.exitCode = exitStatus.map(Int.init)
        inspection.process.tty = request.tty
        inspection.process.program = request.cmd?.words.first ?? ""
        inspection.process.arguments = Array(request.cmd?.words.dropFirst() ?? [])
        inspection.process.privileged = request.privileged
        inspection.process.user = request.user
        inspection.openStdin = request.attachStdin
        inspection.openStdout = request.attachStdout
        inspection.openStderr = request.attachStderr
        inspection.canRemove = process == nil && wasStarted
        inspection.containerID = container.id.description
        inspection.detachKeys = request.detachKeys
        inspection.pid = Int(pid ?? 0)
        return inspection
    }

    // MARK: Records

    private var commandLine: String { (request.cmd?.words ?? []).joined(separator: " ") }

    private func persist(processName: String?) throws {
        try engine.store.write(.process) { [record = try record(processName)] in try $0.put(record) }
    }

    /// Writes down what cannot be undone any more; a full disk must keep nobody from it.
    private func persistIfPossible(_ subject: String) {
        persistIfPossible(subject, processName: id.description)
    }

    private func persistIfPossible(_ subject: String, processName: String?) {
        do {
            try persist(processName: processName)
        } catch {
            engine.report("cannot write down \(subject) of the exec \(id)", error)
        }
    }

    private func record(_ processName: String?) throws -> ExecRecord {
        ExecRecord(
            id: id.description,
            container: container.id.description,
            created: UnixTime(created),
            configuration: try JSON.encode(request),
            processName: processName,
            pid: pid,
            exitStatus: exitStatus
        )
    }

    /// Writes down that it exists, and tells of it.
    func announce() async throws {
        try engine.store.write(.process) { [record = try record(nil)] in try $0.put(record) }
        await publish("exec_create: \(commandLine)")
    }

    private func publish(_ action: String, _ attributes: [String: String] = [:]) async {
        await container.publish(action, ["execID": id.description].merging(attributes) { $1 })
    }
}
