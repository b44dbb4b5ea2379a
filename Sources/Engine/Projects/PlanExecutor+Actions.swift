// SPDX-License-Identifier: Apache-2.0

import Compose
import Composition
import EngineAPI
import Linux
import Reconciler

extension PlanExecutor {
    /// Does one action; one that finds its work done does nothing.
    func carryOut(_ action: Action) async throws {
        if case .awaitService(let expectation) = action.operation { return try await fulfil(expectation) }
        await tell(action, .begun)
        var text: String?
        switch action.operation {
        case .createNetwork(let key, let name): try await createNetwork(key, name)
        case .removeNetwork(let id, _):
            text = try await unlessUsed(.conflict, .forbidden) { try await engine.removeNetworkFromSight(id) }
        case .createVolume(let key, _): _ = try await engine.createVolume(composer.volumeRequest(key))
        case .removeVolume(let name):
            text = try await unlessUsed(.conflict) { try await engine.removeVolume(name, force: false) }
        case .removeImage(let reference):
            text = try await unlessUsed(.conflict) {
                _ = try await engine.removeImage(reference, force: false, prunes: true)
            }
        case .createContainer(let creation): try await create(creation, action)
        case .adjustContainer(let container): try await adjust(container)
        case .connect(let container, let network): try await connect(container, network)
        case .disconnect(let container, let network): try await disconnect(container, network)
        case .prepareService(let container): try await prepare(container)
        case .startContainer(let container): try await start(container)
        case .stopContainer(let container, let timeout): try await stop(container, timeout)
        case .restartContainer(let container, let timeout):
            try await stop(container, timeout)
            try await start(container)
            try await engine.containers.find(identifier(of: container)).publish("restart")
        case .killContainer(let container, let signal):
            try await ignoring(.conflict) { try await engine.killContainer(identifier(of: container), signal: signal) }
        case .pauseContainer(let container):
            try await ignoring(.conflict) { try await engine.pauseContainer(identifier(of: container)) }
        case .unpauseContainer(let container):
            try await ignoring(.conflict) { try await engine.unpauseContainer(identifier(of: container)) }
        case .removeContainer(let container, let volumes): try await remove(container, volumes)
        case .renameContainer(let container, let name):
            try await engine.renameContainer(identifier(of: container), to: name)
        case .pause(let milliseconds): try await pause(milliseconds)
        case .awaitService: break
        }
        await tell(action, .done, text: text)
    }

    /// The identifier of a container that is there or was made in this run.
    func identifier(of container: ContainerReference) throws -> String {
        if let id = container.id { return id }
        if let id = container.creation.flatMap(memory.container(madeBy:)) { return id }
        throw EngineError(.notFound, "the container \(container.name) was not made")
    }

    /// Takes a refusal that says that there is nothing to do for success.
    private func ignoring(_ codes: EngineError.Code..., body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as EngineError {
            guard codes.contains(error.code) || error.code == .notModified else { throw error }
        }
    }

    private func pause(_ milliseconds: Int) async throws {
        if try await abort.value(within: .milliseconds(milliseconds)) != nil { throw Aborted() }
    }

    // MARK: Networks, volumes, images

    private func createNetwork(_ key: String, _ name: String) async throws {
        do {
            _ = try await engine.createNetwork(composer.networkRequest(key))
            memory.note(network: name)
        } catch let error as EngineError where error.code == .conflict {
            // Somebody was faster: it is there.
        }
    }

    /// Removes something, or leaves it to those who use it.
    ///
    /// - Parameters:
    ///   - codes: The refusals that say that it is in use.
    ///   - body: Removes it.
    /// - Returns: What is told where it stays; nil where it is gone.
    /// - Throws: Every other refusal.
    private func unlessUsed(
        _ codes: EngineError.Code...,
        body: () async throws -> Void
    ) async throws -> String? {
        do {
            try await body()
            return nil
        } catch let error as EngineError {
            if error.code == .notFound { return nil }
            if codes.contains(error.code) { return "Resource is still in use" }
            throw error
        }
    }

    // MARK: Containers

    /// Makes a container, with what it takes over of the one that it replaces.
    private func create(_ creation: Creation, _ action: Action) async throws {
        let composed = try await compose(creation.service, creation.number, using: creation.uses)
        await warn(composed.warnings)
        var request = composed.request
        var inherited: [String: String] = [:]
        if let old = creation.replaces {
            let name = project.services[creation.service]?.containerName
            request.config.labels?[ProjectLabel.replace] =
                name ?? "\(creation.service)\(separator)\(creation.number)"
            if creation.inheritsVolumes { inherited = await engine.unnamedVolumes(of: old) }
        }
        let response = try await engine.createContainer(
            request,
            named: creation.temporaryName ?? creation.name,
            platform: composed.platform,
            membership: membership(of: creation.service, creation.number),
            inheriting: inherited
        )
        memory.note(response.id, madeBy: action.id)
        await warn(response.warnings.map { "service `\(creation.service)`: \($0)" })
    }

    /// Reports what is to be known besides, once for all containers of a service; each warning names its service.
    func warn(_ warnings: [String]) async {
        for warning in warnings where memory.isNew(warning) { await report(.warning(Problem(warning))) }
    }

    /// What a container is compared with later.
    func membership(of service: String, _ number: Int?) -> ProjectMembership {
        let definition = project.services[service] ?? Service()
        var membership = ProjectMembership(
            project: project.name,
            service: service,
            number: number,
            definition: definition
        )
        var digests: [ContentKey: String] = [:]
        for key in definition.contentKeys { digests[key] = contents[key]?.digest }
        membership.digests = digests
        return membership
    }

    /// The containers of the services that one shares namespaces or mounts with: of each the first one, the new one where there
    /// is one.
    private func containers(usedBy service: String, _ planned: [String: ContainerReference]) async -> [String: String] {
        var found: [String: String] = [:]
        for other in project.services[service]?.sharedServices ?? [] {
            if let id = planned[other].flatMap({ try? identifier(of: $0) }) {
                found[other] = id
            } else {
                found[other] = await container(of: other)
            }
        }
        return found
    }

    private func container(of service: String) async -> String? {
        for action in plan.actions {
            guard case .createContainer(let creation) = action.operation, creation.service == service else { continue }
            if let id = memory.container(madeBy: action.id) { return id }
        }
        let replicas = await engine.containers(of: project.name).compactMap(\.observed)
            .filter { $0.service == service && !$0.isOneOff }
        return replicas.min { ($0.number ?? 0, $0.id) < ($1.number ?? 0, $1.id) }?.id
    }

    /// The request for a container of a service.
    ///
    /// - Parameters:
    ///   - service: The service.
    ///   - number: The number of the container.
    ///   - planned: The containers that it shares namespaces or mounts with, as far as the plan says so, by their services.
    /// - Returns: The request.
    /// - Throws: ``CompositionError`` with all that cannot be done.
    func compose(
        _ service: String,
        _ number: Int,
        using planned: [String: ContainerReference] = [:]
    ) async throws -> ComposedContainer {
        let image = project.imageName(of: service, separator: separator)
        let used = await containers(usedBy: service, planned)
        return try composer.containerRequest(
            of: service,
            number: number,
            imageID: imageIDs[image] ?? "",
            containers: { used[$0] }
        )
    }

    private func adjust(_ container: ContainerReference) async throws {
        let composed = try await compose(container.service, container.number ?? 1)
        let unit = try engine.containers.find(identifier(of: container))
        try await unit.adjust(to: composed.request, membership(of: container.service, container.number))
    }

    private func connect(_ container: ContainerReference, _ key: String) async throws {
        let composed = try await compose(container.service, container.number ?? 1)
        var request = NetworkConnectRequest()
        request.container = try identifier(of: container)
        let name = project.networkName(key)
        request.endpoint = composed.request.networkingConfig.endpointsConfig?[name]
        // It may be there already: a plan that was cut off goes on.
        try await ignoring(.conflict) { try await engine.connectNetwork(name, request) }
    }

    private func disconnect(_ container: ContainerReference, _ network: String) async throws {
        var request = NetworkDisconnectRequest()
        request.container = try identifier(of: container)
        try await ignoring(.conflict, .notFound) { try await engine.disconnectNetwork(network, request) }
    }

    private func start(_ container: ContainerReference) async throws {
        let id = try identifier(of: container)
        let hooks = project.services[container.service]?.postStart ?? []
        let unit = try engine.containers.find(id)
        if !hooks.isEmpty { try await unit.note(lacksHooks: true) }
        try await ignoring { try await engine.startContainer(id) }
        memory.noteStart(of: id)
        try await runner(of: container, id).run(hooks, "post_start")
        if !hooks.isEmpty { try await unit.note(lacksHooks: false) }
    }

    private func stop(_ container: ContainerReference, _ timeout: Int?) async throws {
        let id = try identifier(of: container)
        let hooks = await hooks(of: container, id, \.preStop)
        if !hooks.isEmpty { try await runner(of: container, id).run(hooks, "pre_stop") }
        try await ignoring(.notFound) { try await engine.stopContainer(id, timeout: timeout, signal: nil) }
        memory.noteStop(of: id)
    }

    private func runner(of container: ContainerReference, _ id: String) -> HookRunner {
        HookRunner(engine: engine, container: id, name: container.name, service: container.service, report: report)
    }

    /// The hooks of a container, by what it was made with: the project may have no such service any more.
    private func hooks(
        of container: ContainerReference,
        _ id: String,
        _ key: any KeyPath<Service, [Hook]> & Sendable
    ) async -> [Hook] {
        if let definition = await (try? engine.containers.find(id))?.definition.membership?.definition {
            return definition[keyPath: key]
        }
        return project.services[container.service]?[keyPath: key] ?? []
    }

    private func remove(_ container: ContainerReference, _ volumes: Bool) async throws {
        let id = try identifier(of: container)
        try await ignoring(.notFound) { try await engine.removeContainer(id, force: true, volumes: volumes) }
        memory.noteRemoval(of: id)
    }
}
