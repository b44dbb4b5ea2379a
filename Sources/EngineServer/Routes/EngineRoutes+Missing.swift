// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// What is said of operations that Docker's engine has and this one does not have yet.
enum Missing {
    static let session = "sessions of BuildKit are not there; build with `POST /build` of the classic builder"
    static let clusterVolumes = "volumes of a cluster cannot be changed: there is none"
}

extension EngineRoutes {
    /// The rest of Docker's API.
    var missing: [Route] {
        refusals.map { method, path, code, message in
            Route(method, path) { _, _ in throw EngineError(code, message) }
        } + [
            Route("GET", "plugins") { _, response in try await response.send(json: [String]()) },
            Route("GET", "plugins/{name*}/json") { request, _ in
                throw EngineError(.notFound, "plugin \"\(request["name"])\" not found")
            },
        ] + cluster
    }

    private var refusals: [(method: String, path: String, code: EngineError.Code, message: String)] {
        [
            ("GET", "containers/{id}/attach/ws", "attaching by a websocket is not there yet; use POST"),
            ("GET", "images/search", "registries cannot be searched yet"),
            ("POST", "build/cancel", Missing.session),
            ("POST", "session", Missing.session),
            ("POST", "grpc", Missing.session),
            ("PUT", "volumes/{name}", Missing.clusterVolumes),
            ("POST", "containers/{id}/checkpoints", "containers cannot be saved while they run"),
            ("GET", "containers/{id}/checkpoints", "containers cannot be saved while they run"),
            ("POST", "plugins/{name*}", "plugins are not there"),
            ("DELETE", "plugins/{name*}", "plugins are not there"),
        ].map { ($0.0, $0.1, .notImplemented, $0.2) }
    }

    /// The cluster, of which this engine is never a part; clients know this text.
    private var cluster: [Route] {
        ["swarm", "nodes", "services", "tasks", "secrets", "configs"].flatMap { subject in
            ["GET", "POST", "DELETE"].flatMap { method in
                [subject, "\(subject)/{rest*}"].map { path in
                    Route(method, path) { _, _ in
                        throw EngineError(
                            .unavailable,
                            "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to "
                                + "connect this node to swarm and try again."
                        )
                    }
                }
            }
        }
    }
}
