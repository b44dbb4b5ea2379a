// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import Reconciler
import Store

// What the engine does for projects when nobody asks.
extension Engine {
    // MARK: Order at the start of the machine

    /// Waits until what a container depends on runs again, as far as it is about to.
    ///
    /// After a start of the machine all containers would otherwise begin at once. One whose dependency does not come to be as it
    /// should is started all the same: it did run with that project before.
    ///
    /// - Parameter membership: The project and the service of the container.
    func waitForDependencies(of membership: ProjectMembership) async {
        for (name, edge) in membership.definition.dependsOn.sorted(by: { $0.key < $1.key }) {
            for dependency in await replicas(of: name, in: membership.project) {
                if Task.isCancelled { return }
                switch edge.condition {
                case .started: try? await waitWhileRestarting(dependency)
                case .healthy: _ = try? await waitForHealth(of: dependency.id.description)
                // What was to be completed was, before this one ran for the first time.
                case .completedSuccessfully: break
                }
            }
        }
    }

    private func replicas(of service: String, in project: String) async -> [ContainerSnapshot] {
        await containers(of: project).filter { snapshot in
            snapshot.label(ProjectLabel.service) == service && snapshot.label(ProjectLabel.oneOff) != "True"
        }
    }

    private func waitWhileRestarting(_ snapshot: ContainerSnapshot) async throws {
        let filters = Filters(["container": [snapshot.id.description], "event": ["start", "die", "stop", "destroy"]])
        let events = try hub.events(since: nil, until: nil, EventFilter(filters))
        guard let unit = containers.unit(snapshot.id), await unit.state.phase == .restarting else { return }
        for try await _ in events where await unit.state.phase != .restarting { return }
    }

    // MARK: Dependants

    /// Restarts what depends on a container with `restart: true`, after that was started again without its project's doing.
    ///
    /// - Parameter snapshot: The container that was started again.
    func restartDependants(of snapshot: ContainerSnapshot) {
        guard let membership = snapshot.definition.membership, membership.number != nil else { return }
        background.add { [weak self] in
            do {
                try await self?.restartDependants(of: membership, snapshot)
            } catch {
                self?.report("cannot restart what depends on the container \(snapshot.name)", error)
            }
        }
    }

    private func restartDependants(of membership: ProjectMembership, _ snapshot: ContainerSnapshot) async throws {
        guard let project = try projectRecord(membership.project) else { return }
        let edges = project.services.mapValues { $0.dependsOn[membership.service] }
            .compactMapValues { $0 }.filter { $0.value.restart }
        guard !edges.isEmpty else { return }
        if edges.values.contains(where: { $0.condition == .healthy }) {
            _ = try await waitForHealth(of: snapshot.id.description)
        }
        try await projects.gate(of: project.name).run {
            let world = try await WorldObserver(engine: self, project: project, separator: "-").world()
            var options = LifeOptions()
            options.services = edges.keys.sorted()
            var plan = LifePlanner.plan(.restart, project, world, options)
            // Who does not run has no reason to.
            let running = Set(world.containers.filter(\.isActive).map(\.id))
            plan.actions = plan.actions.map { action in
                guard case .restartContainer(let container, _) = action.operation, let id = container.id,
                    !running.contains(id)
                else { return action }
                var action = action
                action.operation = .pause(milliseconds: 0)
                return action
            }
            let executor = executor(plan, project, world, parallelism: nil) { [weak self] event in
                if case .failure(let failure) = event { self?.note(failure.message) }
            }
            _ = await executor.run()
        }
    }
}
