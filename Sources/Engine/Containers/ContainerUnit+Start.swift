// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import JSONTree
import Linux
import Logs
import Runtime
import Store

extension ContainerUnit {
    /// Starts it because somebody asks for it.
    ///
    /// - Throws: `notModified` where it runs, or why it does not start.
    func start() async throws {
        try await gate.run {
            if details.isBeingMade == true { throw EngineError.noSuchContainer(id.description) }
            switch state.phase {
            case .running, .restarting: throw EngineError(.notModified, "the container \(name) is already started")
            case .paused:
                throw EngineError(.conflict, "cannot start a paused container, try unpause instead")
            case .removing, .dead:
                throw EngineError(.conflict, "container is marked for removal and cannot be started")
            case .created, .exited: break
            }
            details.wasStopped = false
            state.restartCount = 0
            pauses = 0
            try await launch()
        }
    }

    /// Starts it; the caller has the gate.
    ///
    /// - Throws: Why it does not start. It is as it was, with the reason noted; one that removes itself is gone.
    func launch() async throws {
        engine.trees.anticipateMove()
        let launcher: ContainerLauncher
        do {
            let volumes = try await engine.openMounts(of: id, definition)
            try await prepareNetworks()
            launcher = try await makeLauncher(volumes: volumes)
        } catch {
            throw await startFailed(error)
        }
        var running = state
        running.phase = .running
        running.started = UnixTime(.now)
        details.isStarting = true
        running.details = try JSON.encode(details)
        let (commit, id, store) = (running, id.description, engine.store)
        let losses = engine.supervisor.losses
        do {
            run = try await engine.supervisor.retrying {
                try launcher.launch { pid in
                    var state = commit
                    state.pid = pid
                    try store.write(.process) { try $0.setState(of: id, to: state) }
                }
            }
        } catch {
            throw await startFailed(EngineError(anyStart: error))
        }
        running.pid = run?.process.pid
        state = running
        details.isStarting = nil
        details.error = ""
        details.wasOutOfMemory = false
        beginHealth()
        engine.tellNetworks("connect", of: self.id, details.endpoints ?? [])
        engine.tellVolumes("mount", of: self.id, definition)
        do {
            try persist(telling: "start")
        } catch {
            // It runs all the same.
            engine.report("cannot write down the start of the container \(name)", error)
        }
        watchMemory()
        watchHealth()
        streams.started.keep(run?.process)
        if engine.supervisor.losses != losses { await engine.handOver(self) }
    }

    /// Everything that a start needs of the engine, with the state that precedes it written down.
    private func makeLauncher(volumes: [String: SharedDescriptor]) async throws -> ContainerLauncher {
        let joined = try await engine.runs(joinedBy: definition)
        let layers = try await engine.layerRoots(definition.layers)
        // The name of the process comes before the process, so that an engine that takes over knows whose it is.
        state.processName = "\(id).\(engine.nextRunNumber())"
        state.pid = nil
        details.error = ""
        try persist()
        return ContainerLauncher(
            snapshot: snapshot,
            layers: layers,
            base: engine.base,
            formerRoot: formerRoot,
            processName: state.processName ?? "",
            terminalSize: terminalSize,
            joined: joined,
            volumes: volumes,
            trees: engine.trees,
            filters: engine.filters,
            supervisor: engine.supervisor,
            networks: engine.networks,
            streams: streams
        )
    }

    /// Notes why a start failed.
    private func startFailed(_ error: any Error) async -> any Error {
        let failure = EngineError(anyStart: error)
        details.isStarting = nil
        details.error = failure.message
        state.exitStatus = failure.code.runExitStatus == 125 ? 128 : failure.code.runExitStatus
        state.processName = nil
        state.pid = nil
        if state.phase == .restarting { state.phase = .exited }
        tellHealth()
        await releaseNetworks()
        // The failure of the start is what is told; the record catches up with the next change.
        persistIfPossible()
        await engine.releaseVolumes(of: id, definition)
        endStreams()
        if definition.request.hostConfig.autoRemove {
            do {
                try await discard()
            } catch {
                engine.report("cannot remove the container \(name), which did not start", error)
            }
        }
        return failure
    }

    /// Lets whoever is attached go, and makes room for the next run.
    func endStreams() {
        streams.started.keep(nil)
        streams.ended.signal()
        streams = RunStreams()
    }

    /// Tells of each time that the kernel ends one of its processes for want of memory.
    func watchMemory() {
        guard let run else { return }
        engine.background.add { [id, name, weak engine] in
            let watch: MemoryWatch
            do throws(ControlGroupError) {
                guard let available = try MemoryWatch(run.resources.group) else { return }
                watch = available
            } catch {
                // Where the container has ended meanwhile, there is nothing to watch any more.
                if error.code == .missing { return }
                engine?.report("cannot watch the memory of the container \(name)", error)
                return
            }
            while await watch.nextKill(until: run.streams.ended) {
                await engine?.containers.unit(id)?.noteMemoryKill()
            }
        }
    }

    private func noteMemoryKill() {
        details.wasOutOfMemory = true
        publish("oom")
    }
}
