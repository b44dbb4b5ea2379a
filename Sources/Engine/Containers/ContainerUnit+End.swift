// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Runtime
import Store

extension ContainerUnit {
    /// Takes note of the end of its first process.
    ///
    /// - Parameter news: What the supervisor tells.
    func processEnded(_ news: ProcessNews) async {
        if HealthProbe.isName(news.name) {
            // Without the gate: a pause has it while it waits for the end of a probe.
            if let probe, probe.name == news.name { probe.processEnded(news) }
            return engine.supervisor.forget(news.name)
        }
        do {
            try await gate.run { try await finish(news) }
        } catch {
            engine.report("cannot take note of the end of the container \(name)", error)
        }
    }

    private func finish(_ news: ProcessNews) async throws {
        guard let run, run.process.name == news.name else {
            // A process of a start that failed, or one that was taken note of before.
            engine.supervisor.forget(news.name)
            return
        }
        endHealth()
        let kills = try await BlockingCall.run {
            let kills = run.memoryKills
            // What shared the host's process ids is still there.
            try run.resources.killAll()
            try run.resources.remove()
            return kills
        }
        if let failure = news.failure { return try await noteFailedStart(news.name, failure) }
        if details.isStarting == true { try noteStart() }
        if kills > 0 { details.wasOutOfMemory = true }
        // Whoever sees that it has ended finds its networks and volumes let go.
        await releaseNetworks()
        await engine.releaseVolumes(of: id, definition)
        let ended = Timestamp(unixNanoseconds: Int64(clamping: news.time))
        let duration = Duration.nanoseconds(ended.unixNanoseconds - (state.started?.nanoseconds ?? 0))
        state.finished = UnixTime(ended)
        state.exitStatus = news.end?.status ?? Self.unknownStatus
        if news.end == nil { details.error = "nobody could learn how it ended" }
        let decision = RestartDecision(
            definition.request.hostConfig.restartPolicy,
            exitStatus: state.exitStatus ?? 0,
            wasStopped: details.wasStopped,
            restarts: state.restartCount,
            pauses: pauses,
            run: duration
        )
        state.phase = decision.delay == nil ? .exited : .restarting
        state.processName = nil
        state.pid = nil
        leaveRun()
        unrecordedEnd = news.name
        persistEnd()
        engine.tellVolumes("unmount", of: id, definition)
        endRun()
        if let delay = decision.delay {
            pauses = duration >= .seconds(10) ? 0 : pauses + 1
            scheduleRestart(after: delay)
        } else if definition.request.hostConfig.autoRemove {
            try await discard()
        }
    }

    /// Tells of a start that the engine before had no time to tell of.
    func noteStart() throws {
        details.isStarting = nil
        details.error = ""
        details.wasOutOfMemory = false
        beginHealth()
        try persist(telling: "start")
    }

    /// Takes note of a start that the engine before died over: the program never ran.
    ///
    /// - Parameters:
    ///   - processName: The process of that start; nil where nobody keeps it.
    ///   - error: Why, `ECANCELED` where nobody let it go on.
    /// - Throws: Why that cannot be written down.
    func noteFailedStart(_ processName: String?, _ error: Int32) async throws {
        leaveRun()
        details.isStarting = nil
        let isRestart = state.restartCount > 0 && !details.wasStopped
        state.phase = state.finished == nil ? .created : .exited
        if state.finished == nil { state.started = nil }
        state.processName = nil
        state.pid = nil
        if error == ECANCELED {
            details.error = "the engine was killed before the program could be run"
            if isRestart { state.phase = .restarting }
        } else {
            let program = definition.request.config.commandLine.first ?? ""
            let failure = EngineError(starting: .exec(SystemError("execve", error, on: program)))
            details.error = failure.message
            state.exitStatus = failure.code.runExitStatus == 125 ? 128 : failure.code.runExitStatus
        }
        await releaseNetworks()
        try persist()
        await engine.releaseVolumes(of: id, definition)
        if let processName { engine.supervisor.forget(processName) }
        endRun()
        if state.phase == .restarting { return scheduleRestart(after: .zero) }
        if error != ECANCELED, definition.request.hostConfig.autoRemove { try await discard() }
    }

    /// Has no run any more; nobody waits for the end of its root file system.
    private func leaveRun() {
        if let root = run?.root {
            formerRoot = root
            engine.trash.add(root)
        }
        run = nil
    }

    /// The status of a container whose end nobody saw.
    static let unknownStatus: Int32 = 255

    /// Writes down that it has ended, and tells of it.
    ///
    /// The supervisor has the status until the record has it. Where the disk is full, that is after the next change, or when
    /// the next engine asks; nobody waits for it.
    private func persistEnd() {
        let attributes = ["exitCode": String(state.exitStatus ?? 0)]
        do {
            try persist(telling: "die", attributes)
        } catch {
            engine.report("cannot write down the end of the container \(name)", error)
            publish("die", attributes)
        }
    }

    /// Answers those who wait for the end of the run, which is written down.
    private func endRun() {
        endStreams()
        var response = ContainerWaitResponse()
        response.statusCode = Int(state.exitStatus ?? 0)
        let exit = nextExit
        nextExit = Promise()
        exit.keep(response)
        tellHealth()
    }

    /// The end of processes that are gone without a trace: the machine was started anew, or both supervisor and engine
    /// died at once.
    ///
    /// - Parameter isRestarted: Whether its policy has it started again.
    func processesLost(isRestarted: Bool) async {
        do {
            try await gate.run {
                guard isRunning, run == nil else { return }
                if details.isStarting == true { return try await noteFailedStart(nil, ECANCELED) }
                await releaseNetworks()
                await engine.releaseVolumes(of: id, definition)
                state.phase = isRestarted ? .restarting : .exited
                state.exitStatus = Self.unknownStatus
                state.finished = UnixTime(.now)
                state.processName = nil
                state.pid = nil
                details.error = "it ended while no engine ran"
                endHealth()
                persistEnd()
                engine.tellVolumes("unmount", of: id, definition)
                endRun()
                if !isRestarted, definition.request.hostConfig.autoRemove { try await discard() }
            }
        } catch {
            engine.report("cannot take note of the end of the container \(name)", error)
        }
    }
}
