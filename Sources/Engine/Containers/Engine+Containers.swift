// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

extension Engine {
    /// Makes a container, which does not run yet.
    ///
    /// - Parameters:
    ///   - request: What it is to be.
    ///   - name: Its name, with or without a leading `/`; nil for one that the engine invents.
    ///   - platform: The platform of its image, such as `linux/amd64`; nil for that of the machine.
    /// - Returns: Its identifier and what could not be done as asked.
    /// - Throws: `notFound` where there is no such image, `conflict` where the name is taken, `badParameter` with the field.
    package func createContainer(
        _ request: ContainerCreateRequest,
        named name: String?,
        platform: String? = nil
    ) async throws -> ContainerCreateResponse {
        throw EngineError(.notImplemented, "")
    }

    /// Starts a container.
    ///
    /// - Throws: `notModified` where it runs, `commandNotFound`, `commandNotExecutable`, or why else it does not start.
    package func startContainer(_ reference: String) async throws {
        throw EngineError(.notImplemented, "")
    }

    /// Stops a container: by its stop signal, and by `SIGKILL` after a time of grace.
    ///
    /// - Parameters:
    ///   - reference: The container.
    ///   - timeout: The time of grace in seconds, negative for any; nil takes the container's.
    ///   - signal: The signal by name or number; nil takes the container's.
    /// - Throws: `notModified` where it does not run.
    package func stopContainer(_ reference: String, timeout: Int?, signal: String?) async throws {
        throw EngineError(.notImplemented, "")
    }

    /// Stops a container where it runs, and starts it.
    package func restartContainer(_ reference: String, timeout: Int?, signal: String?) async throws {
        throw EngineError(.notImplemented, "")
    }

    /// Sends a signal to the first process of a container.
    ///
    /// - Parameters:
    ///   - reference: The container.
    ///   - signal: The signal by name or number; nil is `SIGKILL`.
    /// - Throws: `conflict` where it does not run.
    package func killContainer(_ reference: String, signal: String?) async throws {
        throw EngineError(.notImplemented, "")
    }

    package func pauseContainer(_ reference: String) async throws {
        throw EngineError(.notImplemented, "")
    }

    package func unpauseContainer(_ reference: String) async throws {
        throw EngineError(.notImplemented, "")
    }

    package func renameContainer(_ reference: String, to name: String) async throws {
        throw EngineError(.notImplemented, "")
    }

    /// Changes limits and the restart policy, also while the container runs.
    package func updateContainer(
        _ reference: String,
        _ request: ContainerUpdateRequest
    ) async throws -> ContainerUpdateResponse {
        throw EngineError(.notImplemented, "")
    }

    /// Removes a container.
    ///
    /// - Parameters:
    ///   - reference: The container.
    ///   - force: Whether one that runs is killed first.
    ///   - volumes: Whether its anonymous volumes go with it.
    package func removeContainer(_ reference: String, force: Bool, volumes: Bool) async throws {
        throw EngineError(.notImplemented, "")
    }

    /// Begins to wait for a container; a change after the return of this call is not missed.
    ///
    /// - Returns: Waits for the result.
    package func waitForContainer(
        _ reference: String,
        _ condition: WaitCondition
    ) async throws -> @Sendable () async throws -> ContainerWaitResponse {
        throw EngineError(.notImplemented, "")
    }

    package func listContainers(_ query: ContainerListQuery) async throws -> [ContainerSummary] {
        throw EngineError(.notImplemented, "")
    }

    package func inspectContainer(_ reference: String, countsSizes: Bool) async throws -> ContainerInspection {
        throw EngineError(.notImplemented, "")
    }

    /// Removes all containers that do not run; the filters are `until` and `label`.
    package func pruneContainers(_ filters: Filters) async throws -> ContainersPruned {
        throw EngineError(.notImplemented, "")
    }

    /// What a container has written.
    ///
    /// - Returns: Whether it has a terminal, which writes one unframed stream, and the pieces.
    package func logs(
        of reference: String,
        _ query: ContainerLogQuery
    ) async throws -> (hasTerminal: Bool, output: OutputStream) {
        throw EngineError(.notImplemented, "")
    }

    /// Connects a client to a container, which may not run yet: nothing that is written from now on is missed.
    package func attach(to reference: String, _ request: AttachRequest) async throws -> Attachment {
        throw EngineError(.notImplemented, "")
    }

    /// Changes the size of a container's terminal; of one that does not run, that of its next start.
    package func resizeContainer(_ reference: String, rows: UInt16, columns: UInt16) async throws {
        throw EngineError(.notImplemented, "")
    }
}
