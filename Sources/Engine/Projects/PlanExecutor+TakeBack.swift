// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Reconciler

extension PlanExecutor {
    /// Takes back what a run that has failed made in vain.
    ///
    /// Containers that were never started go, unless nobody wanted them to be; where one was to come in the place of another that
    /// was stopped for it, that one runs again. Networks that are empty then go as well. What was started stays, to be looked at.
    ///
    /// - Parameter everything: Whether what was started goes, too.
    func takeBack(everything: Bool) async {
        let (made, started, removed) = (memory.made, Set(memory.started), memory.removed)
        // What the plan itself makes good on a failure it has made good by now.
        let provided = plan.createdForRollback
        for action in plan.actions.reversed() {
            guard case .createContainer(let creation) = action.operation, let id = made[action.id],
                !provided.contains(action.id)
            else { continue }
            guard isStarted(by: plan, action.id), everything || !started.contains(id), !removed.contains(id) else {
                continue
            }
            // Its predecessor is gone: it is all that there is.
            if let old = creation.replaces, removed.contains(old) {
                try? await engine.renameContainer(id, to: creation.name)
                continue
            }
            await remove(id, creation)
            guard let old = creation.replaces, memory.stopped.contains(old) else { continue }
            try? await engine.startContainer(old)
            await tell(.container, creation.name, "Started", .done)
        }
        for name in memory.networks {
            let isUsed = await engine.isUsed(network: name)
            guard !isUsed, (try? await engine.removeNetwork(name)) != nil else { continue }
            await tell(.network, name, "Removed", .done)
        }
    }

    private func remove(_ id: String, _ creation: Creation) async {
        do {
            try await engine.removeContainer(id, force: true, volumes: !creation.inheritsVolumes)
            await tell(.container, creation.name, "Removed", .done)
        } catch {
            var failure = ProjectFailure(
                "cannot take the container \(creation.name) back: \(EngineError(anyStart: error).message)"
            )
            failure.help = "remove it with `wharf container rm -f \(creation.temporaryName ?? creation.name)`"
            await report(.failure(failure))
        }
    }

    /// Whether the plan goes on to start what an action makes.
    private func isStarted(by plan: Plan, _ creation: Int) -> Bool {
        plan.actions.contains { action in
            if case .startContainer(let container) = action.operation { container.creation == creation } else { false }
        }
    }
}

extension Plan {
    /// The actions whose containers other actions remove where something fails.
    fileprivate var createdForRollback: Set<Int> {
        Set(actions.filter { !$0.onFailureOf.isEmpty }.compactMap { $0.operation.container?.creation })
    }
}
