// SPDX-License-Identifier: Apache-2.0

import Engine
import EngineAPI

extension EngineRoutes {
    var volumes: [Route] {
        [
            Route("GET", "volumes") { request, response in
                let filters = try request.query.filters(["dangling", "driver", "label", "name"])
                try await response.send(json: engine.listVolumes(filters))
            },
            Route("POST", "volumes/create") { request, response in
                let wanted = try await request.json(VolumeCreateRequest.self, absent: VolumeCreateRequest())
                try await response.send(201, json: engine.createVolume(wanted))
            },
            Route("POST", "volumes/prune") { request, response in
                var filters = try request.query.filters(["all", "label", "label!"])
                // Before this version there was no difference between volumes with a name and without.
                if request.head.version < APIVersion(1, 42), filters["all"].isEmpty {
                    filters = Filters(filters.values.merging(["all": ["true"]]) { $1 })
                }
                try await response.send(json: engine.pruneVolumes(filters))
            },
            Route("GET", "volumes/{name}") { request, response in
                try await response.send(json: engine.inspectVolume(request["name"]))
            },
            Route("DELETE", "volumes/{name}") { request, response in
                try await engine.removeVolume(request["name"], force: request.query.boolean("force"))
                try await response.send(204)
            },
        ]
    }
}
