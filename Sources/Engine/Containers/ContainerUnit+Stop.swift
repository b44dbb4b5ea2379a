// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Runtime
import Store

extension ContainerUnit {
    /// How long a container may take to stop where nobody says otherwise.
    private static let defaultGrace = 10

    // MARK: Signals

    /// Sends a signal.
    func kill(_ text: String?) async throws {
        let signal = try text.map { text throws(EngineError) in try SignalName.number(text) } ?? SIGKILL
        guard let run, isRunning else { throw EngineError.notRunning(id.description) }
        let isStop = try signal == SIGKILL || signal == stopSignal(nil)
        if isStop {
            details.wasStopped = true
            try persist()
        }
        try await send(signal, to: run)
    }

    /// Sends a signal, to a container that is paused as well where that is to end it.
    private func send(_ signal: Int32, to run: ContainerRun, _ attributes: [String: String] = [:]) async throws {
        try run.process.signal(signal)
        publish("kill", ["signal": String(signal)].merging(attributes) { $1 })
        if state.phase == .paused, signal == SIGKILL {
            try await BlockingCall.run { try run.resources.thaw() }
        }
    }

    private func stopSignal(_ text: String?) throws(EngineError) -> Int32 {
        let own = definition.request.config.stopSignal
        if let text, !text.isEmpty { return try SignalName.number(text) }
        return own.isEmpty ? SIGTERM : try SignalName.number(own)
    }

    // MARK: Stopping

    /// Stops it.
    ///
    /// - Parameters:
    ///   - timeout: The time of grace in seconds, negative for any; nil takes the container's own.
    ///   - signal: The signal; nil takes the container's own.
    /// - Throws: `notModified` where it does not run.
    func stop(timeout: Int?, signal: String?) async throws {
        let signal = try stopSignal(signal)
        if let restartCall, state.phase == .restarting {
            details.wasStopped = true
            restartCall.keep(())
            return
        }
        guard let run, isRunning else {
            throw EngineError(.notModified, "the container \(name) is already stopped")
        }
        details.wasStopped = true
        try persist()
        try await end(run, by: signal, grace: timeout ?? definition.request.config.stopTimeout ?? Self.defaultGrace)
        publish("stop")
    }

    /// Has a run end: by a signal, and by `SIGKILL` once its time is over.
    func end(_ run: ContainerRun, by signal: Int32, grace: Int) async throws {
        let exit = nextExit
        if state.phase == .paused {
            try await BlockingCall.run { try run.resources.thaw() }
            state.phase = .running
        }
        if run.reaches(signal) {
            try await send(signal, to: run)
            let time: Duration? = grace < 0 ? nil : .seconds(grace)
            if try await exit.value(within: time) != nil { return }
            try await send(SIGKILL, to: run)
        } else {
            let name = SignalName.name(of: signal)
            let reason = "its first process neither handles nor blocks \(name), so the kernel would drop the signal"
            try await send(SIGKILL, to: run, ["reason": reason])
        }
        _ = try await exit.value()
    }

    /// Stops it where it runs, and starts it.
    func restart(timeout: Int?, signal: String?) async throws {
        do {
            try await stop(timeout: timeout, signal: signal)
        } catch let error as EngineError where error.code == .notModified {}
        // One that removes itself at its end is gone by now.
        try await start()
        publish("restart")
    }

    // MARK: Pausing

    func pause() async throws {
        try await gate.run {
            guard let run, isRunning else { throw EngineError.notRunning(id.description) }
            if state.phase == .paused {
                throw EngineError(.conflict, "Container \(id) is already paused")
            }
            try await BlockingCall.run { try run.resources.freeze() }
            state.phase = .paused
            try persist()
            publish("pause")
        }
    }

    func unpause() async throws {
        try await gate.run {
            guard let run, state.phase == .paused else {
                throw EngineError(.conflict, "Container \(id) is not paused")
            }
            try await BlockingCall.run { try run.resources.thaw() }
            state.phase = .running
            try persist()
            publish("unpause")
        }
    }

    // MARK: The end

    /// Takes note of the end of its first process.
    ///
    /// - Parameter news: What the supervisor tells.
    func processEnded(_ news: ProcessNews) async {
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
        let supervisor = engine.supervisor
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
        self.run = nil
        try persistEnd()
        // The record has the status now; until here the supervisor had it.
        supervisor.forget(news.name)
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
        try persist(telling: "start")
    }

    /// Takes note of a start that the engine before died over: the program never ran.
    ///
    /// - Parameters:
    ///   - processName: The process of that start; nil where nobody keeps it.
    ///   - error: Why, `ECANCELED` where nobody let it go on.
    /// - Throws: Why that cannot be written down.
    func noteFailedStart(_ processName: String?, _ error: Int32) async throws {
        run = nil
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
        try persist()
        if let processName { engine.supervisor.forget(processName) }
        endRun()
        if state.phase == .restarting { return scheduleRestart(after: .zero) }
        if error != ECANCELED, definition.request.hostConfig.autoRemove { try await discard() }
    }

    /// The status of a container whose end nobody saw.
    static let unknownStatus: Int32 = 255

    /// Writes down that it has ended, and tells of it.
    private func persistEnd() throws {
        try persist(telling: "die", ["exitCode": String(state.exitStatus ?? 0)])
    }

    /// Answers those who wait for the end of the run, which is written down.
    private func endRun() {
        endStreams()
        var response = ContainerWaitResponse()
        response.statusCode = Int(state.exitStatus ?? 0)
        let exit = nextExit
        nextExit = Promise()
        exit.keep(response)
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
                state.phase = isRestarted ? .restarting : .exited
                state.exitStatus = Self.unknownStatus
                state.finished = UnixTime(.now)
                state.processName = nil
                state.pid = nil
                details.error = "it ended while no engine ran"
                try persistEnd()
                endRun()
                if !isRestarted, definition.request.hostConfig.autoRemove { try await discard() }
            }
        } catch {
            engine.report("cannot take note of the end of the container \(name)", error)
        }
    }

    // MARK: Restarts

    /// Has it started again after a pause, unless somebody calls that off.
    func scheduleRestart(after delay: Duration) {
        let call = Promise<Void>()
        restartCall = call
        engine.background.add { [id, weak engine] in
            let isCalledOff = (try? await call.value(within: delay)) != nil
            guard !Task.isCancelled else { return }
            await engine?.containers.unit(id)?.restartDue(call, isCalledOff: isCalledOff)
        }
    }

    private func restartDue(_ call: Promise<Void>, isCalledOff: Bool) async {
        do {
            try await gate.run {
                guard state.phase == .restarting, restartCall === call else { return }
                restartCall = nil
                if isCalledOff {
                    state.phase = .exited
                    try persist()
                    publish("stop")
                    return
                }
                state.restartCount += 1
                try await launch()
            }
        } catch {
            engine.report("cannot start the container \(name) again", error)
        }
    }

    // MARK: Removing

    /// Removes it.
    ///
    /// - Parameter force: Whether it is killed first where it runs.
    /// - Throws: `conflict` where it runs and is not to be killed.
    func remove(force: Bool) async throws {
        if isActive, state.phase != .exited {
            guard force else {
                if state.phase == .paused {
                    throw EngineError(
                        .conflict,
                        "You cannot remove a paused container \(id). Unpause and then stop the container before "
                            + "attempting removal or force remove"
                    )
                }
                throw EngineError.removingRunning(id.description)
            }
            details.wasStopped = true
            restartCall?.keep(())
            let exit = nextExit
            if let run, isRunning {
                try await send(SIGKILL, to: run)
                _ = try await exit.value()
            }
        }
        try await gate.run {
            if removal.current != nil { return }
            if isRunning { throw EngineError.removingRunning(id.description) }
            try await discard()
        }
    }

    /// Removes it with all that it has; the caller has the gate.
    ///
    /// - Parameter isAnnounced: Whether anybody knows of it, and so is told.
    /// - Throws: What is in the way; it stays then, and is removed when the engine starts again.
    func discard(isAnnounced: Bool = true) async throws {
        if removal.current != nil { return }
        state.phase = .removing
        try persist()
        let (folder, trash, id) = (folder, engine.trash, id)
        try await BlockingCall.run { try folder.discard(to: trash.path) }
        trash.empty()
        if isAnnounced {
            try change(telling: "destroy") { try $0.removeContainer(id.description) }
        } else {
            try engine.store.write(.process) { try $0.removeContainer(id.description) }
        }
        engine.containers.remove(id)
        engine.execs.removeAll(of: id)
        endStreams()
        var response = ContainerWaitResponse()
        response.statusCode = Int(state.exitStatus ?? 0)
        nextExit.keep(response)
        removal.keep(response)
    }
}
