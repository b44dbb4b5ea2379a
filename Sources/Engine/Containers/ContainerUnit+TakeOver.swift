// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import JSONTree
import Linux
import OCI
import Runtime
import Store

extension ContainerUnit {
    /// Takes over what the engine before has left.
    ///
    /// - Parameters:
    ///   - processes: What the supervisor keeps, by name.
    ///   - isNewBoot: Whether the machine was started anew since.
    func takeOver(_ processes: [String: RunningProcess], isNewBoot: Bool) async {
        do {
            try await gate.run {
                if details.isBeingMade == true {
                    // Whether its creation was told is only known where the machine has lost nothing of what was written.
                    guard isNewBoot else { return try await discard(isAnnounced: false) }
                    try noteCreation()
                }
                try await takeOverInTurn(processes)
            }
        } catch {
            engine.report("cannot take over the container \(name)", error)
        }
    }

    private func takeOverInTurn(_ processes: [String: RunningProcess]) async throws {
        if state.phase == .removing { return try await discard() }
        guard let processName = state.processName else {
            // One that removes itself, and whose engine died before it came to that.
            let isOver = state.phase == .exited && state.finished != nil
            if isOver, definition.request.hostConfig.autoRemove { try await discard() }
            return
        }
        let (written, process) = (try writtenStart(), processes[processName])
        if isRunning, let written {
            if let process {
                return try await goOn(process, written, sharedMemory: fetchSharedMemory(processName))
            }
            if let process = try await findOrphan(in: written.resources) {
                return try await goOn(process, written, sharedMemory: nil)
            }
        }
        try await takeBack(process, written?.resources)
        if !isRunning {
            state.processName = nil
            try persist()
        }
    }

    /// Ends what is left of a start that was cut off, or of a run whose first process nobody knows any more.
    private func takeBack(_ process: RunningProcess?, _ resources: HostResources?) async throws {
        let supervisor = engine.supervisor
        try await BlockingCall.run {
            if let process {
                try process.signal(SIGKILL)
                try process.pidfd.descriptor.waitUntilReaped()
            }
            if let resources, try resources.group.exists() {
                try resources.killAll()
                try resources.remove()
            }
            // Its end is told as well; then it is forgotten, if it is not now.
            if let process { supervisor.forget(process.name) }
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
            root: nil,
            resources: resources,
            specification: written.specification,
            sharedMemory: sharedMemory,
            streams: streams
        )
        streams.started.keep(process)
        // A start that has failed is no news of a start; what became of it is told like every other end.
        if details.isStarting == true, process.failure == nil { try noteStart() }
        let isFrozen = try await BlockingCall.run { try resources.isFrozen() }
        state.phase = isFrozen ? .paused : .running
        watchMemory()
        try await takeOverHealth()
    }

    /// What a start has written down.
    private struct WrittenStart {
        var resources: HostResources
        var specification: RuntimeSpec
    }

    /// What the last start has written down; nil where it has not come so far.
    private func writtenStart() throws -> WrittenStart? {
        // The machine may have ended before the bytes of the file came to the disk.
        guard let bytes = try readSpecification(), !bytes.isEmpty else { return nil }
        let specification: RuntimeSpec
        do {
            specification = try JSON.decode(RuntimeSpec.self, from: bytes)
        } catch {
            engine.report("cannot read \(folder.specification): what runs of the container \(name) is ended", error)
            return nil
        }
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
        let policy = definition.request.hostConfig.restartPolicy
        // An engine ends when nothing runs, and so starts often: only with the machine does it count as a new start.
        let startsAnew = isNewBoot && state.started != nil && policy.name == "always"
        let isDue = wasRunning || state.phase == .restarting
        let goesOn =
            (isDue || isNewBoot && state.started != nil)
            && RestartDecision.startsWithEngine(policy, wasStopped: details.wasStopped, wasRunning: isDue)
        // That it goes on is written down with the end, so that no engine in between can miss it.
        if wasRunning { await processesLost(isRestarted: startsAnew || goesOn) }
        guard !isRunning, removal.current == nil, startsAnew || goesOn else {
            if state.phase == .restarting {
                state.phase = .exited
                try? persist()
            }
            return
        }
        // A start that was cut off is as it was before, and not for its policy to repeat.
        guard !wasRunning || state.phase == .restarting, restartCall == nil else { return }
        state.phase = .restarting
        scheduleRestart(after: .zero, inOrder: isNewBoot)
    }

    func hand(to supervisor: any Supervisor) async {
        if let probe { await probe.hand(to: supervisor) }
        guard let run else { return }
        do {
            let log = try logPlace()
            let (networks, id) = (engine.networks, id)
            try await BlockingCall.run {
                try run.process.hand(to: supervisor, log, sharing: run.sharedMemory)
                try networks.lastingSockets(of: id).entrust(to: supervisor, for: run.process.name)
            }
        } catch {
            engine.report("cannot hand the container \(name) to another keeper", error)
        }
    }
}
