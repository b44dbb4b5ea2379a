// SPDX-License-Identifier: Apache-2.0

import Compose
import Engine
import EngineAPI
import Reconciler

extension EngineRoutes {
    /// wharf's own routes on whole projects, whose answers are streams of ``EngineAPI/ProjectEvent``, a line each.
    ///
    /// Work goes on only as long as the client listens: who wants it to go on asks again, and it takes up where it was.
    var projects: [Route] {
        [
            Route("GET", "wharf/v1/projects") { _, response in try await response.send(json: engine.listProjects()) },
            Route("GET", "wharf/v1/projects/{name}") { request, response in
                try await response.send(json: engine.knownProject(request["name"]))
            },
            Route("POST", "wharf/v1/projects/{name}/plan") { request, response in
                try await response.send(json: engine.planProject(upRequest(request)))
            },
            Route("POST", "wharf/v1/projects/{name}/up", endsWithClient: true) { request, response in
                let wanted = try await upRequest(request)
                try await stream(to: response) { try await engine.bringUp(wanted, $0) }
            },
            Route("POST", "wharf/v1/projects/{name}/run", endsWithClient: true) { request, response in
                let wanted = try await request.json(ProjectRunRequest.self)
                try check(wanted.project.name, request)
                try await stream(to: response) { try await engine.prepareRun(wanted, $0) }
            },
        ] + LifeCommand.allCases.flatMap { [life($0), lifePlan($0)] }
    }

    private func life(_ command: LifeCommand) -> Route {
        Route("POST", "wharf/v1/projects/{name}/\(command.rawValue)", endsWithClient: true) { request, response in
            let wanted = try await lifeRequest(request)
            let name = request["name"]
            try await stream(to: response) { try await engine.conduct(command, ofProject: name, wanted, $0) }
        }
    }

    private func lifePlan(_ command: LifeCommand) -> Route {
        Route("POST", "wharf/v1/projects/{name}/\(command.rawValue)/plan") { request, response in
            let wanted = try await lifeRequest(request)
            let plan = try await engine.plan(command, ofProject: request["name"], wanted)
            try await response.send(json: plan)
        }
    }

    private func lifeRequest(_ request: Request) async throws -> ProjectLifeRequest {
        let wanted = try await request.json(ProjectLifeRequest.self)
        if let project = wanted.project { try check(project.name, request) }
        return wanted
    }

    private func upRequest(_ request: Request) async throws -> ProjectUpRequest {
        let wanted = try await request.json(knownTo: upRequests)
        try check(wanted.project.name, request)
        return wanted
    }

    private func check(_ name: String, _ request: Request) throws(EngineError) {
        guard name == request["name"] else {
            throw EngineError(
                .badParameter,
                "the request is for the project `\(request["name"])`, and its body is about `\(name)`"
            )
        }
    }

    /// Sends what happens while it happens.
    private func stream(
        to response: ResponseWriter,
        _ work: (@escaping Engine.ProjectReport) async throws -> Void
    ) async throws {
        try await response.begin(type: "application/x-ndjson")
        // Reports come from many tasks, and lines go out one by one.
        let (events, sender) = AsyncStream.makeStream(of: ProjectEvent.self)
        async let writing: Void = {
            for await event in events { try await response.write(line: event) }
        }()
        do {
            try await work { sender.yield($0) }
        } catch {
            // The answer has begun: the error is a line of it.
            let message = (error as? EngineError)?.message ?? "\(error)"
            sender.yield(.failure(ProjectFailure(message)))
            sender.yield(.finished(.failed))
        }
        sender.finish()
        try await writing
    }
}
