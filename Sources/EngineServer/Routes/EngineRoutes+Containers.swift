// SPDX-License-Identifier: Apache-2.0

package import Engine
package import EngineAPI

extension EngineRoutes {
    var containers: [Route] {
        [
            Route("GET", "containers/json") { request, response in
                try await response.send(json: engine.listContainers(ContainerListQuery(request.query)))
            },
            Route("POST", "containers/create", create),
            Route("POST", "containers/prune") { request, response in
                let filters = try request.query.filters(["label", "label!", "until"])
                try await response.send(json: engine.pruneContainers(filters))
            },
            Route("GET", "containers/{id}/json") { request, response in
                let inspection = try await engine.inspectContainer(
                    request["id"],
                    countsSizes: request.query.boolean("size")
                )
                try await response.send(json: inspection)
            },
            Route("POST", "containers/{id}/update") { request, response in
                let update = try await request.json(ContainerUpdateRequest.self)
                try await response.send(json: engine.updateContainer(request["id"], update))
            },
            Route("DELETE", "containers/{id}") { request, response in
                if request.query.boolean("link") {
                    throw EngineError(.notImplemented, "links between containers are not there; use a network")
                }
                try await engine.removeContainer(
                    request["id"],
                    force: request.query.boolean("force"),
                    volumes: request.query.boolean("v")
                )
                try await response.send(204)
            },
        ] + containerChanges
    }

    /// What changes the state of one container and has no answer but 204.
    private var containerChanges: [Route] {
        [
            change("start") { id, _ in try await engine.startContainer(id) },
            change("stop") { id, query in
                try await engine.stopContainer(id, timeout: query.integer("t"), signal: query.text("signal"))
            },
            change("restart") { id, query in
                try await engine.restartContainer(id, timeout: query.integer("t"), signal: query.text("signal"))
            },
            change("kill") { id, query in try await engine.killContainer(id, signal: query.text("signal")) },
            change("pause") { id, _ in try await engine.pauseContainer(id) },
            change("unpause") { id, _ in try await engine.unpauseContainer(id) },
            change("rename") { id, query in
                guard let name = query.text("name") else {
                    throw EngineError(.badParameter, "Neither old nor new names may be empty")
                }
                try await engine.renameContainer(id, to: name)
            },
        ]
    }

    private func change(_ verb: String, _ operation: @escaping @Sendable (String, Query) async throws -> Void) -> Route
    {
        Route("POST", "containers/{id}/\(verb)") { request, response in
            try await operation(request["id"], request.query)
            try await response.send(204)
        }
    }

    private func create(_ request: Request, _ response: ResponseWriter) async throws {
        let body = try await request.json(ContainerCreateRequest.self)
        let created = try await engine.createContainer(
            body,
            named: request.query.text("name"),
            platform: request.query.text("platform")
        )
        try await response.send(201, json: created)
    }
}

extension ContainerListQuery {
    /// The keys of `filters`.
    private static let knownFilters: Set<String> = [
        "ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "name", "network",
        "publish", "since", "status", "volume",
    ]

    /// Reads the query of `GET /containers/json`.
    package init(_ query: Query) throws(EngineError) {
        self.init()
        // Docker Compose 1 says -1 for no limit.
        limit = try query.integer("limit").flatMap { $0 > 0 ? $0 : nil }
        showsAll = query.boolean("all")
        countsSizes = query.boolean("size")
        isBrief = query.boolean("brief")
        filters = try query.filters(Self.knownFilters)
    }
}
