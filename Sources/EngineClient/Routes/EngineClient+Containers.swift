// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

// What containers are, and what they do. A container is named by its identifier, the start of it, or its name.
extension EngineClient {
    /// The containers.
    ///
    /// - Parameters:
    ///   - showsAll: Whether those are shown that do not run.
    ///   - limit: How many are shown, the newest first; nil for all.
    ///   - countsSizes: Whether the sizes of their file systems are counted.
    ///   - isBrief: Whether networks and mounts are left out, and all labels but those of ``ProjectLabel/places``.
    ///   - filters: Those of `GET /containers/json`.
    /// - Returns: The containers.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func listContainers(
        showsAll: Bool = false,
        limit: Int? = nil,
        countsSizes: Bool = false,
        isBrief: Bool = false,
        _ filters: Filters = Filters()
    ) throws -> [ContainerSummary] {
        let query: RequestQuery = [
            "all": flag(showsAll), "limit": limit.map(String.init), "size": flag(countsSizes),
            "brief": flag(isBrief), "filters": try filters.queryValue,
        ]
        return try get([ContainerSummary].self, "/containers/json", query)
    }

    package func inspectContainer(_ name: String, countsSizes: Bool = false) throws -> ContainerInspection {
        try get(ContainerInspection.self, "/containers/\(name)/json", ["size": flag(countsSizes)])
    }

    /// The JSON of an inspection as the engine writes it.
    package func rawContainer(_ name: String, countsSizes: Bool = false) throws -> [UInt8] {
        try getBytes("/containers/\(name)/json", ["size": flag(countsSizes)])
    }

    /// Makes a container.
    ///
    /// - Parameters:
    ///   - request: What it is to be.
    ///   - name: Its name; nil for one that the engine invents.
    ///   - platform: The platform of its image; nil for that of the machine.
    /// - Returns: Its identifier and the engine's warnings.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func createContainer(
        _ request: ContainerCreateRequest,
        named name: String?,
        platform: String? = nil
    ) throws -> ContainerCreateResponse {
        let body = try Self.json(request)
        return try post(
            ContainerCreateResponse.self,
            "/containers/create",
            ["name": name, "platform": platform],
            body: body
        )
    }

    /// Starts a container; that it runs already is no error.
    package func startContainer(_ name: String) throws {
        try unlessDone { try post("/containers/\(name)/start") }
    }

    /// Stops a container; that it does not run is no error.
    ///
    /// - Parameters:
    ///   - name: The container.
    ///   - timeout: The time of grace in seconds, negative for any; nil takes the container's.
    ///   - signal: The signal; nil takes the container's.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func stopContainer(_ name: String, timeout: Int? = nil, signal: String? = nil) throws {
        try unlessDone {
            try post("/containers/\(name)/stop", ["t": timeout.map(String.init), "signal": signal])
        }
    }

    /// Stops and starts a container; see ``stopContainer(_:timeout:signal:)``.
    package func restartContainer(_ name: String, timeout: Int? = nil, signal: String? = nil) throws {
        try post("/containers/\(name)/restart", ["t": timeout.map(String.init), "signal": signal])
    }

    /// Sends a signal, `SIGKILL` where none is named.
    package func killContainer(_ name: String, signal: String? = nil) throws {
        try post("/containers/\(name)/kill", ["signal": signal])
    }

    package func pauseContainer(_ name: String) throws { try post("/containers/\(name)/pause") }

    package func unpauseContainer(_ name: String) throws { try post("/containers/\(name)/unpause") }

    package func renameContainer(_ name: String, to newName: String) throws {
        try post("/containers/\(name)/rename", ["name": newName])
    }

    package func updateContainer(_ name: String, _ request: ContainerUpdateRequest) throws -> ContainerUpdateResponse {
        let body = try Self.json(request)
        return try post(ContainerUpdateResponse.self, "/containers/\(name)/update", body: body)
    }

    /// Removes a container.
    ///
    /// - Parameters:
    ///   - name: The container.
    ///   - force: Whether one that runs is killed.
    ///   - volumes: Whether its anonymous volumes go with it.
    ///   - link: Whether the name is that of a link and not of a container.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func removeContainer(
        _ name: String,
        force: Bool = false,
        volumes: Bool = false,
        link: Bool = false
    ) throws {
        try delete("/containers/\(name)", ["force": flag(force), "v": flag(volumes), "link": flag(link)])
    }

    package func pruneContainers(_ filters: Filters = Filters()) throws -> ContainersPruned {
        try post(ContainersPruned.self, "/containers/prune", ["filters": try filters.queryValue])
    }

    /// Begins to wait for a container: what happens to it from now on is not missed.
    ///
    /// - Parameters:
    ///   - name: The container.
    ///   - condition: `not-running`, `next-exit` or `removed`.
    /// - Returns: The answer, whose body comes when the condition is met.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func beginWait(for name: String, condition: String) throws -> Response {
        var request = Request(.post, "/containers/\(name)/wait", ["condition": condition])
        request.isQuestion = true
        return try send(request)
    }

    /// Waits for a container.
    package func waitForContainer(_ name: String, condition: String = "not-running") throws -> ContainerWaitResponse {
        var response = try beginWait(for: name, condition: condition)
        return try ContainerWaitResponse(from: &response)
    }

    package func top(_ name: String, arguments: String? = nil) throws -> ContainerTop {
        try get(ContainerTop.self, "/containers/\(name)/top", ["ps_args": arguments])
    }

    /// What a container uses, a line for each ``ContainerStatistics``.
    ///
    /// - Parameters:
    ///   - name: The container.
    ///   - streams: Whether there is a line each second; otherwise there is one.
    ///   - isOneShot: Whether the one line does without the previous values, which take a second to get.
    /// - Returns: The lines.
    /// - Throws: ``EngineError`` or ``ClientError``.
    package func statistics(of name: String, streams: Bool, isOneShot: Bool = false) throws -> Response {
        let query: RequestQuery = ["stream": streams ? "1" : "0", "one-shot": flag(isOneShot)]
        return try send(Request(.get, "/containers/\(name)/stats", query))
    }

    package func changes(of name: String) throws -> [FilesystemChange] {
        try get([FilesystemChange]?.self, "/containers/\(name)/changes") ?? []
    }

    private func unlessDone(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as EngineError {
            if error.code != .notModified { throw error }
        }
    }
}

extension ContainerWaitResponse {
    /// Waits for the end of a wait that has begun.
    package init(from response: inout Response) throws(ClientError) {
        self = try EngineClient.decode(Self.self, try response.bytes(limit: 1 << 20))
    }
}
