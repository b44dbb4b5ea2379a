// SPDX-License-Identifier: Apache-2.0

package import Compose
package import EngineAPI
package import Reconciler

// Whole projects: wharf's own routes.
extension EngineClient {
    /// The projects that were brought up.
    package func projects() throws -> [ProjectSummary] { try get([ProjectSummary].self, "/wharf/v1/projects") }

    /// A project as the engine knows it; one without services where there is nothing of it.
    package func project(_ name: String) throws -> Project { try get(Project.self, "/wharf/v1/projects/\(name)") }

    /// What `up` would do, and why.
    package func plan(_ request: ProjectUpRequest) throws -> Plan {
        try ask(Plan.self, "/wharf/v1/projects/\(request.project.name)/plan", try Self.json(request))
    }

    /// What one of the commands on containers would do, and why.
    package func plan(
        _ command: LifeCommand,
        ofProject name: String,
        _ request: ProjectLifeRequest
    ) throws -> Plan {
        try ask(Plan.self, "/wharf/v1/projects/\(name)/\(command.rawValue)/plan", try Self.json(request))
    }

    /// Brings a project up.
    ///
    /// - Returns: The answer; its lines are read with ``Response/nextValue(_:)`` as ``EngineAPI/ProjectEvent``.
    package func bringUp(_ request: ProjectUpRequest) throws -> Response {
        try send(Request(.post, "/wharf/v1/projects/\(request.project.name)/up", body: try Self.json(request)))
    }

    /// Does something to the containers of a project.
    package func conduct(
        _ command: LifeCommand,
        ofProject name: String,
        _ request: ProjectLifeRequest
    ) throws -> Response {
        try send(Request(.post, "/wharf/v1/projects/\(name)/\(command.rawValue)", body: try Self.json(request)))
    }

    /// Makes a container of a service for one command.
    package func prepareRun(_ request: ProjectRunRequest) throws -> Response {
        try send(Request(.post, "/wharf/v1/projects/\(request.project.name)/run", body: try Self.json(request)))
    }
}
