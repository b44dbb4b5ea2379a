// SPDX-License-Identifier: Apache-2.0

package import Engine
import EngineAPI
import JSONTree

extension EngineRoutes {
    var containerFiles: [Route] {
        [
            Route("GET", "containers/{id}/changes") { request, response in
                try await response.send(json: engine.changes(of: request["id"]))
            },
            Route("GET", "containers/{id}/export", endsWithClient: true) { request, response in
                let tar = try await engine.exportContainer(request["id"])
                try await send(tar, type: "application/x-tar", to: response)
            },
            Route("HEAD", "containers/{id}/archive") { request, response in
                let status = try await engine.fileStatus(in: request["id"], at: try path(of: request))
                try await response.send(200, [try field(of: status)])
            },
            Route("GET", "containers/{id}/archive", endsWithClient: true) { request, response in
                let (status, tar) = try await engine.archive(of: request["id"], at: try path(of: request))
                try await send(tar, type: "application/x-tar", [try field(of: status)], to: response)
            },
            Route("PUT", "containers/{id}/archive", endsWithClient: true) { request, response in
                let path = try path(of: request)
                let options = ArchiveOptions(request.query)
                try await request.upload {
                    try await engine.extract(into: request["id"], at: path, options, from: $0)
                }
                try await response.send(200)
            },
            // Docker has no such route: its clients run `rm` inside.
            Route("POST", "wharf/v1/containers/{id}/remove-files") { request, response in
                let removal = try await request.json(FileRemoval.self)
                try await engine.removeFiles(of: request["id"], at: removal.paths)
                try await response.send(204)
            },
        ]
    }

    /// Sends bytes as the engine makes them.
    func send(
        _ bytes: ByteStream,
        type: String,
        _ fields: [(name: String, value: String)] = [],
        to response: ResponseWriter
    ) async throws {
        try await response.begin(type: type, fields)
        for try await piece in bytes { try await response.write(piece: piece) }
    }

    private func path(of request: Request) throws(EngineError) -> String {
        guard let path = request.query.text("path") else {
            throw EngineError(.badParameter, "`path` is missing; it is a path in the container")
        }
        return path
    }

    private func field(of status: PathStat) throws -> (name: String, value: String) {
        ("X-Docker-Container-Path-Stat", Base64.encode(try JSON.encode(status)))
    }
}

extension ArchiveOptions {
    /// Reads the query of `PUT /containers/{id}/archive`.
    package init(_ query: Query) {
        self.init()
        keepsKinds = query.boolean("noOverwriteDirNonDir")
        copiesOwners = query.boolean("copyUIDGID")
    }
}
