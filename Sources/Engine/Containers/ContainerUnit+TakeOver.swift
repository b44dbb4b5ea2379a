// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import FoundationEssentials
import Glibc
import Linux
import OCI
import Runtime
import Store

extension ContainerUnit {
    /// Takes over what the engine before has left.
    ///
    /// - Parameter processes: What the supervisor keeps, by name.
    func takeOver(_ processes: [String: RunningProcess]) async {
        do {
            try await gate.run { try await takeOverInTurn(processes) }
        } catch {
            engine.report("cannot take over the container \(name)", error)
        }
    }

    private func takeOverInTurn(_ processes: [String: RunningProcess]) async throws {
        if state.phase == .removing { return try await discard() }
        guard let processName = state.processName else { return }
        let written = try writtenStart()
        if let written {
            if let process = processes[processName] {
                try await goOn(process, written, sharedMemory: fetchSharedMemory(processName))
                return
            }
            if isRunning, let process = try await findOrphan(in: written.resources) {
                return try await goOn(process, written, sharedMemory: nil)
            }
            let resources = written.resources
            try await BlockingCall.run {
                guard try resources.group.exists() else { return }
                try resources.killAll()
                try resources.remove()
            }
        }
        if !isRunning {
            // A start that was cut off before its process was launched.
            state.processName = nil
            try persist()
        }
    }

    /// Goes on with a run of the engine before.
    private func goOn(
        _ process: RunningProcess,
        _ written: WrittenStart,
        sharedMemory: SharedDescriptor?
    ) async throws {
        let resources = written.resources
        run = ContainerRun(
            process: process,
            resources: resources,
            specification: written.specification,
            sharedMemory: sharedMemory,
            streams: streams
        )
        // One that has not got beyond its gate ends there; its end is taken note of like any other.
        streams.started.keep(process)
        if isRunning {
            let isFrozen = try await BlockingCall.run { try resources.isFrozen() }
            state.phase = isFrozen ? .paused : .running
            watchMemory()
        }
    }

    /// What a start has written down.
    private struct WrittenStart {
        var resources: HostResources
        var specification: RuntimeSpec
    }

    /// What the last start has written down; nil where it has not come so far.
    private func writtenStart() throws -> WrittenStart? {
        guard let bytes = try readSpecification() else { return nil }
        // One that was being written when the engine died is none.
        guard let specification = try? JSONDecoder().decode(RuntimeSpec.self, from: Data(bytes)) else { return nil }
        let seccomp = try SpecificationBuilder.seccomp(of: definition)
        let resources = try HostResources(
            of: specification,
            named: id.description,
            in: engine.trees,
            profile: seccomp.profile,
            filters: engine.filters
        )
        return WrittenStart(resources: resources, specification: specification)
    }

    private func readSpecification() throws -> [UInt8]? {
        do {
            return try Descriptor.open(folder.specification, O_RDONLY | O_NOFOLLOW).contents(limit: 16 << 20)
        } catch  where error.number == ENOENT {
            return nil
        }
    }

    private func fetchSharedMemory(_ processName: String) async throws -> SharedDescriptor? {
        let supervisor = engine.supervisor
        return try await BlockingCall.run {
            SharedDescriptor(try supervisor.current.fetch(RunningProcess.HeldTag.memory, of: processName))
        }
    }

    /// The first process where it runs though no supervisor keeps it: both died at once.
    ///
    /// It is known by its number and its control group. Pipes that are still there are read on.
    private func findOrphan(in resources: HostResources) async throws -> RunningProcess? {
        guard let pid = state.pid, let name = state.processName else { return nil }
        let (supervisor, log) = (engine.supervisor, try logPlace())
        return try await BlockingCall.run {
            guard let process = try Self.orphan(pid, named: name, in: resources) else { return nil }
            try process.hand(to: supervisor.current, log)
            return process
        }
    }

    private static func orphan(_ pid: Int32, named name: String, in resources: HostResources) throws -> RunningProcess?
    {
        guard let pidfd = SharedDescriptor(try? Descriptor.process(pid)), try resources.group.exists(),
            try resources.group.processes().contains(pid)
        else { return nil }
        return RunningProcess(
            name: name,
            pid: pid,
            pidfd: pidfd,
            terminal: nil,
            input: nil,
            output: SharedDescriptor(openPipe(1, of: pid)),
            errors: SharedDescriptor(openPipe(2, of: pid))
        )
    }

    /// The reading end of a pipe that a process writes to; nil where the descriptor is something else.
    private static func openPipe(_ number: Int32, of pid: Int32) -> Descriptor? {
        // Looked at before it is opened: the process could have put anything there.
        guard let place = SharedDescriptor(try? Descriptor.open("/proc/\(pid)/fd/\(number)", OpenFlags.pathOnly)),
            (try? place.descriptor.status().kind) == .fifo
        else { return nil }
        return try? Descriptor.open("/proc/self/fd/\(place.number)", O_RDONLY | O_NONBLOCK)
    }

    /// Starts it where its restart policy says so at the start of the engine.
    func startWithEngine(isNewBoot: Bool) async {
        let wasRunning = isRunning && run == nil
        if wasRunning { await processesLost() }
        let policy = definition.request.hostConfig.restartPolicy
        // An engine ends when nothing runs, and so starts often: only with the machine does it count as a new start.
        let startsAnew = isNewBoot && state.started != nil && policy.name == "always"
        let goesOn =
            (wasRunning || state.phase == .restarting || isNewBoot && state.started != nil)
            && RestartDecision.startsWithEngine(policy, wasStopped: details.wasStopped, wasRunning: wasRunning)
        guard !isRunning, removal.current == nil, startsAnew || goesOn else {
            if state.phase == .restarting {
                state.phase = .exited
                try? persist()
            }
            return
        }
        state.phase = .restarting
        scheduleRestart(after: .zero)
    }

    /// Hands its processes to a supervisor that takes the place of one that has gone.
    func hand(to supervisor: any Supervisor) async {
        guard let run else { return }
        do {
            let log = try logPlace()
            try await BlockingCall.run { try run.process.hand(to: supervisor, log) }
        } catch {
            engine.report("cannot hand the container \(name) to another keeper", error)
        }
    }
}
