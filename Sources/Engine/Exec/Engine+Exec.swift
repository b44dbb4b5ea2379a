// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
import Linux
import Store

extension Engine {
    /// How many execs that are over a container keeps, for whoever still asks how they ended.
    private static let keptExecs = 64

    /// Prepares a program to run in a container that runs.
    package func createExec(
        in reference: String,
        _ request: ExecCreateRequest
    ) async throws -> ExecCreateResponse {
        let container = try containers.find(reference)
        try request.check()
        // Most are started right away.
        trees.anticipateMove()
        _ = try await container.runForExec()
        var generator = SystemRandomNumberGenerator()
        let id = ObjectID(using: &generator)
        let unit = ExecUnit(id, in: container, request, created: .now, engine: self)
        try await unit.announce()
        execs.add(unit)
        await forgetOldExecs(of: container)
        var response = ExecCreateResponse()
        response.id = id.description
        return response
    }

    private func forgetOldExecs(of container: ContainerUnit) async {
        let units = execs.all(of: container.id)
        guard units.count > Self.keptExecs else { return }
        for unit in units.dropLast(Self.keptExecs) where await unit.isOver {
            let id = unit.id
            do {
                try store.write(.process) { try $0.removeExec(id.description) }
                execs.remove(id)
            } catch {
                report("cannot forget the exec \(id)", error)
            }
        }
    }

    /// Runs the program.
    ///
    /// - Parameters:
    ///   - id: The exec.
    ///   - request: How.
    /// - Returns: Its streams; nil where it is detached.
    /// - Throws: `conflict` where it was started before, `commandNotFound` and its like where it does not start.
    package func startExec(_ id: String, _ request: ExecStartRequest) async throws -> Attachment? {
        try await execs.find(id).run(request)
    }

    package func resizeExec(_ id: String, rows: UInt16, columns: UInt16) async throws {
        try await execs.find(id).resize(rows: rows, columns: columns)
    }

    package func inspectExec(_ id: String) async throws -> ExecInspection {
        try await execs.find(id).inspection
    }
}

extension ContainerUnit {
    /// The run that a program can join.
    func runForExec() throws(EngineError) -> ContainerRun {
        guard let run, isRunning else { throw .notRunning(id.description) }
        if state.phase == .paused {
            throw EngineError(.conflict, "Container \(id) is paused, unpause the container before exec")
        }
        return run
    }

    func note(exec: ObjectID, isRunning: Bool) {
        if isRunning { execs.insert(exec) } else { execs.remove(exec) }
    }
}
