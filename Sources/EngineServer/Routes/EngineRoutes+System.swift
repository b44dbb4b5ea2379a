// SPDX-License-Identifier: Apache-2.0

import Engine
import EngineAPI

extension EngineRoutes {
    var system: [Route] {
        [
            Route("GET", "_ping") { _, response in try await ping(response) },
            Route("HEAD", "_ping") { _, response in try await ping(response) },
            Route("GET", "version") { _, response in try await response.send(json: engine.version()) },
            Route("GET", "info") { _, response in try await response.send(json: engine.information()) },
            Route("GET", "system/df") { request, response in
                let subjects = try DiskUsageRequest(kinds: request.query.all("type"))
                let isVerbose = request.query.boolean("verbose")
                try await response.send(json: engine.diskUsage(subjects, listsItems: isVerbose))
            },
            Route("GET", "events", endsWithClient: true, events),
            Route("GET", "wharf/v1/engine") { _, response in try await response.send(json: engine.status()) },
            Route("POST", "wharf/v1/engine/stop") { _, response in
                await response.closeConnection()
                try await response.send(204)
                stop()
            },
        ]
    }

    private func ping(_ response: ResponseWriter) async throws {
        // The first four are in every answer.
        let fields = Ping().headers(server: "").dropFirst(4)
        try await response.send(200, Array(fields), type: "text/plain; charset=utf-8", body: Array("OK".utf8))
    }

    /// The keys of `GET /events`.
    static let eventFilters: Set<String> = [
        "config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret",
        "service", "type", "volume",
    ]

    private func events(_ request: Request, _ response: ResponseWriter) async throws {
        let (since, until) = (try request.query.instant("since"), try request.query.instant("until"))
        let filters = try request.query.filters(Self.eventFilters)
        if let since, let until, until < since {
            throw EngineError(.badParameter, "`since` cannot be after `until`")
        }
        let events = try await engine.events(since: since, until: until, filters)
        try await response.begin(type: "application/json")
        for try await event in events { try await response.write(line: event) }
    }
}
