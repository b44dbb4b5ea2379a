// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

extension Engine {
    /// Prepares a program to run in a container that runs.
    package func createExec(
        in reference: String,
        _ request: ExecCreateRequest
    ) async throws -> ExecCreateResponse {
        throw EngineError(.notImplemented, "")
    }

    /// Runs the program.
    ///
    /// - Parameters:
    ///   - id: The exec.
    ///   - request: How.
    /// - Returns: Its streams; nil where it is detached.
    /// - Throws: `conflict` where it was started before, `commandNotFound` and its like where it does not start.
    package func startExec(_ id: String, _ request: ExecStartRequest) async throws -> Attachment? {
        throw EngineError(.notImplemented, "")
    }

    package func resizeExec(_ id: String, rows: UInt16, columns: UInt16) async throws {
        throw EngineError(.notImplemented, "")
    }

    package func inspectExec(_ id: String) async throws -> ExecInspection {
        throw EngineError(.notImplemented, "")
    }
}
