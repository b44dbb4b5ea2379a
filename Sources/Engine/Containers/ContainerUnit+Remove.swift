// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Runtime
import Store
import Synchronization

extension ContainerUnit {
    /// Removes it.
    ///
    /// - Parameters:
    ///   - force: Whether it is killed first where it runs.
    ///   - volumes: Whether its volumes without a name go with it.
    /// - Throws: `conflict` where it runs and is not to be killed.
    func remove(force: Bool, volumes: Bool = false) async throws {
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
            _ = try await callOffRestart()
            details.wasStopped = true
            let exit = nextExit
            if let run, isRunning {
                try await send(SIGKILL, to: run)
                _ = try await exit.value()
            }
        }
        try await gate.run {
            if removal.current != nil { return }
            if isRunning { throw EngineError.removingRunning(id.description) }
            if volumes { details.removesVolumes = true }
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
        // What is not announced was never there for anybody, and neither were the volumes that were made for it alone.
        if !isAnnounced || definition.request.hostConfig.autoRemove { details.removesVolumes = true }
        let isRecorded = (try? persist()) != nil
        let (folder, trash, files, id) = (folder, engine.trash, engine.givenFiles, id)
        try await BlockingCall.run {
            try folder.discard(to: trash.path)
            try files.discard(of: id)
            // On a full disk nothing can be written down before there is room: that is what it is removed for.
            if !isRecorded { trash.emptyNow() }
        }
        trash.empty()
        let volumes = try removeRecord(isAnnounced: isAnnounced)
        forgetProcess()
        engine.containers.remove(id)
        engine.execs.removeAll(of: id)
        endStreams()
        var response = ContainerWaitResponse()
        response.statusCode = Int(state.exitStatus ?? 0)
        await engine.removeAnonymousVolumes(volumes)
        nextExit.keep(response)
        removal.keep(response)
        tellHealth()
    }

    /// Removes the record, and marks the volumes that go with it: whenever this engine dies, either both are done or neither.
    ///
    /// - Returns: The volumes that go.
    private func removeRecord(isAnnounced: Bool) throws -> [String] {
        let names = definition.volumeNames
        let free = engine.volumes.release(names, by: id)
        // A container whose record cannot be read may need any of them.
        let mayRemove = details.removesVolumes == true && engine.unreadable.withLock(\.isEmpty)
        let volumes = mayRemove ? definition.anonymousVolumes.filter(free.contains) : []
        let id = id.description
        let remove: (StoreWriter) throws -> Void = { writer in
            try writer.removeContainer(id)
            // One that was to be made may have got no record yet, and one that cannot be read stays.
            for name in volumes where (try? writer.reader.volume(name)) != nil {
                try writer.setPhase(ofVolume: name, to: .removing)
            }
        }
        do {
            if isAnnounced {
                try change(telling: "destroy", [:], remove)
            } else {
                try engine.store.write(.process, remove)
            }
        } catch {
            engine.volumes.use(names, by: self.id)
            throw error
        }
        return volumes
    }
}
