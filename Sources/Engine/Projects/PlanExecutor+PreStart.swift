// SPDX-License-Identifier: Apache-2.0

import Compose
import Composition
import EngineAPI
import Reconciler

extension PlanExecutor {
    /// Runs the `pre_start` hooks of a service, one after the other, each in a container of its own beside the first one of the
    /// service: with its mounts and networks, but without its names, addresses and ports.
    ///
    /// A container whose hook fails stays, to be looked at; the others go.
    ///
    /// - Parameter container: The first container of the service, which is there and does not run.
    /// - Throws: ``HookFailure`` for the hook that failed, or why one does not run.
    func prepare(_ container: ContainerReference) async throws {
        let first = try identifier(of: container)
        for (index, start) in (project.services[container.service]?.preStart ?? []).enumerated() {
            let hook = start.hook
            let id = try await makeHookContainer(start, index, of: container, beside: first)
            let wait = try await engine.waitForContainer(id, .nextExit)
            try await engine.startContainer(id)
            let status = try await wait().statusCode
            guard status == 0 else {
                var failure = HookFailure("pre_start", of: container.service, hook, status: status)
                failure.container = id
                failure.help = "its container stays to be looked at, until the next `wharf up` or `wharf down`"
                throw failure
            }
            for line in await lastLines(of: id, limit: nil) {
                await report(.hook(container: container.name, line: line))
            }
            try await engine.removeContainer(id, force: true, volumes: false)
        }
    }

    private func makeHookContainer(
        _ start: StartHook,
        _ index: Int,
        of container: ContainerReference,
        beside first: String
    ) async throws -> String {
        let composed = try await compose(container.service, container.number ?? 1)
        let hook = start.hook
        var request = composed.request
        request.config.cmd = hook.command.map { CommandWords($0) }
        if let image = start.image {
            request.config.image = image
            // What the service says of its own program says nothing of another's.
            (request.config.entrypoint, request.config.workingDir) = (nil, "")
        }
        if let user = hook.user { request.config.user = user }
        if let folder = hook.workingDirectory { request.config.workingDir = folder }
        if hook.privileged { request.hostConfig.privileged = true }
        let variables = hook.environment.sorted { $0.key < $1.key }
            .map { key, value in value.map { "\(key)=\($0)" } ?? key }
        request.config.env = (request.config.env ?? []) + variables
        request.config.healthcheck = nil
        (request.config.tty, request.config.openStdin) = (false, false)
        (request.hostConfig.binds, request.hostConfig.mounts) = (nil, nil)
        request.hostConfig.volumesFrom = [first]
        (request.hostConfig.portBindings, request.config.exposedPorts) = (nil, nil)
        request.hostConfig.restartPolicy = RestartPolicy()
        var labels = request.config.labels ?? [:]
        labels[ProjectLabel.number] = nil
        labels[ProjectLabel.oneOff] = "True"
        labels[ProjectLabel.hook] = "pre_start"
        request.config.labels = labels
        request.networkingConfig.endpointsConfig = request.networkingConfig.endpointsConfig?.mapValues { endpoint in
            var other = NetworkEndpoint()
            (other.driverOpts, other.gatewayPriority) = (endpoint.driverOpts, endpoint.gatewayPriority)
            return other
        }
        request.config.macAddress = ""
        let name = "\(container.name)\(separator)pre-start\(separator)\(index + 1)"
        // One that failed before makes room.
        try? await engine.removeContainer(name, force: true, volumes: false)
        let response = try await engine.createContainer(
            request,
            named: name,
            platform: composed.platform,
            membership: membership(of: container.service, nil)
        )
        return response.id
    }
}
