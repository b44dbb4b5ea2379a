// SPDX-License-Identifier: Apache-2.0

import Engine
import EngineAPI
import JSONTree
import Linux
import Synchronization

extension EngineRoutes {
    /// Builds: wharf's own route, whose answer is a stream of ``EngineAPI/BuildEvent``, and that of Docker.
    ///
    /// A build goes on only as long as the client listens; what is done already is in the cache.
    var builds: [Route] {
        [
            Route("POST", "wharf/v1/build", endsWithClient: true, build),
            Route("GET", "wharf/v1/images/{name*}/files", endsWithClient: true) { request, response in
                try await send(engine.exportImage(request["name"]), type: "application/x-tar", to: response)
            },
            Route("POST", "build", endsWithClient: true, classicBuild),
            Route("POST", "build/prune") { request, response in
                let filters = try request.query.filters(Engine.buildPruneFilters)
                let includesAll = request.query.boolean("all")
                try await response.send(json: engine.pruneBuilds(includesAll: includesAll, filters))
            },
        ]
    }

    /// Builds from a folder of this host, or from the archive that is the body: then the query has the request.
    private func build(_ request: Request, _ response: ResponseWriter) async throws {
        let type = (request.head.fields["content-type"] ?? "").prefix { $0 != ";" }
        if type == "application/json" || type.isEmpty {
            let wanted = try await request.json(ImageBuildRequest.self)
            return try await stream(to: response) { report in try await engine.build(wanted, report) }
        }
        guard let text = request.query.text("request") else {
            throw EngineError(.badParameter, "`request` is missing: what is to be built from the archive, as JSON")
        }
        let wanted: ImageBuildRequest
        do {
            wanted = try JSON.decode(ImageBuildRequest.self, from: Array(text.utf8))
        } catch {
            throw EngineError(.badParameter, "`request` cannot be read: \(error)")
        }
        try await request.source.allowBody()
        try await stream(to: response) { report in
            try await request.upload { archive in try await engine.build(wanted, context: archive, report) }
        }
    }

    /// Sends what happens while it happens.
    private func stream(
        to response: ResponseWriter,
        _ work: (@escaping Engine.BuildReport) async throws -> String?
    ) async throws {
        try await response.begin(type: "application/x-ndjson")
        // Where the client has gone, the build is cancelled.
        let report: Engine.BuildReport = { event in try? await response.write(line: event) }
        do {
            _ = try await work(report)
        } catch let error where !(error is CancellationError) {
            await report(.failure(BuildEvent.Failure(message: (error as? EngineError)?.message ?? "\(error)")))
        }
    }

    // MARK: Docker's own

    /// Builds from the archive in the body, and answers as Docker does.
    private func classicBuild(_ request: Request, _ response: ResponseWriter) async throws {
        let isQuiet = request.query.boolean("q")
        let wanted = try ImageBuildRequest(classic: request.query, try request.registryAuths())
        try await request.source.allowBody()
        try await response.begin(type: "application/json")
        let words = ClassicBuildLines(isQuiet: isQuiet, dockerfile: wanted.dockerfile ?? "Dockerfile")
        let report: Engine.BuildReport = { event in
            for line in words.lines(of: event) { try? await response.write(line: line) }
        }
        do {
            if wanted.context == nil {
                _ = try await request.upload { archive in try await engine.build(wanted, context: archive, report) }
            } else {
                try await engine.build(wanted, report)
            }
        } catch let error where !(error is CancellationError) {
            await report(.failure(BuildEvent.Failure(message: (error as? EngineError)?.message ?? "\(error)")))
        }
    }
}

/// Puts what happens in a build into the words of Docker.
private final class ClassicBuildLines: Sendable {
    private let isQuiet: Bool
    private let dockerfile: String
    private let begun = Mutex<Set<Int>>([])

    init(isQuiet: Bool, dockerfile: String) {
        self.isQuiet = isQuiet
        self.dockerfile = dockerfile
    }

    func lines(of event: BuildEvent) -> [ProgressLine] {
        if let failure = event.failure {
            var line = ProgressLine.failure(message(of: failure))
            line.errorDetail?.code = failure.exitStatus.map(Int.init)
            return [line]
        }
        if let image = event.image { return lines(of: image) }
        if isQuiet { return [] }
        if let output = event.output { return [.text(output.text)] }
        if let warning = event.warning { return [.text("[Warning] \(warning)\n")] }
        guard let step = event.step else { return [] }
        switch step.state {
        case .started:
            let isNew = begun.withLock { $0.insert(step.number).inserted }
            return isNew ? [.text("Step \(step.number) : \(step.name)\n")] : []
        case .cached: return [.text(" ---> Using cache\n")]
        case .done, .failed, .cancelled: return []
        }
    }

    /// Clients know programs that fail by Docker's sentence; all else has its place.
    private func message(of failure: BuildEvent.Failure) -> String {
        if let command = failure.command, let status = failure.exitStatus {
            return "The command '\(command)' returned a non-zero code: \(status)"
        }
        return failure.line.map { "\(dockerfile):\($0): \(failure.message)" } ?? failure.message
    }

    private func lines(of image: BuildEvent.Image) -> [ProgressLine] {
        if isQuiet { return [.text(image.id + "\n")] }
        let short = String(image.id.drop { $0 != ":" }.dropFirst().prefix(12))
        return [.built(id: image.id), .text("Successfully built \(short)\n")]
            + image.names.map { .text("Successfully tagged \($0)\n") }
    }
}

extension ImageBuildRequest {
    /// Reads the query of `POST /build`.
    init(classic query: Query, _ registries: [String: RegistryAuth]) throws(EngineError) {
        self.init()
        self.registries = registries
        if query["version"] == "2" {
            throw EngineError(
                .notImplemented,
                "sessions of BuildKit are not there: build with `DOCKER_BUILDKIT=0`, or with `wharf build`"
            )
        }
        context = query.text("remote")
        if query.boolean("squash") { throw EngineError(.notImplemented, "`squash`: layers are not put together") }
        dockerfile = query.text("dockerfile")
        tags = query.all("t").filter { !$0.isEmpty }
        target = query.text("target")
        ignoresCache = query.boolean("nocache")
        pulls = query.boolean("pull")
        network = query.text("networkmode")
        platform = query.text("platform")
        sharedMemory = try query.integer("shmsize").flatMap { $0 > 0 ? Int64($0) : nil }
        parentGroup = query.text("cgroupparent")
        // A variable without a value is one that the client does not have.
        arguments = try Self.decode([String: String?].self, query, "buildargs")?.compactMapValues(\.self) ?? [:]
        labels = try Self.decode([String: String].self, query, "labels") ?? [:]
        limits = try Self.decode([Ulimit].self, query, "ulimits") ?? []
        extraHosts = query.all("extrahosts").flatMap { text in
            (try? JSON.decode([String].self, from: Array(text.utf8)))
                ?? text.split(separator: ",").map(String.init)
        }
    }

    private static func decode<Value: Decodable>(
        _ type: Value.Type,
        _ query: Query,
        _ name: String
    ) throws(EngineError) -> Value? {
        guard let text = query.text(name), text != "null" else { return nil }
        do {
            return try JSON.decode(type, from: Array(text.utf8))
        } catch {
            throw EngineError(.badParameter, "`\(name)` cannot be read: \(error)")
        }
    }
}
