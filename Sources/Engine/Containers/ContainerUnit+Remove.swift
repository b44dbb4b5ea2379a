// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Runtime
import Store

extension ContainerUnit {
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
        let isRecorded = (try? persist()) != nil
        let (folder, trash, id) = (folder, engine.trash, id)
        try await BlockingCall.run {
            try folder.discard(to: trash.path)
            // On a full disk nothing can be written down before there is room: that is what it is removed for.
            if !isRecorded { trash.emptyNow() }
        }
        trash.empty()
        if isAnnounced {
            try change(telling: "destroy") { try $0.removeContainer(id.description) }
        } else {
            try engine.store.write(.process) { try $0.removeContainer(id.description) }
        }
        forgetProcess()
        engine.containers.remove(id)
        engine.execs.removeAll(of: id)
        endStreams()
        var response = ContainerWaitResponse()
        response.statusCode = Int(state.exitStatus ?? 0)
        nextExit.keep(response)
        removal.keep(response)
    }
}
