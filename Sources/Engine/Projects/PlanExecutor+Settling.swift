// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import Linux
import Reconciler
import Runtime
import Store

extension PlanExecutor {
    /// How long a container that has just been started is watched at most before it counts as one that runs.
    private static let longestWatch = Duration.milliseconds(100)

    /// How long all threads of a container must have slept at a stretch to count as done with what they do at their start.
    private static let rest = Duration.milliseconds(10)

    /// Finds the containers that have ended right after their start, and should not have.
    ///
    /// What cannot read its configuration, find a file or take its port says so with the first things that it does. So
    /// nothing needs watching any more once it waits for something to happen.
    ///
    /// - Parameter isAwaited: Whether the user waits for all to run: then one that ends well counts as well, unless another one
    ///   waits for just that.
    /// - Returns: Whether none has.
    func settle(isAwaited: Bool) async -> Bool {
        await waitForRest(of: memory.started)
        var isSettled = true
        let mayFail = Set(
            project.services.values.flatMap(\.dependsOn)
                .filter { !$0.value.required && $0.value.condition == .completedSuccessfully }.map(\.key)
        )
        for id in memory.started {
            guard let snapshot = try? await engine.containers.find(id).snapshot,
                !mayFail.contains(snapshot.label(ProjectLabel.service))
            else { continue }
            let status = snapshot.state.exitStatus ?? 0
            let isMissed = status != 0 || isAwaited && !project.isOneShot(snapshot.label(ProjectLabel.service))
            guard snapshot.state.phase == .exited && isMissed || snapshot.state.phase == .restarting else { continue }
            isSettled = false
            let error = Unfulfilled(
                description: "container \(snapshot.name) exited (\(status)) right after its start",
                container: id
            )
            await tell(.container, snapshot.name.description, "Exited (\(status))", .failed)
            await report(.failure(await failure(of: nil, error)))
        }
        return isSettled
    }

    /// Waits until no container of those that run has anything to do, or the time of watching is over.
    private func waitForRest(of containers: [String]) async {
        let end = ContinuousClock.now + Self.longestWatch
        var busy: [(container: String, last: ProcessActivity?)] = containers.map { ($0, nil) }
        while true {
            var left: [(container: String, last: ProcessActivity?)] = []
            for (container, last) in busy {
                guard let run = try? await engine.containers.find(container).run else { continue }
                // Without a group it has ended, and is looked at below.
                guard let activity = try? ProcessActivity(of: run.resources.group) else { continue }
                if activity.isAsleep, activity == last { continue }
                left.append((container, activity))
            }
            busy = left
            guard !busy.isEmpty, ContinuousClock.now + Self.rest <= end else { return }
            // Whoever asked may have gone, and nothing needs watching then.
            do { try await Task.sleep(for: Self.rest) } catch { return }
        }
    }
}
