// SPDX-License-Identifier: Apache-2.0

import Compose
import Composition
package import EngineAPI
import Reconciler

extension Engine {
    /// Makes a container of a service for one command, once what the service depends on is as it has to be.
    ///
    /// The container is not started: who asked attaches to it first.
    ///
    /// - Parameters:
    ///   - request: The service as it is to be, and what is asked for besides.
    ///   - report: Told of everything as it happens: `oneOff` with the container, and `finished` at the end.
    /// - Throws: What kept anything from being done.
    package func prepareRun(_ request: ProjectRunRequest, _ report: @escaping ProjectReport) async throws {
        let project = request.project
        guard let service = project.services[request.service] else {
            throw EngineError(.notFound, "no such service: \(request.service)")
        }
        try await projects.gate(of: project.name).run {
            var up = ProjectUpRequest(project)
            up.options.separator = request.separator
            up.options.services = request.includesDependencies ? service.dependsOn.keys.sorted() : []
            (up.options.removesOrphans, up.options.ignoresOrphans) = (request.removesOrphans, request.ignoresOrphans)
            up.environmentFiles = request.environmentFiles
            guard let executor = try await bringUpDependencies(up, report) else {
                return await report(.finished(.refused))
            }
            guard await executor.run() else {
                await Task { await executor.takeBack(everything: false) }.value
                return await report(.finished(.failed))
            }
            do {
                if request.includesDependencies { try await executor.fulfilDependencies(of: service) }
                try await executor.makeResources(of: service)
                let (id, name) = try await executor.makeOneOff(request)
                await report(.oneOff(id: id, name: name))
                await report(.finished(.done))
            } catch {
                await report(.failure(await executor.failure(of: nil, error)))
                await report(.finished(.failed))
            }
        }
    }

    /// What brings the dependencies up; nil where that cannot be.
    private func bringUpDependencies(
        _ up: ProjectUpRequest,
        _ report: @escaping ProjectReport
    ) async throws -> PlanExecutor? {
        let observer = WorldObserver(engine: self, project: up.project, separator: up.options.separator)
        let world = try await observer.world()
        // No services means all to a planner, and here none.
        let plan =
            up.options.services.isEmpty
            ? Plan(project: up.project.name) : UpPlanner.plan(observer.desired(in: world), world, up.options)
        await report(.plan(plan))
        guard plan.problems.isEmpty else { return nil }
        return executor(
            plan,
            up.project,
            world,
            separator: up.options.separator,
            environmentFiles: up.environmentFiles,
            parallelism: up.parallelism,
            report
        )
    }
}

extension PlanExecutor {
    /// Waits until everything that a service depends on is as the service wants it.
    fileprivate func fulfilDependencies(of service: Service) async throws {
        let containers = await engine.containers(of: project.name).compactMap(\.observed)
        for (name, edge) in service.dependsOn.sorted(by: { $0.key < $1.key }) where edge.condition != .started {
            let own = containers.filter { $0.service == name && !$0.isOneOff }
            guard !own.isEmpty else { continue }
            var expectation = Expectation(
                service: name,
                condition: edge.condition == .healthy ? .healthy : .completed,
                containers: own.map { ContainerReference($0) }
            )
            expectation.isOptional = !edge.required
            try await fulfil(expectation)
        }
    }

    /// Makes the networks and volumes of a service that are not there.
    fileprivate func makeResources(of service: Service) async throws {
        let known = Set(engine.networks.all.map(\.name))
        for key in service.networks.keys.sorted() where service.networkMode == nil {
            let name = project.networkName(key)
            guard !known.contains(name), project.networks[key]?.external != true else { continue }
            _ = try await engine.createNetwork(composer.networkRequest(key))
            await tell(.network, name, "Created", .done)
        }
        let volumes = Set(engine.volumes.all.map(\.name))
        for key in service.namedVolumes {
            let name = project.volumeName(key)
            guard !volumes.contains(name), project.volumes[key]?.external != true else { continue }
            _ = try await engine.createVolume(composer.volumeRequest(key))
            await tell(.volume, name, "Created", .done)
        }
    }

    /// Makes the container.
    fileprivate func makeOneOff(_ request: ProjectRunRequest) async throws -> (id: String, name: String) {
        let composed = try await compose(request.service, 1)
        await warn(composed.warnings)
        var generator = SystemRandomNumberGenerator()
        let slug = ObjectID(using: &generator).description
        let parts = [project.name, request.service, "run", String(slug.prefix(12))]
        let name = request.name ?? parts.joined(separator: separator)
        var wanted = composed.request
        var labels = wanted.config.labels ?? [:]
        labels[ProjectLabel.number] = nil
        labels[ProjectLabel.oneOff] = "True"
        labels[ProjectLabel.slug] = slug
        wanted.config.labels = labels
        wanted.hostConfig.restartPolicy = RestartPolicy()
        wanted.hostConfig.autoRemove = request.removesItself
        (wanted.config.attachStdin, wanted.config.stdinOnce) = (wanted.config.openStdin, wanted.config.openStdin)
        let usesAliases = request.usesAliases
        let replica = project.containerName(of: request.service, number: 1, separator: separator)
        let endpoints = composed.request.networkingConfig.endpointsConfig
        wanted.networkingConfig.endpointsConfig = endpoints?.mapValues { endpoint in
            var endpoint = endpoint
            // The name is its own and not that of a container that stays.
            endpoint.aliases = [name] + (usesAliases ? (endpoint.aliases ?? []).filter { $0 != replica } : [])
            return endpoint
        }
        let response = try await engine.createContainer(
            wanted,
            named: name,
            platform: composed.platform,
            membership: membership(of: request.service, nil)
        )
        await warn(response.warnings.map { "service `\(request.service)`: \($0)" })
        return (response.id, name)
    }
}
