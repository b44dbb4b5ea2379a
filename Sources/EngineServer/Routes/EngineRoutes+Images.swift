// SPDX-License-Identifier: Apache-2.0

import Engine
import EngineAPI
import Linux

extension EngineRoutes {
    var images: [Route] {
        [
            Route("GET", "images/json") { request, response in
                let known: Set<String> = ["before", "dangling", "label", "reference", "since", "until"]
                let filters = try request.query.filters(known)
                let showsAll = request.query.boolean("all")
                try await response.send(json: engine.listImages(showsAll: showsAll, filters))
            },
            Route("POST", "images/prune") { request, response in
                let filters = try request.query.filters(["dangling", "label", "label!", "until"])
                try await response.send(json: engine.pruneImages(filters))
            },
            Route("GET", "images/{name*}/json") { request, response in
                try await response.send(json: engine.inspectImage(request["name"]))
            },
            Route("GET", "images/{name*}/history") { request, response in
                try await response.send(json: engine.imageHistory(of: request["name"]))
            },
            Route("POST", "images/{name*}/tag") { request, response in
                guard let repository = request.query.text("repo") else {
                    throw EngineError(.badParameter, "`repo` is missing; it is the new name without its tag")
                }
                let tag = request.query.text("tag") ?? "latest"
                try await engine.tagImage(request["name"], repository: repository, tag: tag)
                try await response.send(201)
            },
            Route("POST", "commit") { request, response in
                guard let container = request.query.text("container") else {
                    throw EngineError(.badParameter, "`container` is missing; it is the container to make an image of")
                }
                let id = try await engine.commitContainer(
                    container,
                    repository: request.query["repo"] ?? "",
                    tag: request.query["tag"] ?? "",
                    author: request.query["author"] ?? "",
                    comment: request.query["comment"] ?? "",
                    changes: request.query.all("changes"),
                    config: try await request.json(ContainerConfig?.self, absent: .some(nil)) ?? ContainerConfig(),
                    pauses: request.query.boolean("pause", absent: true)
                )
                try await response.send(201, json: CommitResponse(id: id))
            },
            Route("DELETE", "images/{name*}") { request, response in
                let deletions = try await engine.removeImage(
                    request["name"],
                    force: request.query.boolean("force"),
                    prunes: !request.query.boolean("noprune")
                )
                try await response.send(json: deletions)
            },
        ]
    }

    var imageArchives: [Route] {
        [
            Route("GET", "images/get", endsWithClient: true) { request, response in
                // Repeated, as Go's client sends it, or with commas.
                let names = request.query.all("names").flatMap { $0.split(separator: ",").map(String.init) }
                guard !names.isEmpty else { throw EngineError(.badParameter, "`names` is missing") }
                try await send(engine.saveImages(names), type: "application/x-tar", to: response)
            },
            Route("GET", "images/{name*}/get", endsWithClient: true) { request, response in
                try await send(engine.saveImages([request["name"]]), type: "application/x-tar", to: response)
            },
            Route("POST", "images/load", endsWithClient: true, load),
            Route("POST", "images/{name*}/push", endsWithClient: true) { request, response in
                let (name, tag) = (request["name"], request.query.text("tag"))
                let auth = try request.registryAuth()
                try await lines(to: response) { report in
                    try await engine.pushImage(name, tag: tag, auth: auth, report: report)
                }
            },
            Route("GET", "distribution/{name*}/json", endsWithClient: true) { request, response in
                let auth = try request.registryAuth()
                try await response.send(json: engine.distribution(of: request["name"], auth: auth))
            },
            Route("POST", "auth", endsWithClient: true) { request, response in
                try await response.send(json: engine.checkAuth(try await request.json(RegistryAuth.self)))
            },
            Route("POST", "images/create", endsWithClient: true) { request, response in
                guard let name = request.query.text("fromImage") else {
                    return try await importImage(request, response)
                }
                try await pull(name, request, response)
            },
        ]
    }

    private func load(_ request: Request, _ response: ResponseWriter) async throws {
        let isQuiet = request.query.boolean("quiet")
        try await progress(request, response) { archive in
            try await engine.loadImages(from: archive) { line in
                if isQuiet, line.progressDetail != nil { return }
                // Where the client has gone, the upload ends as well.
                try? await response.write(line: line)
            }
        }
    }

    private func importImage(_ request: Request, _ response: ResponseWriter) async throws {
        let query = request.query
        guard query["fromSrc"] == "-" else {
            throw EngineError(
                .badParameter,
                "`fromSrc` is not `-`: an image is imported from the body of the request only"
            )
        }
        try await progress(request, response) { archive in
            let id = try await engine.importImage(
                from: archive,
                repository: query["repo"] ?? "",
                tag: query["tag"] ?? "",
                message: query["message"] ?? "",
                changes: query.all("changes")
            )
            try await response.write(line: ProgressLine.imported(id: id))
        }
    }

    /// Answers an upload with lines, the last of which tells of a failure.
    private func progress(
        _ request: Request,
        _ response: ResponseWriter,
        _ operation: @escaping @Sendable (consuming Descriptor) async throws -> Void
    ) async throws {
        try await request.source.allowBody()
        try await response.begin(type: "application/json")
        do {
            try await request.upload(operation)
        } catch let error where !(error is CancellationError) {
            try await response.write(line: ProgressLine.failure("\(error)"))
        }
    }
}
