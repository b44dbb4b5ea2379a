// SPDX-License-Identifier: Apache-2.0

import Engine
import EngineAPI

extension EngineRoutes {
    var networks: [Route] {
        [
            Route("GET", "networks") { request, response in
                let filters = try request.query.filters([
                    "dangling", "driver", "id", "label", "name", "scope", "type",
                ])
                var networks = try await engine.listNetworks(filters)
                if request.head.version < APIVersion(1, 28) { networks = try await withContainers(networks) }
                try await response.send(json: networks)
            },
            Route("POST", "networks/create") { request, response in
                var wanted = try await request.json(NetworkCreateRequest.self)
                if request.head.version < APIVersion(1, 48) { wanted.enablesIPv4 = nil }
                try await response.send(201, json: engine.createNetwork(wanted))
            },
            Route("POST", "networks/prune") { request, response in
                let filters = try request.query.filters(["label", "label!", "until"])
                try await response.send(json: engine.pruneNetworks(filters))
            },
            Route("GET", "networks/{id}") { request, response in
                try await response.send(json: network(request["id"], request.query))
            },
            Route("DELETE", "networks/{id}") { request, response in
                try await engine.removeNetwork(request["id"])
                try await response.send(204)
            },
            Route("POST", "networks/{id}/connect") { request, response in
                let wanted = try await request.json(NetworkConnectRequest.self)
                try await engine.connectNetwork(request["id"], wanted)
                try await response.send(200)
            },
            Route("POST", "networks/{id}/disconnect") { request, response in
                let wanted = try await request.json(NetworkDisconnectRequest.self)
                try await engine.disconnectNetwork(request["id"], wanted)
                try await response.send(200)
            },
        ]
    }

    /// The networks of a list with their containers, which old clients find there.
    private func withContainers(_ networks: [NetworkInspection]) async throws -> [NetworkInspection] {
        var result: [NetworkInspection] = []
        for network in networks {
            do {
                result.append(try await engine.inspectNetwork(network.id))
            } catch let error as EngineError where error.code == .notFound {
                // It has been removed since the list was made.
                continue
            }
        }
        return result
    }

    /// The network that a query is about.
    private func network(_ reference: String, _ query: Query) async throws -> NetworkInspection {
        // Only the networks of a cluster have more to tell.
        if let verbose = query.text("verbose"), !["0", "1", "false", "true"].contains(verbose.lowercased()) {
            throw EngineError(.badParameter, "invalid value for verbose: \(verbose.prefix(80))")
        }
        let network = try await engine.inspectNetwork(reference)
        if let scope = query.text("scope"), scope != network.scope {
            throw EngineError(.notFound, "network \(reference) not found")
        }
        return network
    }
}
